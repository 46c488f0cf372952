"""How unlike two studies are."""

import pytest

from pruning.library.descriptors import NEAR, Descriptors, differences, distance
from tests.pruning.library.cards import a_task


def test_the_same_task_again_is_at_no_distance() -> None:
    assert distance(a_task(), a_task()) == 0


def test_a_distance_is_the_same_from_either_side() -> None:
    one, other = a_task(), a_task(metric="reward", tags=("ppo",), reports=20, unit="steps")

    assert distance(one, other) == distance(other, one)


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        pytest.param({"metric": "train_loss"}, {}, id="another loss is a loss"),
        pytest.param({"direction": "maximize"}, {}, id="the direction says nothing"),
        pytest.param({"metric": "accuracy"}, {"metric": 0.5}, id="another kind of metric"),
        pytest.param({"unit": "epoch (of the data)"}, {}, id="plurals and brackets are the same unit"),
        pytest.param({"unit": "examples"}, {"unit": 0.25}, id="another unit"),
        pytest.param({"tags": ("text",)}, {"model": 0.5}, id="one of two words shared"),
        pytest.param({"tags": ("vision",)}, {"model": 1.0}, id="no word shared"),
        pytest.param({"reports": 320}, {"length": 0.5}, id="eight times as long counts in full"),
        pytest.param({"reports": 4000}, {"length": 0.5}, id="and longer no more"),
        pytest.param({"parameters": ("depth",)}, {"space": 0.25}, id="no parameter shared"),
        pytest.param({"looks": (0.2, 0.5)}, {"looks": 0.25 / 3}, id="a first look twice as late"),
        pytest.param({"looks": ()}, {}, id="without looks nothing is compared"),
    ],
)
def test_each_difference_counts_for_itself(changes: dict[str, object], counts: dict[str, float]) -> None:
    found = {name: value for name, value in differences(a_task(), a_task(**changes)).items() if value}

    assert found == pytest.approx(counts)


def test_studies_of_one_trainable_are_near_whatever_their_tags() -> None:
    one, other = (a_task(trainable="digits_cnn", tags=tags) for tags in (("a",), ("b",)))

    assert distance(one, other) == pytest.approx(0.2)


def test_studies_that_do_not_say_what_they_train_are_near_only_if_all_else_agrees() -> None:
    one = a_task(tags=())

    assert distance(one, one) == pytest.approx(0.6)
    assert distance(one, one) < NEAR
    assert distance(one, a_task(tags=(), metric="accuracy")) > NEAR


@pytest.mark.parametrize(
    ("metric", "kind"),
    [("val_loss", "loss"), ("test_accuracy", "score"), ("WER", "error"), ("mean reward", "reward"), ("zeta", "zeta")],
)
def test_a_metrics_name_tells_its_kind(metric: str, kind: str) -> None:
    assert a_task(metric=metric).kind == kind


def test_descriptors_survive_being_written_down() -> None:
    assert Descriptors.from_mapping(a_task().to_mapping()) == a_task()
