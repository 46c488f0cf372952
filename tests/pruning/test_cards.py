"""Every finished study leaves a card."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from pruning import cards
from pruning.cards import NoCard, descriptors_of
from pruning.models import PolicyUse, StudyCard
from tests.factories import a_person
from tests.pruning.ended import FLOORS, a_plain_study, carded, ended
from tests.pruning.studies import NOW, POLICY, a_plan, a_played_study, a_study, an_attempt, tell
from trials import studies as launching
from trials.models import Job, Worker
from trials.running import jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("judging", "few_orders")]


@pytest.fixture
def few_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play two orders, where ten would tell no more about cards."""
    monkeypatch.setattr(cards, "ORDERS", 2)


def test_a_card_tells_the_task_the_curves_and_what_named_policies_made_of_them() -> None:
    study = a_plain_study("plain", tags=("toy",))
    (card,) = carded(study)

    assert card.name == "plain (lab)"
    assert card.descriptors == descriptors_of(study.plan(), [])
    assert card.descriptors.tags == ("toy",)
    assert card.measures is not None
    assert card.measures.n_complete == len(FLOORS)
    assert card.measures.profile[0].agreement == pytest.approx(1.0)
    assert {"safe", "balanced", "payoff", "fast", "asha", "hyperband", "median"} <= {one.name for one in card.played}
    assert all(0 < one.compute.at_least <= 1 for one in card.played)
    assert card.provenance.source == f"study {study.uid}"
    assert len(card.provenance.digest) == 64
    assert card.obstacle == ""


def test_a_card_tells_what_the_study_ran_under_and_plays_it_too() -> None:
    study = ended(a_played_study(FLOORS))
    (card,) = carded(study)
    own = card.named("own")

    assert card.policy["name"] == "custom"
    assert card.policy["version"] == 1
    assert own is not None
    assert own.fingerprint == card.policy["fingerprint"]


def test_making_a_card_twice_leaves_the_first() -> None:
    study = a_plain_study("plain")
    first = cards.make(study, at=NOW)
    later = cards.make(study, at=timezone.now())

    assert later == first
    assert later.created_at == NOW
    assert StudyCard.objects.count() == 1


def test_again_replaces_it() -> None:
    study = a_plain_study("plain")
    first = cards.make(study, at=NOW)
    StudyCard.objects.update(body={"format": 0})
    again = cards.make(study, at=timezone.now(), again=True)

    assert again.pk == first.pk
    assert cards.read(again) is not None


def test_a_study_without_curves_to_play_leaves_a_card_that_says_why() -> None:
    (card,) = carded(a_plain_study("short", floors=[1.0, 2.0]))

    assert card.obstacle.startswith("it has 2 runs, and a study needs 3 runs")
    assert card.measures is None
    assert card.played == ()
    assert card.provenance.digest == ""


def test_a_study_of_nothing_but_nans_leaves_a_card_that_says_so() -> None:
    study = a_study(name="nans", policy={"looks": [], "gates": []})
    for _ in range(4):
        tell(an_attempt(study), 1, float("nan"))
    (card,) = carded(ended(study))

    assert "none of its values of val_loss is a number" in card.obstacle


def test_a_study_that_still_runs_leaves_none() -> None:
    with pytest.raises(NoCard, match="has not ended; wait for it"):
        cards.make(a_study(), at=NOW)


def test_a_card_of_another_format_is_passed_over() -> None:
    carded(a_plain_study("plain"))
    StudyCard.objects.update(body={"format": 99})

    assert [kept for kept in cards.visible_to(None) if kept.study is not None] == []


def test_a_study_that_ends_has_a_job_wait_and_the_job_makes_the_card_once() -> None:
    study = a_plain_study("plain")
    job = Job.objects.get(kind="card")
    worker = Worker.objects.create(name="here-1", host="here", pid=1, queue="work", slots=0, started_at=NOW)

    assert job.study == study
    assert job.state == Job.State.WAITING
    assert jobs.run(job.pk, worker=worker)
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert StudyCard.objects.get().study == study
    assert not jobs.run(job.pk, worker=worker)


def test_cards_are_seen_by_who_sees_the_study_and_the_starter_library_by_all() -> None:
    study = a_plain_study("plain")
    carded(study)
    member, stranger = a_person("ada", study.project), a_person("bob")

    assert [kept.study for kept in cards.visible_to(member) if kept.study] == [study]
    assert [kept.study for kept in cards.visible_to(stranger) if kept.study] == []
    assert {kept.card.name for kept in cards.visible_to(stranger)} >= {"taskset__imdb_patch32_GRU128_bs128"}


def test_a_deleted_study_takes_its_card_along() -> None:
    study = a_plain_study("plain")
    carded(study)
    study.delete()

    assert not StudyCard.objects.exists()


def test_launching_and_amending_note_which_version_was_used() -> None:
    study = a_study()
    launching.amend(study, a_plan(policy="fast"), reason="quicker", user=None, at=NOW)
    launching.amend(study, a_plan(policy=POLICY), reason="back", user=None, at=NOW)

    uses = PolicyUse.objects.filter(study=study).order_by("sequence")
    assert [use.version.policy.name for use in uses] == ["custom", "fast"]


def test_the_command_makes_a_card_and_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    a_plain_study("plain")
    call_command("policy", "card", "plain")
    told = capsys.readouterr().out

    assert "plain (lab)" in told
    assert "agreement with the end" in told
    assert "balanced" in told


def test_the_command_names_what_it_cannot_find() -> None:
    with pytest.raises(CommandError, match="There is no study 'ghost'"):
        call_command("policy", "card", "ghost")
    with pytest.raises(CommandError, match="policy card needs a study"):
        call_command("policy", "card")
