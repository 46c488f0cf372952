"""How stopped trials are read: each reading by hand on a few trials."""

import numpy as np
import pytest

from tests.trials.importance.made import cells, finished, halved, uniform
from trials.importance import Courses, Fate, agreements, read_all
from trials.importance.imputing import imputed_ends, ridge
from trials.importance.readings import (
    at_equal_step,
    at_last_look,
    by_imputed_end,
    by_survival,
    finished_only,
    ranked,
)

NAN, INF = float("nan"), float("inf")
S, B, F, O = Fate.STOPPED, Fate.BROKEN, Fate.FINISHED, Fate.OPEN  # noqa: E741


def courses(*rows: tuple[Fate, float, float, float]) -> Courses:
    """Return trials given as (fate, value at look 4, at look 8, final value); NaN where it did not get there."""
    fates = np.array([row[0] for row in rows], dtype=np.int8)
    at_looks = np.array([row[1:3] for row in rows])
    return Courses(fates, np.array([row[3] for row in rows]), at_looks, (4, 8))


SIX = courses(
    (F, 0.5, 0.4, 0.20),
    (F, 0.6, 0.3, 0.10),
    (S, 0.7, 0.6, NAN),
    (S, 0.9, NAN, NAN),
    (B, 0.4, NAN, NAN),
    (B, NAN, NAN, NAN),
)


def test_finished_only_leaves_all_others_out() -> None:
    reading = finished_only(SIX)

    assert reading.rows.tolist() == [0, 1]
    assert reading.scores.tolist() == [0.75, 0.25]


def test_at_the_last_look_those_stopped_earlier_count_as_worse() -> None:
    reading = at_last_look(SIX)

    # 1st and 2nd of the finished; 3rd of 3 at look 8; 5th of 5 at look 4; gone wrong after look 4, and before any.
    assert reading.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert (reading.scores * 6 + 0.5).tolist() == pytest.approx([2, 1, 3, 5, 5, 6])


def test_at_an_equal_step_trials_that_a_rule_stopped_before_are_last() -> None:
    reading = at_equal_step(SIX)

    assert reading.step == 4
    assert reading.rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert (reading.scores * 6 + 0.5).tolist() == pytest.approx([2, 3, 4, 5, 1, 6])


def test_the_common_step_is_the_last_that_nearly_all_reached() -> None:
    rows = [(F, 0.5 + k, 0.4 + k, 0.3 + k) for k in range(9)] + [(S, 0.9, NAN, NAN)]

    assert at_equal_step(courses(*rows)).step == 8


def test_open_trials_count_at_an_equal_step_but_are_not_judged() -> None:
    more = courses((F, 0.5, 0.4, 0.2), (S, 0.9, NAN, NAN), (O, 0.1, NAN, NAN))

    assert at_equal_step(more).rows.tolist() == [0, 1, 2]
    assert at_last_look(more).rows.tolist() == [0, 1]


def test_survival_scores_are_those_of_the_log_rank_test() -> None:
    more = courses((F, 1, 1, 1), (F, 1, 1, 2), (S, 1, 1, NAN), (S, 1, NAN, NAN), (O, 1, NAN, NAN))

    reading = by_survival(more)

    # H(4) = 1/5; of the 3 at risk at step 8 one more is stopped: H(8) = 1/5 + 1/3.
    hazard = np.array([8 / 15, 8 / 15, 8 / 15 - 1, 1 / 5 - 1, 1 / 5])
    assert reading.rows.tolist() == [0, 1, 2, 3, 4]
    assert reading.scores.tolist() == ranked(-hazard).tolist()


def test_survival_says_nothing_where_no_trial_was_stopped() -> None:
    assert by_survival(courses((F, 1, 1, 1), (O, 1, NAN, NAN))).missing.startswith("No trial was stopped")


def test_not_a_number_and_infinity_rank_last_and_equal() -> None:
    assert ranked(np.array([NAN, 1.0, INF, -INF])).tolist() == [0.75, 0.375, 0.75, 0.125]


def test_a_plan_without_looks_has_only_the_finished_reading() -> None:
    values = np.arange(30, dtype=float)
    found = {reading.key: reading for reading in read_all(finished(values), cells(uniform(30)).features())}

    assert "no decision points" in found["equal_step"].missing
    assert "no decision points" in found["survival"].missing
    assert "no decision points" in found["imputed"].missing
    assert found["finished"].missing == ""


def test_too_few_trials_say_how_many_are_needed() -> None:
    found = {reading.key: reading for reading in read_all(SIX, cells(uniform(6)).features())}

    assert found["finished"].missing == "It has 2 of the 20 trials needed."
    assert found["imputed"].missing == "2 of the 5 finished trials needed to learn from have finished."
    assert all(len(reading) == 0 for reading in found.values())


def test_trials_that_all_stand_equal_say_nothing() -> None:
    found = read_all(finished(np.full(30, 0.5)), cells(uniform(30)).features())

    assert found[-1].missing == "All of its trials stand equal."


def test_a_stopped_trial_is_expected_to_gain_what_finished_ones_like_it_gained() -> None:
    """x1 decides how much is gained after the look, which the rule does not see."""
    x = uniform(300)
    early = 1 + x[:, 0]
    ends = early - 2 * x[:, 1]
    study = halved(ends, early, kept=0.4)

    found = imputed_ends(study, cells(x).features())

    stopped = study.fates == S
    assert np.abs(found[stopped] - ends[stopped]).max() < 0.1
    assert found[~stopped].tolist() == ends[~stopped].tolist()


def test_where_the_configuration_tells_nothing_the_mean_gain_is_expected() -> None:
    random = np.random.default_rng(3)
    x, early = uniform(60), random.normal(3, 0.3, 60)
    study = halved(early - 1 + random.normal(0, 0.05, 60), early, kept=0.5)

    found = imputed_ends(study, cells(x).features())

    stopped = study.fates == S
    gains = early[stopped] - found[stopped]
    assert np.ptp(gains) < 1e-9
    assert gains[0] == pytest.approx(1.0, abs=0.05)


def test_broken_trials_and_those_without_a_value_end_worst() -> None:
    study = courses(*[(F, 1.0 + k, 0.9 + k, 0.8 + k) for k in range(6)], (B, 0.1, NAN, NAN), (S, INF, NAN, NAN))

    found = imputed_ends(study, cells(uniform(8)).features())

    assert np.isinf(found[6:]).all()
    assert np.isfinite(found[:6]).all()


def test_refits_redraw_what_is_learnt_from() -> None:
    x = uniform(200)
    early = 1 + x[:, 0]
    reading = by_imputed_end(halved(early - x[:, 1], early), cells(x).features())

    assert reading.again is not None
    one, other = (reading.again(np.random.default_rng(seed)) for seed in (1, 2))
    assert one.tolist() != other.tolist()
    assert np.abs(one - reading.scores).mean() < 0.05


def test_the_ridge_finds_a_line_and_says_when_there_is_none() -> None:
    random = np.random.default_rng(0)
    features = random.random((40, 3))

    line = ridge(features, 2 + 3 * features[:, 1] + random.normal(0, 0.01, 40))
    noise = ridge(features, random.normal(0, 1, 40))

    assert line.predict(np.array([[0.5, 1.0, 0.5]]))[0] == pytest.approx(5.0, abs=0.05)
    assert line.error < 0.01
    assert noise.error > 0.8


def test_agreement_says_how_far_the_order_at_a_look_is_that_of_the_end() -> None:
    ends = np.arange(12, dtype=float)
    same = Courses(np.full(12, F, np.int8), ends, np.stack([ends, -ends], axis=1), (4, 8))

    assert agreements(same) == [(4, 12, 1.0), (8, 12, -1.0)]
    assert agreements(SIX) == []


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit together"):
        Courses(np.zeros(3, np.int8), np.zeros(2), np.zeros((3, 0)))
