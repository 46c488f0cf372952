"""The library as pages: its policies, one policy, the cards of finished studies, one card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pruning import cards, catalogue
from pruning.cards import Kept
from pruning.catalogue import Known
from pruning.library.gate import percent, share
from pruning.library.record import record
from pruning.library.starter import made, starter
from pruning.models import StudyCard
from pruning.pages import policy_rows as rows
from pruning.pages import policy_words
from pruning.pages.policy_parts import UseRow
from pruning.policy import Policy
from trials.models import Study
from trials.pages import words
from trials.pages.access import visible_study
from trials.pages.frame import state_words, study_kind
from trials.pages.parts import Chip, Crumb, Fact, Paragraph, Run
from trials.pages.selection import address

PAGE = 40
MOST_USES = 50
CRUMB = "Policies"


class CardQuery(NamedTuple):
    """Which cards the address asks for."""

    text: str = ""
    source: str = ""
    """`here`, `starter`, or empty for both."""
    start: int = 0

    @classmethod
    def of(cls, request: HttpRequest) -> CardQuery:
        """Read the address; what makes no sense counts as not asked."""
        source, start = request.GET.get("source", ""), request.GET.get("start", "")
        return cls(
            text=request.GET.get("q", "").strip()[:200],
            source=source if source in {"here", "starter"} else "",
            start=int(start) if start.isdecimal() and len(start) < 6 else 0,
        )

    def says(self, kept: Kept) -> bool:
        """Say whether a card has the text in its name, family, metric, trainable, tags or parameters."""
        card, about = kept.card, kept.card.descriptors
        where = (card.name, card.family, about.metric, about.trainable, *about.tags, *about.parameters)
        return not self.text or any(self.text.lower() in text.lower() for text in where)

    def is_from(self, kept: Kept) -> bool:
        """Say whether a card comes from where was asked."""
        return not self.source or (self.source == "starter") is (kept.study is None)


@require_GET
def policies(request: HttpRequest) -> HttpResponse:
    """List the policies that the library knows, and the cards it rests on."""
    query, kept = CardQuery.of(request), cards.visible_to(request.user)
    scores = record((one.card for one in kept), catalogue.fingerprints())
    total = scores.total()
    said = [one for one in kept if query.says(one)]
    shown = [one for one in said if query.is_from(one)]
    default = Policy.from_mapping(None).fingerprint
    page = shown[query.start : query.start + PAGE]
    context = {
        "crumbs": [Crumb(CRUMB)],
        "narrative": _narrative(kept, total),
        "named": [rows.policy_row(one, total) for one in catalogue.named()],
        "versions": [rows.policy_row(one, None) for one in catalogue.versions(request.user)],
        "over": f"{words.counted(total.studies, 'study', 'studies')}; 95 % intervals over {total.over}"
        if total
        else "",
        "chips": _chips(request, query, said),
        "query": query.text,
        "source": query.source,
        "cards": [rows.card_row(one, default) for one in page],
        "shown": words.whole(len(shown)),
        "total": words.whole(len(kept)),
        "newer_url": _turned(request, query.start - PAGE) if query.start else "",
        "older_url": _turned(request, query.start + PAGE) if len(shown) > query.start + PAGE else "",
    }
    return render(request, "pruning/policies.html", context)


@require_GET
def policy(request: HttpRequest, key: str) -> HttpResponse:
    """Show one policy: what it does, who used it, and how it did where."""
    known = catalogue.find(key, request.user)
    if known is None:
        raise Http404("The library has no such policy, or no study that you may see ran under it.")
    kept = cards.visible_to(request.user)
    name, fingerprint = known.on_cards, known.fingerprint
    scores = record((one.card for one in kept), {name: fingerprint})
    total = scores.total()
    context = {
        "crumbs": [Crumb(CRUMB, reverse("pruning:policies")), Crumb(known.label)],
        "known": known,
        "narrative": _policy_narrative(known, name, total),
        "facts": policy_words.facts(known.policy) if known.policy else [],
        "safeguards": policy_words.safeguards(known.policy.safeguards) if known.policy else [],
        "yaml": _yaml(known),
        "families": rows.families(scores, name),
        "by_study": rows.places(kept, name, fingerprint),
        "over": total.over if total else "",
        "uses": _uses(request, known),
        "n_uses": words.counted(known.n_uses, "study", "studies"),
    }
    return render(request, "pruning/policy.html", context)


@require_GET
def card(request: HttpRequest, study_id: int) -> HttpResponse:
    """Show the card of a study here."""
    study = visible_study(request, study_id)
    row = StudyCard.objects.filter(study=study).first()
    found = cards.read(row) if row is not None else None
    if found is None:
        raise Http404("The study has no card yet: one is made when it has ended.")
    return _card_page(request, Kept(card=found, study=study))


@require_GET
def starter_card(request: HttpRequest, name: str) -> HttpResponse:
    """Show a card of the starter library."""
    found = next((one for one in starter() if one.name == name), None)
    if found is None:
        raise Http404("The starter library has no such card.")
    return _card_page(request, Kept(card=found))


def _card_page(request: HttpRequest, kept: Kept) -> HttpResponse:
    known = {one.name: one for one in catalogue.named()}
    played = [
        (one.name, rows.policy_url(known[one.name]) if one.name in known else "", rows.of_played(one), one.orders)
        for one in kept.card.played
    ]
    context = {
        "crumbs": [Crumb(CRUMB, reverse("pruning:policies")), Crumb(kept.card.name)],
        "card": kept.card,
        "study_url": kept.url,
        "facts": _card_facts(kept),
        "profile": rows.profile(kept.card),
        "played": played,
        "provenance": _provenance(kept),
    }
    return render(request, "pruning/card.html", context)


def _narrative(kept: Sequence[Kept], total: Any) -> list[Paragraph]:
    own = sum(one.study is not None for one in kept)
    first: list[Run] = [
        Run("What finished studies teach the next one: the curves of "),
        Run(words.counted(len(kept) - own, "recorded study", "recorded studies"), strong=True),
        Run(" that ship with this software, and "),
        Run(words.counted(own, "study", "studies") + " of yours", strong=True),
        Run(", replayed under every policy below."),
    ]
    if total is None:
        return [first]
    default = total.policies.index("balanced") if "balanced" in total.policies else None
    if default is None:
        return [first]
    compute, lost = (total.estimate("balanced", figure) for figure in ("compute", "lost"))
    second = [
        Run("On them the default, "),
        Run("balanced", url=reverse("pruning:policy", args=["balanced"])),
        Run(f", trained {share(compute)} of the steps and lost the best trial in {share(lost)} of the runs; "),
        Run("it was developed on several of these studies, so expect a little less of it on others."),
    ]
    return [first, second]


def _policy_narrative(known: Known, name: str, total: Any) -> list[Paragraph]:
    does = [Run(known.description[:1].upper() + known.description[1:] + ".")]
    if total is None:
        return [does, [Run("The library has not played it on any study that you may see, so nothing is known of it.")]]
    compute, regret, lost = (total.estimate(name, figure) for figure in ("compute", "regret", "lost"))
    return [
        does,
        [
            Run("On "),
            Run(words.counted(total.studies, "study", "studies"), strong=True),
            Run(f" it would have trained {share(compute)} of the steps and lost the best trial in "),
            Run(f"{share(lost)} of the runs", strong=True),
            Run(f"{_between(lost)}; the regret was {rows.regret_words(regret)}."),
        ],
    ]


def _between(one: Any) -> str:
    return "" if one.ends is None else f", between {percent(one.ends[0])} and {percent(one.ends[1])} at 95 %"


def _yaml(known: Known) -> str:
    if known.policy is None:
        return yaml.safe_dump(known.version.mapping, sort_keys=False, allow_unicode=True) if known.version else ""
    return yaml.safe_dump({"policy": known.policy.to_mapping()}, sort_keys=False, allow_unicode=True)


def _uses(request: HttpRequest, known: Known) -> list[UseRow]:
    if not known.fingerprint:
        return []
    found = list(catalogue.uses(known.fingerprint, request.user)[:MOST_USES])
    carded = set(StudyCard.objects.filter(study__in=found).values_list("study", flat=True))
    return [_use(study, has_card=study.pk in carded) for study in found]


def _use(study: Study, *, has_card: bool) -> UseRow:
    return UseRow(
        name=study.name,
        url=study.get_absolute_url(),
        kind=study_kind(study),
        state=state_words(study),
        trials=words.whole(study.n_trials),
        saved=rows.saved(study),
        card_url=reverse("pruning:card", args=[study.pk]) if has_card else "",
    )


def _chips(request: HttpRequest, query: CardQuery, said: Sequence[Kept]) -> list[Chip]:
    own = sum(one.study is not None for one in said)
    counts = (("", "All", len(said)), ("here", "Yours", own), ("starter", "Starter library", len(said) - own))
    return [
        Chip(
            label,
            address(request.path, request.GET, source=source or None, start=None) + "#cards",
            count=count,
            active=query.source == source,
        )
        for source, label, count in counts
    ]


def _turned(request: HttpRequest, start: int) -> str:
    return address(request.path, request.GET, start=max(0, start) or None) + "#cards"


def _card_facts(kept: Kept) -> list[Fact]:
    about, measures = kept.card.descriptors, kept.card.measures
    facts = [
        Fact("Objective", about.metric, f"to {about.direction}"),
        Fact("Length", *rows.length_of(kept).split(" ", 1)),
        Fact("Parameters", str(len(about.parameters)), help=", ".join(about.parameters)),
    ]
    if about.trainable or about.tags:
        facts.append(
            Fact(
                "About", about.trainable or about.tags[0], ", ".join(about.tags if about.trainable else about.tags[1:])
            )
        )
    if measures is not None:
        noise = "not known" if measures.noise is None else f"{measures.noise:.3f}"
        facts += [
            Fact("Trials", words.whole(measures.n_trials), f"{words.whole(measures.n_complete)} to their end"),
            Fact("Noise of a value", noise, help="in units of what separates the best trial from the median"),
            Fact("Diverged", percent(measures.diverged), help="ended as no number, or worse than they began"),
        ]
        if measures.crossing is not None:
            facts.append(
                Fact(
                    "Crossings", percent(measures.crossing), help="pairs whose order halfway is not that of their ends"
                )
            )
    return facts


def _provenance(kept: Kept) -> list[Fact]:
    told, used = kept.card.provenance, kept.card.policy
    facts = [Fact("Source", told.source), Fact("Made by", told.made_by or "not known", told.made_at)]
    if told.licence:
        facts.append(Fact("Licence of the curves", told.licence))
    if used:
        facts.append(Fact("Ran under", f"{used['name']} v{used['version']}", str(used["fingerprint"])[:12]))
    facts.append(Fact("Code", told.code or "not known", help="the commit of this software that made the card"))
    if told.digest:
        facts.append(Fact("Curves", told.digest[:12], help="SHA-256 of the curves, shortened"))
    facts.append(Fact("Card", kept.card.digest[:12], help="SHA-256 of this card, shortened"))
    return facts if kept.study else [*facts, Fact("Script", str(made().get("by", "")))]
