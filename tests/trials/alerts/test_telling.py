"""Who is told of what: written with what happened, once, and never more than anybody can read."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from tests.trials.builders import NOW, a_study, an_attempt
from trials import closing, endings
from trials.alerts import delivering, telling
from trials.alerts.delivering import WAITS, anything_due, deliver_due
from trials.alerts.kinds import BUDGET_NEARLY_SPENT, KINDS, STUDY_ENDED, TRIAL_FAILED, WORKER_LOST
from trials.alerts.sending import Sent
from trials.models import Alert, Delivery, Membership, Study
from trials.plan import Budget
from trials.running.sweep import take_from_the_lost

pytestmark = pytest.mark.django_db


def an_alert(study: Study, *, kinds: Iterable[str] = tuple(KINDS), user: User | None = None, **more: object) -> Alert:
    about = {"user": user} if user else {"project": study.project}
    said = {"name": "team", "channel": "webhook", "target": "https://chat.example/", "created_at": NOW, **more}
    return Alert.objects.create(kinds=list(kinds), **about, **said)


def told() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("kind", "message__sentence"))


def tell(study: Study, key: str = "once") -> int:
    with transaction.atomic():
        return telling.tell(STUDY_ENDED, study=study, key=key, sentence="It ended.", at=NOW)


def test_a_study_that_ends_is_told_of_with_its_counts() -> None:
    study = a_study()
    an_alert(study)

    closing.stop_study(study, person="robin", note="enough", at=NOW)

    assert told() == [(STUDY_ENDED, "Stopped by robin: enough 0 complete, 0 stopped, 0 failed.")]
    message = Delivery.objects.get().message
    assert message["text"].startswith("A study ended: lab/a study. Stopped by robin")
    assert message["url"].endswith(f"/studies/{study.pk}/")


def test_a_trial_that_fails_is_told_of() -> None:
    study = a_study()
    an_alert(study)

    endings.fail(an_attempt(study), code="out_of_memory", sentence="Out of memory at step 3.", at=NOW)

    assert told() == [(TRIAL_FAILED, "Trial 0. Out of memory at step 3.")]


def test_a_lost_worker_is_told_of() -> None:
    study = a_study()
    an_alert(study)

    take_from_the_lost(an_attempt(study), at=NOW)

    assert [kind for kind, _ in told()] == [WORKER_LOST]


def test_a_budget_that_is_nearly_spent_is_told_of_once() -> None:
    study = a_study(budget=Budget(trials=5, wall_hours=10.0))
    an_alert(study)
    Study.objects.filter(pk=study.pk).update(started_at=NOW - timedelta(hours=9.5))

    closing.settle(study, at=NOW)
    closing.settle(study, at=NOW + timedelta(minutes=1))

    assert told() == [(BUDGET_NEARLY_SPENT, "9.5 of 10 hours of wall-clock are spent; the study ends when all are.")]


def test_nobody_is_told_of_what_was_rolled_back() -> None:
    study = a_study()
    an_alert(study)

    with transaction.atomic():
        telling.tell(STUDY_ENDED, study=study, key="once", sentence="It ended.", at=NOW)
        transaction.set_rollback(True)

    assert told() == []


def test_what_happened_once_is_told_once() -> None:
    study = a_study()
    an_alert(study)

    tell(study)
    tell(study)

    assert len(told()) == 1


def test_only_what_was_chosen_is_told() -> None:
    study = a_study()
    an_alert(study, kinds=[TRIAL_FAILED])
    an_alert(study, is_enabled=False)

    assert tell(study) == 0


def test_a_person_is_told_of_the_studies_they_may_see() -> None:
    study = a_study()
    member, outsider, gone = (User.objects.create_user(username=name) for name in ("member", "outsider", "gone"))
    for person in (member, gone):
        Membership.objects.create(project=study.project, user=person, role="viewer")
        an_alert(study, user=person)
    an_alert(study, user=outsider)
    User.objects.filter(pk=gone.pk).update(is_active=False)

    assert tell(study) == 1
    assert Delivery.objects.get().alert.user == member


def test_a_target_is_spared_a_flood() -> None:
    study = a_study()
    an_alert(study)

    for n in range(20):
        tell(study, key=str(n))

    assert len(told()) == telling.MOST_AN_HOUR
    assert told()[-1][1].endswith("more are not sent.")


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """What becomes of the next messages."""
    found: list[Sent] = []
    monkeypatch.setattr(delivering, "send", lambda alert, message: found.pop(0))
    return found


def test_a_message_that_arrives_is_not_sent_again(outcomes: list[Sent]) -> None:
    study = a_study()
    an_alert(study)
    tell(study)
    outcomes.append(Sent(True, "Answered 200."))

    assert deliver_due(at=NOW) == 1
    assert deliver_due(at=NOW + timedelta(days=1)) == 0
    assert Delivery.objects.get().state == "SENT"


def test_a_message_that_fails_is_tried_later_and_later_and_given_up_in_the_end(outcomes: list[Sent]) -> None:
    study = a_study()
    an_alert(study)
    tell(study)
    at = NOW
    for wait in WAITS:
        outcomes.append(Sent(False, "Answered 503.", may_retry=True))
        assert deliver_due(at=at) == 1
        assert not anything_due(at=at + wait / 2)
        at += wait
    outcomes.append(Sent(False, "Answered 503.", may_retry=True))

    assert deliver_due(at=at) == 1

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.n_attempts, delivery.answer) == ("FAILED", len(WAITS) + 1, "Answered 503.")
    assert not anything_due(at=at + timedelta(days=9))


def test_a_message_that_can_never_arrive_is_given_up_at_once(outcomes: list[Sent]) -> None:
    study = a_study()
    an_alert(study)
    tell(study)
    outcomes.append(Sent(False, "Answered 404."))

    deliver_due(at=NOW)

    assert Delivery.objects.get().state == "FAILED"


def test_a_message_whose_process_went_away_is_due_again(monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_study()
    an_alert(study)
    tell(study)

    def dies(*_: object) -> Sent:
        raise KeyboardInterrupt

    monkeypatch.setattr(delivering, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        deliver_due(at=NOW)

    assert not anything_due(at=NOW + timedelta(minutes=1))
    assert anything_due(at=NOW + delivering.CLAIM)


def test_two_processes_send_a_message_once() -> None:
    study = a_study()
    an_alert(study)
    tell(study)
    mine, other = Delivery.objects.get(), Delivery.objects.get()

    assert delivering._claim(mine, NOW)
    assert not delivering._claim(other, NOW)
