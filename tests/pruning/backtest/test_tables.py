"""What people read: points, bounds, and what is not known."""

from pruning.backtest import Cell, Scores, tables
from tests.pruning.backtest.cells import a_cell


def lines(cells: list[Cell], *policies: str, against: str = "") -> list[str]:
    return tables(Scores(cells, policies), against=[against] if against else []).splitlines()


def test_points_with_their_intervals() -> None:
    cells = [a_cell("a", task, order, 0.25) for task in ("one", "two") for order in range(2)]

    told = lines(cells, "a")

    assert "1 families, 2 orders. Intervals: 95 %, bootstrap over 2 studies." in told[0]
    assert "| a | 50.0 % | 0.2500 [0.2500, 0.2500] | 100 % [100, 100] | 100 % |" in told
    assert "| a | 50 % / 0.250 / 100 % |" in told
    assert "| two | 50 % / 0.250 / 100 % |" in told


def test_bounds_are_told_as_bounds() -> None:
    told = lines([a_cell("a", "one", order, 0.0, worst=0.3) for order in range(2)], "a")

    assert "| a | 50.0 % | 0.0000 to 0.3000 [0.0000, 0.3000] | 0 to 100 % [0, 100] | 0 to 100 % |" in told


def test_one_order_of_one_study_has_no_interval() -> None:
    told = lines([a_cell("a", "one", 0, 0.0)], "a")

    assert "| a | 50.0 % | 0.0000 [not known] | 0 % [not known] | 0 % |" in told


def test_differences_carry_their_signs() -> None:
    cells = [a_cell(policy, "one", order, regret) for policy, regret in (("a", 0.0), ("b", 0.5)) for order in range(2)]

    told = lines(cells, "a", "b", against="b")

    assert "| a | +0.0 [+0.0, +0.0] points | -0.5000 [-0.5000, -0.5000] | -100 [-100, -100] points |" in told
    assert not [line for line in told if line.startswith("| b | ") and "points" in line]


def test_policies_that_share_no_study_are_not_compared() -> None:
    told = lines([a_cell("a", "one", 0, 0.0), a_cell("b", "two", 0, 0.5)], "a", "b", against="a")

    assert told[0] == "No study fits every policy, so there is no total."
    assert "| one | 50 % / 0.000 / 0 % | not played |" in told
