"""The comparison: who stands beside whom, what everyone meets, and that it goes on where it stopped."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from benchmarks import recorded
from benchmarks.comparing import playing
from benchmarks.comparing.autopsy import autopsy
from benchmarks.comparing.contestants import CONTESTANTS, DIAL, GRID, OURS, THEIRS, Contestant
from benchmarks.comparing.frontier import picture, points
from benchmarks.comparing.verdicts import dial, losses, match, matches, oracle_distances, ratio
from pruning.backtest import Cell, Scores, Task, WorkFile
from pruning.simulate import Pool, Run, outcome_of
from tests.pruning.negative_controls import TRIALS, ordered

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "compare.py"
RUNS, REPORTS = 32, 6
CHEAP, MIDDLE, DEAR, *_ = GRID


def cells(figures: dict[str, tuple[float, float, float]], *, tasks: int = 3) -> list[Cell]:
    """Return cells of one family by (compute, regret, lost); the regret differs a little between tasks."""
    return [
        Cell(
            family="toys",
            task=f"task {task}",
            order=0,
            policy=name,
            workers=4,
            fingerprint=name,
            figures=(compute, regret * (1 + task / 10), lost, float(regret > 0.05)),
            worst=(compute, regret * (1 + task / 10), lost, float(regret > 0.05)),
        )
        for name, (compute, regret, lost) in figures.items()
        for task in range(tasks)
    ]


def scores(**others: tuple[float, float, float]) -> Scores:
    figures = {
        CHEAP: (0.1, 0.2, 0.5),
        MIDDLE: (0.2, 0.1, 0.3),
        DEAR: (0.3, 0.04, 0.2),
        "oracle": (0.05, 0.0, 0.0),
        **{name.replace("_", " "): figure for name, figure in others.items()},
    }
    return Scores(cells(figures), list(figures))


# --- Who stands beside whom


@pytest.mark.parametrize(
    ("compute", "ours", "is_below"),
    [(0.29, MIDDLE, True), (0.30, DEAR, True), (0.9, DEAR, True), (0.09, CHEAP, False)],
    ids=["nearest below", "equal", "all below", "none as cheap"],
)
def test_ours_is_the_setting_whose_compute_lies_nearest_below_the_peers(
    compute: float, ours: str, is_below: bool
) -> None:
    total = scores(Optuna_median=(compute, 0.1, 0.3)).total()

    assert total is not None
    found = match(total, "Optuna median")
    assert (found.ours, found.is_below) == (ours, is_below)


def test_beside_asynchronous_halving_ours_may_spend_three_points_more() -> None:
    total = scores(Ray_ASHA=(0.18, 0.12, 0.5)).total()

    assert total is not None
    found = match(total, "Ray ASHA")
    assert found.ours == MIDDLE
    assert found.target == 0.9
    assert found.is_reached


def test_a_difference_is_settled_when_its_interval_excludes_zero() -> None:
    total = scores(Optuna_median=(0.2, 0.2, 0.3)).total()

    assert total is not None
    found = match(total, "Optuna median")
    assert found.regret.at_most == pytest.approx(-0.11)
    assert found.is_settled
    assert found.ratio.at_most == pytest.approx(0.5)
    assert ratio(total, "oracle", "oracle", "regret").at_most == 1.0


def test_where_a_peer_does_better_is_named() -> None:
    found = scores(Optuna_median=(0.2, 0.05, 0.1))
    total = found.total()

    assert total is not None
    lost = losses(found, matches(total))
    assert [(one.task, one.peer, one.ours) for one in lost] == [
        (task, "Optuna median", MIDDLE) for task in ("task 2", "task 1", "task 0")
    ]
    assert lost[0].regret.at_most == pytest.approx(0.06)


def test_everyones_distance_from_the_oracle_is_its_compute_in_the_oracles() -> None:
    total = scores().total()

    assert total is not None
    assert oracle_distances(total) == [(CHEAP, 2.0), (MIDDLE, 4.0), (DEAR, pytest.approx(6.0))]


@pytest.mark.parametrize(("lost", "is_honest"), [(0.25, True), (0.26, False)])
def test_the_dial_is_honest_within_five_points(lost: float, is_honest: bool) -> None:
    name = next(name for name, risk in DIAL.items() if risk == 0.2)
    played = cells({name: (0.4, 0.02, lost)})
    found = Scores(played, [name])
    total = found.total()

    assert total is not None
    assert [one.is_honest for one in dial(found, total, played)] == [is_honest]


# --- What everyone meets


def test_ours_and_peers_meet_the_same_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    met: dict[str, list[tuple[str, ...]]] = {"ours": [], "theirs": []}

    def meeting(name: str) -> Contestant:
        def run(pool: Pool, order: int, workers: int) -> Run:
            met[name].append(tuple(one.name for one in pool.recordings))
            return CONTESTANTS["oracle"].run(pool, order, workers)

        return Contestant(name=name, group=OURS, fingerprint=lambda pool: name, run=run)

    monkeypatch.setattr(playing, "CONTESTANTS", {name: meeting(name) for name in met})
    monkeypatch.setattr(recorded, "tasks", _toys)
    with WorkFile(None) as work:
        played = playing.play(Path(), list(met), wanted=(), orders=3, workers=4, processes=1, work=work)

    assert met["ours"] == met["theirs"]
    assert len(set(met["ours"])) == 3
    assert len(played.complete) == len(played.seen) == 2 * 3


def _toys(folder: Path, *, wanted: object = ()) -> Iterator[Task]:
    yield Task(family="toys", name="ordered", pool=ordered())


def test_there_are_eight_settings_of_ours_and_peers_of_three_libraries() -> None:
    groups = [one.group for one in CONTESTANTS.values()]

    assert groups.count(OURS) == 8
    assert groups.count(THEIRS) >= 10
    assert {one.peer.distribution for one in CONTESTANTS.values() if one.peer} == {"optuna", "ray", "syne-tune"}


def test_an_oracle_trains_the_winner_alone_beyond_the_first_report() -> None:
    pool = ordered()

    run = CONTESTANTS["oracle"].run(pool, 0, 4)

    assert run.spent == TRIALS - 1 + pool.horizon
    assert outcome_of(pool, run).regret == 0


def test_an_autopsy_says_where_the_winner_was_left() -> None:
    task = Task(family="toys", name="ordered", pool=ordered())

    assert autopsy(task, "full training", orders=range(2), workers=4).sentence == "the winner was never left"
    assert autopsy(task, "full training", orders=range(2), workers=4).lost == 0


# --- The picture


def test_the_picture_names_everyone_and_is_well_formed() -> None:
    total = scores(Optuna_median=(0.2, 0.2, 0.3)).total()

    assert total is not None
    drawn = picture(points(total), title="What it costs & loses", subtitle="3 tasks")
    texts = [node.text for node in ElementTree.fromstring(drawn).iter() if node.text]  # noqa: S314  # our own
    assert {CHEAP, MIDDLE, DEAR, "oracle", "Optuna median", "What it costs & loses"} <= set(texts)


# --- The program


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """Return a folder with one small task."""
    folder = tmp_path / "curves"
    folder.mkdir()
    random = np.random.default_rng(0)
    rows = [
        {"config_id": run, "step": report, "val_loss": run / RUNS + random.normal(0, 0.1) - report}
        for run in range(RUNS)
        for report in range(1, REPORTS + 1)
    ]
    pd.DataFrame(rows).to_parquet(folder / "toys__falling.parquet")
    entry = {"name": "toys__falling", "benchmark": "toys", "role": "sweep", "objective": "val_loss", "mode": "min"}
    (folder / "index.json").write_text(json.dumps([entry | {"n_configs": RUNS}]))
    return folder


def test_the_program_goes_on_where_it_stopped_and_writes_tables_data_and_picture(curves: Path, tmp_path: Path) -> None:
    work, out = tmp_path / "work.jsonl", tmp_path / "out"
    command = [sys.executable, str(SCRIPT), "--curves", str(curves), "--work", str(work), "--orders", "2"]
    command += ["--processes", "1", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    lines = work.read_text().splitlines()
    work.write_text("\n".join(lines[:-4]) + "\n")

    subprocess.run(command, check=True, capture_output=True)

    kept = work.read_text()
    subprocess.run([*command, "--only-tell", "--orders", "1"], check=True, capture_output=True)

    assert work.read_text() == kept
    assert [_gist(line) for line in work.read_text().splitlines()] == [_gist(line) for line in lines]
    told = json.loads((out / "comparison.json").read_text())
    assert {"Optuna median", "oracle", *GRID} <= set(told["sweeps"]["total"])
    assert "| Optuna median |" in (out / "comparison.md").read_text()
    assert (out / "frontier.svg").exists()


def _gist(line: str) -> tuple[object, ...]:
    cell = json.loads(line)
    return cell["order"], cell["policy"], cell["fingerprint"], cell["compute"], cell["regret"]
