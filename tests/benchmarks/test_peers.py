"""Other libraries' schedulers in our simulation: what they decide there is what their own code decides.

Hand-made studies whose right decisions can be counted on one's fingers. Ray Tune and Syne Tune are no dependency of
the tests: without them theirs are skipped.
"""

from collections.abc import Sequence
from importlib import metadata

import numpy as np
import optuna
import pytest

from benchmarks.peers import optuna_pruners
from benchmarks.peers.registry import PEERS
from pruning.simulate import Action, Ended, Pool, Recording, Run, train
from tests.pruning.negative_controls import pool

PLAYABLE = [name for name, peer in PEERS.items() if peer.version is not None]
REPORTS = 9


def levels(*values: float, maximize: bool = False) -> Pool:
    """Return one flat curve for every value, in this order."""
    return pool(np.array([[value] * REPORTS for value in values]), maximize=maximize)


def play(name: str, study: Pool, *, workers: int = 1) -> Run:
    """Return a study under a peer; skip the test where its library is absent."""
    peer = PEERS[name]
    if peer.version is None:
        pytest.skip(f"{peer.distribution} {peer.releases} is not installed")
    return train(study, peer.make(study, 0), workers=workers)


def reports(run: Run) -> list[int]:
    return [fate.reports for fate in run.fates]


# --- Every peer that is installed


@pytest.mark.parametrize("name", PLAYABLE)
def test_a_run_is_a_function_of_its_arguments(name: str) -> None:
    study = levels(*np.random.default_rng(0).permutation(30).tolist())

    first, second = play(name, study, workers=4), play(name, study, workers=4)

    assert first.fates == second.fates


@pytest.mark.parametrize("name", PLAYABLE)
def test_maximising_the_negated_metric_gives_the_mirrored_run(name: str) -> None:
    values = np.random.default_rng(1).permutation(30).tolist()

    assert reports(play(name, levels(*values))) == reports(
        play(name, levels(*(-value for value in values), maximize=True))
    )


@pytest.mark.parametrize("name", PLAYABLE)
def test_it_saves_compute_and_does_not_read_ahead(name: str) -> None:
    values = np.tile(np.random.default_rng(2).permutation(30)[:, None], (1, REPORTS)).astype(float)
    run = play(name, pool(values))
    spoilt = values.copy()
    for row, fate in enumerate(run.fates):
        spoilt[row, fate.reports :] = -1e9

    again = play(name, pool(spoilt))

    assert run.spent < 30 * REPORTS
    assert again.fates == run.fates


@pytest.mark.parametrize("name", PLAYABLE)
def test_a_value_that_is_not_a_number_ends_its_trial(name: str) -> None:
    values = np.tile(np.arange(20.0)[:, None], (1, REPORTS))
    values[0, 2:] = np.nan

    run = play(name, pool(values))

    assert run.fates[0].ended in {Ended.PRUNED, Ended.PAUSED}
    assert run.fates[0].reports <= 3


# --- Optuna


def test_a_median_pruner_in_the_simulation_decides_as_in_a_study_of_optunas() -> None:
    random = np.random.default_rng(3)
    curves = random.normal(size=(25, REPORTS)).cumsum(axis=1)

    run = play("Optuna median", pool(curves))

    assert reports(run) == _by_optuna_alone(curves, optuna.pruners.MedianPruner())


@pytest.mark.parametrize("share", [25.0, 60.0])
def test_a_percentile_pruner_does_too(share: float) -> None:
    curves = np.random.default_rng(4).normal(size=(25, REPORTS)).cumsum(axis=1)
    study = pool(curves)
    pruner = optuna.pruners.PercentilePruner(share)

    run = train(study, optuna_pruners.Pruned(study, pruner, 0), workers=1)

    assert reports(run) == _by_optuna_alone(curves, pruner)


def _by_optuna_alone(curves: np.ndarray, pruner: optuna.pruners.BasePruner) -> list[int]:
    """Return how many reports every trial made, by Optuna's own loop; at its last report a trial is complete."""
    told = optuna.create_study(pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    made: list[int] = []

    def objective(trial: optuna.Trial) -> float:
        for step, value in enumerate(curves[trial.number], start=1):
            trial.report(float(value), step)
            if step < REPORTS and trial.should_prune():
                made.append(step)
                raise optuna.TrialPruned
        made.append(REPORTS)
        return float(value)

    told.optimize(objective, n_trials=len(curves))
    return made


def test_of_the_first_trials_the_median_pruner_stops_none_and_then_the_worse_half() -> None:
    run = play("Optuna median", levels(1, 2, 3, 4, 5, 3.5, 2.5))

    assert reports(run) == [REPORTS] * 5 + [1, REPORTS]


def test_halving_keeps_the_best_of_the_first_and_a_quarter_after() -> None:
    run = play("Optuna halving", levels(5, 4, 6, 7, 3.5))

    assert reports(run) == [REPORTS, REPORTS, 1, 1, REPORTS]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_wilcoxon_stops_a_configuration_that_is_worse_on_the_same_folds() -> None:
    folds = np.linspace(0, 1, REPORTS)
    study = pool(np.array([folds, folds + 1, folds - 1]))

    run = train(study, optuna_pruners.wilcoxon(study, 0), workers=1)

    assert [fate.ended for fate in run.fates] == [Ended.COMPLETE, Ended.PRUNED, Ended.COMPLETE]


# --- Ray Tune


def test_rays_halving_keeps_the_best_quarter_by_its_quantile() -> None:
    run = play("Ray ASHA", levels(5, 4, 6, 4.6, 3))

    assert reports(run) == [REPORTS, REPORTS, 1, 1, REPORTS]


def test_rays_median_pauses_trials_until_it_has_three_to_compare_with() -> None:
    study = levels(1, 2, 3, 4)
    peer = PEERS["Ray median"]
    if peer.version is None:
        pytest.skip("ray is not installed")
    decider = peer.make(study, 0)

    begun = [decider.next_to_train(at=0.0, under_way=set()) for _ in range(3)]
    told = [decider.report(number, 0, at=1.0) for number in (0, 1, 2)]
    decider.next_to_train(at=1.0, under_way=set())
    last = decider.report(3, 0, at=2.0)

    assert begun == [0, 1, 2]
    assert told == [Action.PAUSE, Action.PAUSE, Action.PAUSE]
    assert last is Action.STOP
    assert decider.next_to_train(at=2.0, under_way=set()) == 0


def test_rays_hyperband_pauses_and_takes_the_best_of_a_bracket_up_again() -> None:
    run = play("Ray HyperBand", levels(*range(20)), workers=2)

    complete = [number for number, fate in enumerate(run.fates) if fate.ended is Ended.COMPLETE]
    assert {0, 1, 2} <= set(complete)
    assert any(fate.ended is Ended.PAUSED for fate in run.fates)


# --- Syne Tune


def test_synes_halving_keeps_those_in_the_best_third() -> None:
    run = play("Syne ASHA", levels(5, 4, 6, 4.6, 3))

    assert reports(run)[:3] == [REPORTS, REPORTS, 1]


def test_synes_promotion_pauses_everyone_and_promotes_one_in_three() -> None:
    run = play("Syne ASHA, promotion", levels(3, 1, 2, 6, 5, 4))

    assert run.fates[1].reports > 1
    assert [fate.reports for fate in run.fates].count(1) >= 4


def test_synes_promotion_hears_of_the_rungs_that_a_trial_passed_without_a_report() -> None:
    late = Recording.of("late", [2, 3, 9], [1.0, 0.5, 0.4])
    study = Pool(metric="val_loss", maximize=False, horizon=REPORTS, recordings=(late,) * 6)

    run = play("Syne ASHA, promotion", study)

    assert {fate.ended for fate in run.fates} <= {Ended.PAUSED, Ended.COMPLETE}
    assert run.fates[0].reports >= 1


# --- The registry


def test_a_peers_fingerprint_names_library_version_and_settings() -> None:
    peer = PEERS["Optuna median"]

    assert peer.fingerprint == f"optuna {metadata.version('optuna')}: MedianPruner()"
    assert peer.is_shown_by("optuna 4.5.0: MedianPruner()")
    assert not peer.is_shown_by("optuna 4.5.0: MedianPruner(n_startup_trials=1)")


@pytest.mark.parametrize(
    ("name", "fingerprints"),
    [
        ("Syne PASHA", ["syne-tune 0.13.0: HyperbandScheduler(type='pasha', max_t=T)"]),
        ("Syne median", ["syne-tune 0.16.0: MedianStoppingRule()"]),
    ],
)
def test_a_library_that_is_absent_is_known_by_the_work_of_another_environment(
    name: str, fingerprints: Sequence[str]
) -> None:
    assert all(PEERS[name].is_shown_by(one) for one in fingerprints)
    assert not PEERS[name].is_shown_by(fingerprints[0].replace("0.1", "0.0"))
