"""The forecast of a curve's end against what is known of it: closed forms, other ways to compute them, and bits."""

import math

import numpy as np
import pytest

from pruning.learning_curves import NOISE, SHAPES, Prior, basis, forecast

STEPS, HORIZON = (1, 2, 4, 8), 16


def prior(*, ends: tuple[float, ...] = (-1.0, 0.0, 1.0, 2.0), gains: tuple[float, ...] = (0.5, 1.0, 0.0, 1.5)) -> Prior:
    return Prior.of(np.array(ends), np.array(gains))


def phi(steps: tuple[int, ...] = STEPS, at: int = 8) -> np.ndarray:
    return basis(steps, at=at, horizon=HORIZON)


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, np.newaxis]


def test_every_shape_is_one_at_the_decision_point_and_nought_at_the_end() -> None:
    found = basis([8, HORIZON], at=8, horizon=HORIZON)

    assert found[:, 0].tolist() == pytest.approx([1.0] * len(SHAPES))
    assert found[:, 1].tolist() == pytest.approx([0.0] * len(SHAPES))


def test_every_shape_falls_all_the_way() -> None:
    assert (np.diff(basis(range(1, HORIZON + 1), at=4, horizon=HORIZON), axis=1) < 0).all()


def test_the_unit_of_the_steps_plays_no_part() -> None:
    assert (
        basis(STEPS, at=8, horizon=16).tolist() == basis([64 * step for step in STEPS], at=512, horizon=1024).tolist()
    )


@pytest.mark.parametrize("shape", range(len(SHAPES)), ids=[name for name, _ in SHAPES])
def test_a_curve_of_one_shape_is_continued_to_its_end(shape: int) -> None:
    steps = tuple(range(1, 9))
    shapes = phi(steps)

    found = forecast((0.7 + 1.5 * shapes[shape])[:, np.newaxis], shapes, prior())

    assert abs(float(found.mean[0]) - 0.7) < 2 * float(found.deviation()[0])
    assert abs(float(found.mean[0]) - 0.7) < 0.25


def test_without_points_the_prior_is_the_answer() -> None:
    given = prior()

    found = forecast(column(math.nan, math.nan, math.nan, math.nan), phi(), given)

    assert float(found.mean[0]) == pytest.approx(float(given.end[0]))
    assert float(found.deviation()[0]) == pytest.approx(math.sqrt(float(given.end_variance[0]) + NOISE**2))
    assert found.weights[:, 0].tolist() == pytest.approx([1 / len(SHAPES)] * len(SHAPES))


def test_the_closed_form_is_the_posterior_of_the_regression() -> None:
    points, shapes, given = column(2.0, 1.4, 1.1, 0.8), phi(), prior()

    found = forecast(points, shapes, given)

    covariance = np.array([[given.end_variance[0], given.covariance[0]], [given.covariance[0], given.gain_variance[0]]])
    likelihoods = []
    for k in range(len(SHAPES)):
        design = np.column_stack([np.ones(4), shapes[k]])
        residual = points[:, 0] - design @ np.linalg.lstsq(design, points[:, 0], rcond=None)[0]
        noise = (residual @ residual + 2 * NOISE**2) / (4 - 2 + 2)
        whole = design @ covariance @ design.T + noise * np.eye(4)
        gap = points[:, 0] - design @ np.array([given.end[0], given.gain[0]])
        mean = given.end[0] + covariance[0] @ design.T @ np.linalg.solve(whole, gap)
        variance = covariance[0, 0] - covariance[0] @ design.T @ np.linalg.solve(whole, design @ covariance[:, 0])
        likelihoods.append(-0.5 * (gap @ np.linalg.solve(whole, gap) + np.linalg.slogdet(whole)[1]))
        assert found.means[k, 0] == pytest.approx(mean)
        assert found.deviations[k, 0] == pytest.approx(math.sqrt(variance + noise))
    weights = np.exp(np.array(likelihoods) - max(likelihoods))
    assert found.weights[:, 0].tolist() == pytest.approx((weights / weights.sum()).tolist())


def test_leaving_each_out_is_the_prior_of_the_others() -> None:
    ends, gains = np.array([0.3, -1.2, 0.9, 2.0, 0.1]), np.array([1.0, 0.2, 0.4, 1.7, 0.6])

    found = Prior.without_each(ends, gains)

    for place in range(5):
        others = Prior.of(np.delete(ends, place), np.delete(gains, place))
        for name in ("end", "gain", "end_variance", "gain_variance", "covariance"):
            assert getattr(found, name)[place] == pytest.approx(getattr(others, name)[0]), name


def test_a_trial_alone_and_among_a_thousand_comes_out_the_same_bit_for_bit() -> None:
    random = np.random.default_rng(3)
    points = random.normal(1.0, 0.5, (4, 1000))
    points[0, ::7] = np.nan

    together = forecast(points, phi(), prior())

    for trial in (0, 7, 333, 999):
        alone = forecast(points[:, trial : trial + 1], phi(), prior())
        assert float(alone.mean[0]).hex() == float(together.mean[trial]).hex()
        assert float(alone.chance_below(0.4, 1.3)[0]).hex() == float(together.chance_below(0.4, 1.3)[trial]).hex()


def test_the_chance_grows_with_the_target_and_is_a_half_at_the_middle_of_one_shape() -> None:
    found = forecast(column(2.0, 1.4, 1.1, 0.8), phi(), prior())
    chances = [float(found.chance_below(target)[0]) for target in np.linspace(-3, 3, 25)]

    assert chances == sorted(chances)
    assert chances[0] < 0.01
    assert chances[-1] > 0.99


def test_a_wider_deviation_makes_an_unlikely_end_likelier() -> None:
    found = forecast(column(2.0, 1.4, 1.1, 0.8), phi(), prior())
    far = float(found.means.min()) - 3 * float(found.deviations.max())

    assert float(found.chance_below(far, 2.0)[0]) > float(found.chance_below(far)[0])
    assert float(found.deviation(2.0)[0]) > float(found.deviation()[0])


def test_peers_that_all_end_alike_do_not_make_it_certain() -> None:
    found = forecast(column(1.0, 1.0, 1.0, 1.0), phi(), prior(ends=(0.0,) * 5, gains=(1.0,) * 5))

    assert float(found.deviation()[0]) > 0
