"""The candidates of the search do what their names say, and know nothing that they could not know."""

import numpy as np
import pytest

from benchmarks.searching.ideas import Believing, Duels, Hindsight, LearntTail, MedianGate, YetToCome
from benchmarks.searching.past import Finished, Past, finished_without
from benchmarks.searching.rules import Halving
from benchmarks.searching.study import Study
from benchmarks.searching.tables import blend
from tests.benchmarks.test_search_default import REPORTS, curves

N = 20


def falling(*places: int) -> Finished:
    """Return a study whose winner stands at these places at its four reports, among twenty trials."""
    values = np.empty((N, 4))
    for report, place in enumerate(places):
        others = [rank for rank in range(1, N + 1) if rank != place]
        values[:, report] = 1 - 0.2 * report + 0.001 * np.array([place, *others])
    values[0, 3] = 0.0
    return Finished("sweeps", values)


def started(rule: Halving, reached: int = N, past: Past | None = None) -> Study:
    """Return a study whose trials have all made their first report, and the first so many the second."""
    values = np.linspace(1.0, 2.0, N)[:, None] - 0.1 * np.arange(REPORTS)
    study = Study(values, rule, past=past)
    rule.start(study)
    study.reached[0, :] = True
    study.reached[1, :reached] = True
    return study


def test_hindsight_keeps_every_winner_at_no_risk_and_gives_up_the_costliest_first() -> None:
    past = Past((falling(1, 1, 1, 1), falling(2, 1, 1, 1), falling(1, 2, 1, 1), falling(19, 1, 1, 1)))
    steps = np.array([1, 2])

    safe = past.quotas("best", steps, 4, 0.0)
    bold = past.quotas("best", steps, 4, 0.25)

    assert safe[0] >= 19 / N > bold[0] >= 2 / N
    assert safe[1] == pytest.approx(bold[1])
    assert bold[1] >= 2 / N


def test_the_past_holds_no_study_of_the_family_that_is_left_out() -> None:
    told = {"sweeps": [falling(1, 1, 1, 1)], "seeds": [Finished("seeds", falling(3, 1, 1, 1).values)]}

    assert [one.family for one in finished_without(told, "seeds").studies] == ["sweeps"]


def test_every_family_of_the_past_counts_the_same() -> None:
    one = falling(1, 1, 1, 1)
    past = Past((one, one, one, Finished("seeds", one.values)))

    assert past.weights.tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_a_learnt_tail_is_heavier_where_winners_came_from_behind() -> None:
    early, late = Past((falling(1, 1, 1, 1),)), Past((falling(18, 18, 18, 1),))

    kept, lost = (past.survival("best", 0.8, 50) for past in (early, late))

    assert np.all(np.diff(kept) >= 0)
    assert np.all(kept >= lost)
    assert kept[60] > lost[60]


def test_a_learnt_tail_leaves_a_chance_to_winners_that_no_finished_study_has_seen() -> None:
    rule = LearntTail()
    started(rule, past=Past((falling(1, 1, 1, 1),)))

    assert rule.survival(0.8, 50)[0] > 0
    assert rule.survival(0.8, 50)[-1] == pytest.approx(1.0)


def test_the_median_gate_spares_who_is_better_than_half_of_the_means_of_its_peers() -> None:
    rule = MedianGate(how="spares")
    started(rule)
    rule.keep[:] = 0.01

    assert rule.is_within(1, 8)
    assert not rule.is_within(1, 18)
    assert not Halving.is_within(rule, 1, 8)


def test_the_median_gate_stops_who_fails_it_within_the_quota() -> None:
    rule = MedianGate(how="both")
    started(rule)
    rule.keep[:] = 1.0

    assert rule.is_within(1, 8)
    assert not rule.is_within(1, 18)


def test_the_median_gate_decides_alone_until_the_order_is_known() -> None:
    rule = MedianGate(how="until known")
    started(rule)

    assert rule.goes_on(1, 8)
    assert not rule.goes_on(1, 18)
    assert Halving.goes_on(rule, 1, 18)


def test_from_a_late_look_only_the_duellists_go_on() -> None:
    rule = Duels(late=2, few=2)
    study = started(rule)
    look = study.looks - 1
    study.reached[look, :] = True
    rule.is_known[:] = True

    assert [rule.is_within(look, trial) for trial in range(4)] == [True, True, False, False]
    assert study.steps[look] > study.horizon / 2


def test_who_can_still_catch_up_stays_in_the_duel() -> None:
    rule = Duels(late=2, few=1, reach=3.0)
    study = started(rule)
    look = study.looks - 1
    study.reached[look, :] = True
    rule.is_known[:] = True

    within = [trial for trial in range(N) if rule.is_within(look, trial)]

    assert 1 < len(within) < N
    assert within == list(range(len(within)))


def test_hindsight_alone_takes_its_shares_from_the_past() -> None:
    past = Past((falling(2, 1, 1, 1), falling(4, 2, 1, 1)))
    rule = Hindsight(risk=0.05)
    study = started(rule, past=past)

    rule.calibrate()

    assert rule.keep.tolist() == past.quotas("best", study.steps, study.horizon, 0.05).tolist()
    assert rule.is_known.all()


def test_counting_those_yet_to_come_is_stricter_while_few_have_come() -> None:
    among_all, among_come = YetToCome(), Halving()
    for rule in (among_all, among_come):
        study = started(rule)
        study.reached[0, 5:] = False
        rule.set_shares([0.7] * study.looks)

    assert among_all.keep[0] < among_come.keep[0]


def test_the_dial_moves_from_early_to_late() -> None:
    moving, fixed = YetToCome(counts_all=False, early=0.6, risk=0.1), Halving(risk=0.1)
    for rule in (moving, fixed):
        study = started(rule)
        rule.set_shares([0.7] * study.looks)
    assert moving.keep.tolist() == fixed.keep.tolist()

    moving.study.reached[0, 4:] = False
    fixed.study.reached[0, 4:] = False
    for rule in (moving, fixed):
        rule.set_shares([0.7] * rule.study.looks)
    assert moving.keep[0] < fixed.keep[0]
    assert moving.risk == 0.1


def test_unselected_trials_go_to_the_end_whatever_they_show() -> None:
    rule = Believing(unselected=8)
    study = started(rule)
    study.values = study.values[::-1]
    rule.keep[:] = 0.01
    rule.is_known[:] = True

    assert rule.goes_on(1, 7)
    assert not rule.goes_on(1, 15)


def test_young_links_are_lowered_by_more_errors() -> None:
    rule = Believing(young_lcb=2.0)

    assert (rule.errors(4), rule.errors(5)) == (2.0, 1.0)


def test_no_idea_reads_the_future_of_a_study() -> None:
    values = curves(40)
    changed = values.copy()
    changed[:, 1:] += 50 * np.random.default_rng(1).random((40, REPORTS - 1))
    past = Past((falling(1, 1, 1, 1), falling(2, 3, 1, 1)))
    for make in (MedianGate, Duels, Hindsight, LearntTail, YetToCome):
        told = []
        for one in (values, changed):
            rule = make()
            study = Study(one, rule, past=past)
            rule.start(study)
            study.reached[0, :] = True
            told.append([rule.is_within(0, trial) for trial in range(40)])
        assert told[0] == told[1], make.__name__


def test_a_lot_between_two_dials_costs_what_the_variant_costs() -> None:
    dear, cheap, own = (
        {"one": np.array([[compute, regret, 0.0]])} for compute, regret in ((0.6, 0.0), (0.2, 0.4), (0.3, 0.1))
    )

    found = blend(own, [dear, cheap])

    assert found is not None
    assert found["one"][0] == pytest.approx([0.3, 0.3, 0.0])
    assert blend({"one": np.array([[0.9, 0.0, 0.0]])}, [dear, cheap]) is None
