"""Words on studies and trials."""

import pytest
from django.contrib.auth.models import User

from tests.trials.builders import NOW, a_study, an_attempt
from trials import tags
from trials.models import Project, Study, Tag

pytestmark = pytest.mark.django_db


def test_a_text_is_read_as_tags_parted_by_commas() -> None:
    assert tags.read(" baseline,long   run,,baseline") == ("baseline", "long run")
    assert tags.read("") == ()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["x" * 65], "has 65 characters; use at most 64"),
        (["a,b"], "holds a comma"),
        ([str(n) for n in range(21)], "21 of them; use at most 20"),
    ],
)
def test_what_is_no_tag_is_refused_by_name(names: list[str], said: str) -> None:
    with pytest.raises(tags.TagRefused, match=said):
        tags.checked(names)


def test_tags_of_a_study_and_of_its_trials_do_not_mix() -> None:
    study = a_study()
    first, second = an_attempt(study).trial, an_attempt(study).trial

    tags.add(study, ["nlp"], trials=None, person="robin", at=NOW)
    tags.add(study, ["baseline", "nlp"], trials=[first, second], person="robin", at=NOW)
    tags.remove(study, ["nlp"], trials=[second], at=NOW)

    assert tags.of_study(study) == ["nlp"]
    assert tags.of_studies([study.pk]) == {study.pk: ["nlp"]}
    assert tags.of_trials([first.pk, second.pk]) == {first.pk: ["baseline", "nlp"], second.pk: ["baseline"]}
    assert tags.in_use(study) == ["baseline", "nlp"]


def test_a_tag_put_there_twice_stands_once_with_its_first_author() -> None:
    study = a_study()
    trial = an_attempt(study).trial

    tags.add(study, ["baseline"], trials=[trial], person="robin", at=NOW)
    tags.add(study, ["baseline"], trials=[trial], person="kim", at=NOW)

    assert Tag.objects.get().author == "robin"


def test_replacing_leaves_exactly_the_tags_named() -> None:
    study = a_study()
    tags.add(study, ["old", "kept"], trials=None, person="robin", at=NOW)

    tags.replace(study, ["kept", "new"], trial=None, person="kim", at=NOW)

    assert tags.of_study(study) == ["kept", "new"]


def test_one_thing_carries_a_bounded_number_of_tags() -> None:
    study = a_study()
    tags.add(study, [str(n) for n in range(20)], trials=None, person="robin", at=NOW)

    with pytest.raises(tags.TagRefused, match="at most 20 on one thing"):
        tags.add(study, ["one more"], trials=None, person="robin", at=NOW)


def test_a_changed_tag_moves_the_version_that_pages_poll() -> None:
    study = a_study()
    before = study.version

    tags.add(study, ["nlp"], trials=None, person="robin", at=NOW)

    study.refresh_from_db()
    assert study.version > before


def test_a_launched_study_carries_the_tags_of_its_plan() -> None:
    from tests import factories

    study = factories.a_study(tags=("digits", "cpu"))

    assert tags.of_study(study) == ["cpu", "digits"]
    assert Study.objects.count() == 1 == Project.objects.count()
    assert User.objects.count() == 0
