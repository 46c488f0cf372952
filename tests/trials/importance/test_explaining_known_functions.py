"""Evaluators and their intervals against functions whose answer is known."""

from __future__ import annotations

import numpy as np
import optuna
import pytest

from tests.trials.importance.made import SPACE, Floats, cells, configurations, finished, halved, uniform
from trials.importance import Cells, Settings, explain, read_all, trees
from trials.importance.readings import ranked
from trials.importance.refits import BY, FANOVA
from trials.importance.trees import Pair

QUICK = Settings(refits=3)


def grown(x: Floats, values: Floats) -> tuple[trees.Trees, Cells]:
    coded = cells(x)
    return trees.grow(coded, np.arange(len(x)), values, seed=0), coded


def test_the_shares_of_an_additive_function_are_its_variances() -> None:
    """Variances of 3x, 2x, x and 0: 9/14, 4/14, 1/14 and none."""
    x = uniform(2_000)

    shares = trees.decompose(grown(x, 3 * x[:, 0] + 2 * x[:, 1] + x[:, 2])[0], seed=0)

    assert shares.mains == pytest.approx([9 / 14, 4 / 14, 1 / 14, 0], abs=0.02)
    assert max(shares.pairs.values()) < 0.01


def test_a_pair_that_decides_together_is_found_though_neither_does_alone() -> None:
    x = uniform(2_000)

    shares = trees.decompose(grown(x, (x[:, 0] - 0.5) * (x[:, 1] - 0.5) + 0.1 * x[:, 2])[0], seed=0)

    assert max(shares.pairs, key=lambda pair: shares.pairs[pair]) == Pair(0, 1)
    assert shares.pairs[Pair(0, 1)] > 0.6
    assert shares.mains[0] < 0.05
    assert shares.mains[1] < 0.05


def test_curves_and_surfaces_are_the_averages_of_the_trees_themselves() -> None:
    x = uniform(400)
    model, coded = grown(x, x[:, 0] * x[:, 1] + x[:, 2])
    shares = trees.decompose(model, seed=0)
    random = np.random.default_rng(1)
    drawn = np.stack([random.integers(0, 32, 20_000) for _ in range(4)], axis=1).astype(np.int16)

    at_5, at_5_20 = drawn.copy(), drawn.copy()
    at_5[:, 0] = at_5_20[:, 0] = 5
    at_5_20[:, 1] = 20

    assert shares.curves[0][5] == pytest.approx(model.predict(at_5).mean(), abs=0.005)
    assert shares.surfaces[Pair(0, 1)][5, 20] == pytest.approx(model.predict(at_5_20).mean(), abs=0.005)
    assert coded.factors[0].n_cells == 32


def test_the_order_is_that_of_optunas_own_fanova() -> None:
    """Optuna's decomposes each tree of a random forest, so its figures differ; its order should not."""
    x = uniform(300)
    values = 3 * x[:, 0] + 4 * (x[:, 1] - 0.5) ** 2 + 0.5 * x[:, 2]
    study = optuna.create_study()
    known = {name: optuna.distributions.FloatDistribution(0, 1) for name in SPACE.names}
    study.add_trials(
        [
            optuna.create_trial(params=params, distributions=known, value=value)  # type: ignore[arg-type]
            for params, value in zip(configurations(x), values.tolist(), strict=True)
        ]
    )

    theirs = optuna.importance.FanovaImportanceEvaluator(n_trees=16, seed=0).evaluate(study)
    ours = trees.decompose(grown(x, values)[0], seed=0).mains

    assert sorted(SPACE.names[:3], key=lambda name: -theirs[name]) == ["x0", "x1", "x2"]
    assert np.argsort(-ours)[:3].tolist() == [0, 1, 2]
    assert ours[0] == pytest.approx(theirs["x0"], abs=0.15)


def test_shuffling_a_parameter_that_does_nothing_costs_nothing() -> None:
    x, unseen = uniform(1_000), uniform(500, seed=1)
    model, _ = grown(x, 3 * x[:, 0] + x[:, 1])

    shares = trees.permuted(model, cells(unseen).codes, 3 * unseen[:, 0] + unseen[:, 1], seed=0)

    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] == pytest.approx(0.9, abs=0.03)
    assert shares[2:].max() < 0.01


def test_noise_is_not_explained() -> None:
    x, unseen = uniform(500), uniform(500, seed=1)
    random = np.random.default_rng(2)
    model, _ = grown(x, random.random(500))

    assert trees.explained(model, cells(unseen).codes, random.random(500)) < 0.05


def test_a_constant_function_has_no_shares() -> None:
    shares = trees.decompose(grown(uniform(100), np.full(100, 0.5))[0], seed=0)

    assert shares.mains.tolist() == [0, 0, 0, 0]
    assert shares.pairs == {}


def explained(x: Floats, values: Floats, settings: Settings = QUICK) -> dict[str, object]:
    coded = cells(x)
    readings = read_all(finished(values), coded.features())
    found: dict[str, object] = explain(SPACE, configurations(x), coded, readings, settings=settings)["readings"][
        "finished"
    ]
    return found


def test_every_evaluator_puts_the_parameter_that_matters_first() -> None:
    x = uniform(200)

    found = explained(x, 3 * x[:, 1] + 0.3 * x[:, 3])

    assert set(found["by"]) == set(BY)  # type: ignore[call-overload]
    for by, shares in found["by"].items():  # type: ignore[attr-defined]
        assert max(range(4), key=lambda j: shares[j][0]) == 1, by


def test_an_estimate_lies_within_its_interval_and_the_interval_narrows_with_trials() -> None:
    widths = []
    for n in (40, 800):
        x = uniform(n)
        values = 2 * x[:, 0] + x[:, 1] + np.random.default_rng(0).normal(0, 0.3, n)
        shares = explained(x, values, Settings(refits=8))["by"][FANOVA]  # type: ignore[index]
        assert all(low <= middle <= high for middle, low, high in shares)
        widths.append(shares[0][2] - shares[0][1])

    assert widths[1] < widths[0]


def test_values_that_ran_away_weigh_no_more_than_the_last_place() -> None:
    x = uniform(300)
    values = 2 * x[:, 0] + x[:, 1]
    values[np.argsort(-values)[:30]] = float("nan")

    found = explained(x, values)["by"][FANOVA]  # type: ignore[index]

    assert found[0][0] > found[1][0] > found[2][0]


def test_progress_counts_every_refit_of_every_reading() -> None:
    x = uniform(80)
    early = 1 + x[:, 0]
    study, coded, heard = halved(early - x[:, 1], early, kept=0.5), cells(x), []
    readings = read_all(study, coded.features())

    explain(SPACE, configurations(x), coded, readings, settings=QUICK, tell=lambda *said: heard.append(said))

    assert heard[0] == ("refit 1 of 15", 1, 15)
    assert heard[-1] == ("refit 15 of 15", 15, 15)
    assert len(heard) == 15


def test_more_trials_than_are_used_are_thinned_out_and_it_says_how_many() -> None:
    x = uniform(500)

    found = explained(x, x[:, 0], Settings(refits=2, most_rows=200, most_grown=100))

    assert (found["n"], found["used"], found["grown"]) == (500, 200, 100)


def test_the_same_trials_give_the_same_figures() -> None:
    x = uniform(60)

    assert explained(x, x[:, 0]) == explained(x, x[:, 0])


def test_without_scikit_learn_there_is_ped_anova() -> None:
    x = uniform(200)

    found = explained(x, x[:, 2], Settings(refits=2, with_trees=False))

    assert set(found["by"]) == {"ped_anova"}  # type: ignore[call-overload]
    assert "unseen" not in found


def test_where_no_parameter_varies_it_says_so() -> None:
    x = np.full((40, 4), 0.5)

    assert explained(x, np.arange(40.0))["missing"] == "No parameter varies among these trials."


def test_what_shows_only_after_the_cut_is_found_by_expected_ends_and_not_by_early_values() -> None:
    """x1 decides the end and is invisible at the look; the rule keeps those with a good x0."""
    x = uniform(400)
    random = np.random.default_rng(5)
    early = 1 + x[:, 0] + random.normal(0, 0.02, 400)
    study, coded = halved(1 + 0.5 * x[:, 0] - 1.5 * x[:, 1], early), cells(x)

    found = explain(SPACE, configurations(x), coded, read_all(study, coded.features()), settings=QUICK)["readings"]

    shares = {key: [share[0] for share in reading["by"][FANOVA]] for key, reading in found.items()}
    assert shares["imputed"][1] > 0.4
    assert shares["equal_step"][1] < 0.1
    assert shares["imputed"][1] > 2 * shares["last_look"][1]


def test_ranks_are_what_is_explained() -> None:
    x = uniform(300)

    plain, stretched = explained(x, x[:, 0] + 0.5 * x[:, 1]), explained(x, np.exp(5 * (x[:, 0] + 0.5 * x[:, 1])))

    assert plain == stretched
    assert ranked(np.array([1.0, 2.0])).tolist() == [0.25, 0.75]
