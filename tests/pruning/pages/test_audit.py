"""The ledger as a page."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pruning import checking, judging
from pruning.canonical import digest
from pruning.models import PruningEvent
from pruning.pages import audit, checks, exports, moment, rungs
from tests import factories
from tests.factories import Played
from tests.trials.charts.unpacking import split, unpacked
from trials import series
from trials.models import Observation, Project


def events(played: Played) -> Any:
    return PruningEvent.objects.of_study(played.study)


def page(client: Client, played: Played, query: str = "") -> Any:
    return client.get(f"{reverse('pruning:audit', args=[played.study.pk])}?{query}").context


def opened(client: Client, played: Played, event: PruningEvent) -> Any:
    return client.get(reverse("pruning:event", args=[played.study.pk, event.sequence])).context["opened"]


def a_stop(played: Played) -> PruningEvent:
    found: PruningEvent = events(played).filter(verdict="STOP", rule="asha").latest("sequence")
    return found


def test_only_members_read_the_ledger(editor: Client, viewer: Client, outsider: Client, played: Played) -> None:
    study = played.study.pk
    urls = [reverse(f"pruning:{name}", args=[study]) for name in ("audit", "audit_jsonl")]
    urls += [reverse(f"pruning:{name}", args=[study, 2]) for name in ("event", "event_json")]

    for url in urls:
        assert editor.get(url).status_code == 200, url
        assert viewer.get(url).status_code == 200, url
        assert outsider.get(url).status_code == 404, url
        assert editor.post(url).status_code == 405, url
        assert Client().get(url).status_code == 302, url


def test_every_entry_opens_and_is_sound(editor: Client, played: Played) -> None:
    for event in events(played):
        found = opened(editor, played, event)
        assert found.sentence == event.sentence
        sealed = ["Chain intact", "Replays bit for bit"] if event.kind == "verdict" else ["Chain intact"]
        assert [badge.text for badge in found.badges] == sealed, event


def test_entries_are_listed_newest_first_with_their_counts(editor: Client, played: Played) -> None:
    context = page(editor, played)

    sequences = [entry.sequence for entry in context["entries"]]
    assert sequences == sorted(events(played).values_list("sequence", flat=True), reverse=True)
    assert context["total"] == str(events(played).count())
    verdicts = {chip.label: chip.count for chip in context["groups"][0].items}
    assert verdicts["Stopped"] == events(played).filter(verdict="STOP").count()
    assert sum(verdicts.values()) == events(played).count()


def test_pages_follow_each_other_without_gap_or_repeat(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAGE", 7)
    seen: list[int] = []
    context = page(editor, played)
    while True:
        seen += [entry.sequence for entry in context["entries"]]
        if not context["older_url"]:
            break
        context = editor.get(context["older_url"]).context
    back = editor.get(context["newer_url"]).context

    assert seen == sorted(events(played).values_list("sequence", flat=True), reverse=True)
    assert back["entries"][-1].sequence == context["entries"][0].sequence + 1


def test_a_stop_shows_the_numbers_it_was_judged_by(editor: Client, played: Played) -> None:
    event = a_stop(played)
    evidence = event.evidence

    found = opened(editor, played, event)

    facts = {fact.label: fact.value for fact in found.facts}
    assert facts["Rank"] == f"{evidence['rank']} of {evidence['population']}"
    assert facts["Go on"] == str(evidence["quota"])
    assert float(facts["Value"]) == pytest.approx(evidence["value"], abs=1e-3)
    assert float(facts["Cut"]) == pytest.approx(evidence["cut"], abs=1e-3)
    assert found.cut in event.sentence
    wanted = "".join(run.text for run in found.differ[1])
    assert wanted.startswith(f"Or a quota of {evidence['rank']} instead of {evidence['quota']}")


def words_of(found: Any) -> list[str]:
    return ["".join(run.text for run in runs) for runs in found.differ]


def test_a_gates_stop_says_what_would_have_spared_it(editor: Client, played: Played) -> None:
    study = factories.a_study(name="late looks", policy={**factories.POLICY, "looks": [12]}, defaults=None)
    for _ in range(2):  # one of four is a control, which is protected
        factories.tell(factories.an_attempt(study), 1, *enumerate((2.0, 2.01, 2.0, 2.01, 9.0, 9.01, 9.0), start=1))
    by_limit = PruningEvent.objects.of_study(study).filter(rule="divergence", verdict="STOP").earliest("sequence")
    not_finite = events(played).filter(rule="divergence", trial_number=played.diverged.number).latest("sequence")

    url = reverse("pruning:event", args=[study.pk, by_limit.sequence])
    sparable, hard = words_of(editor.get(url).context["opened"]), words_of(opened(editor, played, not_finite))

    assert sparable[0].startswith("val_loss below ")
    assert sparable[1] == "Or a place in the control arm, drawn before it started, or a pin by a person."
    assert hard == ["A finite value here."]


def test_its_neighbours_stand_in_the_order_of_that_moment(editor: Client, played: Played) -> None:
    event = a_stop(played)

    found = opened(editor, played, event)

    ranks = [row.rank for row in found.neighbours]
    own = next(row for row in found.neighbours if row.selected)
    assert ranks == sorted(ranks)
    assert (own.number, own.rank) == (event.trial_number, event.evidence["rank"])
    assert [row.rank for row in found.neighbours if row.cut_below] == [event.evidence["quota"]]


def test_the_moment_knows_nothing_later(editor: Client, played: Played) -> None:
    event = events(played).filter(verdict="STOP", rule="asha").earliest("sequence")

    found = json.loads(editor.get(reverse("pruning:event_json", args=[played.study.pk, event.sequence])).content)

    by_then = Observation.objects.filter(study=played.study, step=event.step, sequence__lte=event.sequence)
    later = Observation.objects.filter(study=played.study, step=event.step, sequence__gt=event.sequence)
    assert later.exists()
    assert {peer["trial"] for peer in found["peers"]} == set(by_then.values_list("trial__number", flat=True))
    assert sum(peer["goes_on"] for peer in found["peers"]) == event.evidence["quota"]
    assert found["rank"] == event.evidence["rank"]
    place = [peer["trial"] for peer in found["peers"]].index(event.trial_number)
    assert place + 1 == event.evidence["rank"]
    steps, values = series.read(played.study.trials.get(number=event.trial_number), "val_loss")
    assert np.array_equal(unpacked(found["own"]["x"]), steps[steps <= event.step].astype("f4"))
    assert np.array_equal(unpacked(found["own"]["y"]), values[steps <= event.step].astype("f4"))
    assert all(x.max() <= event.step for x, _ in split(found["went_on"]).values())
    assert all(cut["step"] <= event.step for cut in found["cuts"])


def test_of_many_peers_an_even_draw_is_shown_with_the_trial_and_the_cut(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = a_stop(played)
    everyone = moment.peers_at(played.study, event)
    monkeypatch.setattr(moment, "MOST_PEERS", 3)
    monkeypatch.setattr(moment, "MOST_CURVES", 3)

    found = json.loads(editor.get(reverse("pruning:event_json", args=[played.study.pk, event.sequence])).content)

    drawn, quota = [peer["trial"] for peer in found["peers"]], event.evidence["quota"]
    wanted = [everyone[place].number for place in (0, quota - 1, quota, len(everyone) - 1)]
    assert {*wanted, event.trial_number} <= set(drawn)
    assert len(drawn) < found["n_peers"] == len(everyone)
    assert found["band"] is None or max(unpacked(found["band"]["x"])) <= event.step


def test_a_moment_is_never_sent_twice(editor: Client, played: Played) -> None:
    url = reverse("pruning:event_json", args=[played.study.pk, a_stop(played).sequence])
    tag = editor.get(url)["ETag"]

    assert editor.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_an_altered_row_is_found_at_its_place(editor: Client, played: Played) -> None:
    event = a_stop(played)
    with connection.cursor() as cursor:
        for trigger in _triggers(cursor, "pruning_event"):
            cursor.execute(f'DROP TRIGGER "{trigger}"')
        cursor.execute("UPDATE pruning_event SET sentence = 'Kept.' WHERE id = %s", [event.pk])
    event.refresh_from_db()

    badge = opened(editor, played, event).badges[0]

    assert (badge.text, badge.tone) == (f"Chain breaks at entry {event.sequence}", "bad")
    before = events(played).get(sequence=event.sequence - 1)
    assert opened(editor, played, before).badges[0].text == "Chain intact"


def _triggers(cursor: Any, table: str) -> list[str]:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite lets a test drop its triggers by their names alone")
    cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
    return [name for (name,) in cursor.fetchall()]


def test_the_export_can_be_checked_by_anyone(editor: Client, played: Played) -> None:
    response = editor.get(f"{reverse('pruning:audit_jsonl', args=[played.study.pk])}?verdict=STOP")
    lines = [json.loads(line) for line in b"".join(response).splitlines()]

    assert [line["verdict"] for line in lines] == ["STOP"] * events(played).filter(verdict="STOP").count()
    assert all(digest(line["body"].encode()) == line["hash"] for line in lines)
    assert [line["evidence"]["value"] for line in lines if line["reason"] == "diverged"] == ["nan"]


def test_new_entries_are_counted_and_not_pushed_in(editor: Client, played: Played) -> None:
    live = page(editor, played)["live"]
    assert editor.get(f"{live.url}&version={live.version}").status_code == 204

    factories.tell(played.running, 9, (7, 0.6), (8, 0.55))

    response = editor.get(f"{live.url}&version={live.version}")
    assert response.status_code == 200
    assert response.context["n_new"] == 1
    assert "1 new entry" in response.content.decode()


def test_before_the_first_verdict_it_says_what_it_waits_for(editor: Client, project: Project) -> None:
    study = factories.a_study(project)

    context = editor.get(reverse("pruning:audit", args=[study.pk])).context

    assert context["waiting_for"] == "The first look is at step 4, once 4 trials have reached it. None has."


def test_an_entry_that_does_not_exist_is_404(editor: Client, played: Played) -> None:
    for sequence in ("99999", "9223372036854775808"):
        for name in ("", "moment.json"):
            assert editor.get(f"/studies/{played.study.pk}/audit/{sequence}/{name}").status_code == 404


@pytest.mark.parametrize(
    "query", ["verdict=nothing", "trial=x", "trial=99999999999", "before=-1", "rule=%00x", "newest=x"]
)
def test_no_query_breaks_the_page(editor: Client, played: Played, query: str) -> None:
    status = editor.get(f"{reverse('pruning:audit', args=[played.study.pk])}?{query}").status_code

    assert status == (400 if "%00" in query else 200)


def test_queries_do_not_grow_with_the_ledger(editor: Client, played: Played) -> None:
    def count() -> int:
        judging.forget()
        rungs.forget()
        with CaptureQueriesContext(connection) as queries:
            page(editor, played)
        return len(queries)

    page(editor, played)  # the process reads a revision once
    factories.train(factories.an_attempt(played.study), 0.9)
    before = count()
    for floor in (0.44, 0.95, 0.97):
        factories.train(factories.an_attempt(played.study), floor)

    assert count() == before
    assert before <= 54


def test_the_trail_leaves_as_csv_and_as_a_report(editor: Client, played: Played) -> None:
    lines = b"".join(editor.get(f"{reverse('pruning:audit_csv', args=[played.study.pk])}?verdict=STOP")).decode()
    report = editor.get(f"{reverse('pruning:report', args=[played.study.pk])}?verdict=STOP")
    whole = editor.get(reverse("pruning:report", args=[played.study.pk]))

    stops = list(events(played).filter(verdict="STOP").order_by("sequence").values_list("sequence", flat=True))
    assert [int(row["sequence"]) for row in csv.DictReader(io.StringIO(lines))] == stops
    assert [row["sequence"] for row in report.context["rows"]] == stops
    assert "Entries with verdict STOP." in report.content.decode()
    assert len(whole.context["rows"]) == events(played).count()
    assert "chain intact" in whole.content.decode()


def test_a_report_says_when_it_is_cut_short(editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "REPORT_ROWS", 2)

    found = editor.get(reverse("pruning:report", args=[played.study.pk]))

    assert len(found.context["rows"]) == 2
    assert "Only the first 2 entries" in found.content.decode()


def test_far_into_a_long_ledger_only_what_was_checked_is_claimed(
    editor: Client, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "MOST_ENTRIES", 5)
    event = events(played).filter(verdict="STOP").latest("sequence")

    before = opened(editor, played, event)
    checking.check_ledgers()
    after = opened(editor, played, event)
    url = next(check.url for check in after.checks if check.url)
    asked = editor.get(url).context["opened"]

    assert [badge.text for badge in before.badges] == ["Entry intact", "Not replayed yet"]
    assert [badge.text for badge in after.badges] == ["Chain intact", "Not replayed yet"]
    assert [badge.text for badge in asked.badges] == ["Chain intact", "Replays bit for bit"]
