"""The Brier score, by hand."""

import pytest

from pruning.judgement.brier import Uttered, brier


@pytest.mark.parametrize(
    ("uttered", "score", "reference"),
    [
        pytest.param([(1.0, True), (0.0, False)], 0.0, 0.25, id="right and sure"),
        pytest.param([(0.0, True), (1.0, False)], 1.0, 0.25, id="wrong and sure"),
        pytest.param([(0.5, True), (0.5, False)], 0.25, 0.25, id="always the base rate"),
        pytest.param([(0.8, True), (0.4, False), (0.1, False), (0.3, True)], 0.175, 0.25, id="in between"),
        pytest.param([(0.9, True)], 0.01, 0.0, id="an outcome that never varied"),
    ],
)
def test_the_score_is_the_mean_squared_error(uttered: list[tuple[float, bool]], score: float, reference: float) -> None:
    found = brier(Uttered(*one) for one in uttered)

    assert found is not None
    assert found.score == pytest.approx(score)
    assert found.reference == reference
    assert found.n == len(uttered)


def test_skill_is_unknown_while_the_outcome_never_varied() -> None:
    same, varied = brier([Uttered(0.9, True)]), brier([Uttered(0.5, True), Uttered(0.5, False)])

    assert same is not None
    assert varied is not None
    assert same.skill is None
    assert varied.skill == 0.0


def test_nothing_uttered_has_no_score() -> None:
    assert brier([]) is None
