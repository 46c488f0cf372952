"""`manage.py backtest`: what it says, writes and refuses."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pruning.management.commands.backtest import DEFAULTS
from tests.pruning.curves.folders import a_folder, falling
from tests.pruning.studies import NOW, a_played_study
from trials.closing import stop_study
from trials.models import Study

TASKS = {"toys__a": falling(20, seed=1), "toys__b": falling(20, seed=2)}
FAST = ["--orders", "2", "--workers", "2", "--policies", "fast,asha,full"]


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    return a_folder(tmp_path / "curves", TASKS)


def backtest(*arguments: object) -> tuple[str, str]:
    """Return what the command says to people, on either stream."""
    out, err = StringIO(), StringIO()
    call_command("backtest", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def refusal(*arguments: object) -> str:
    with pytest.raises(CommandError) as caught:
        backtest(*arguments)
    return str(caught.value)


def figures(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_all_named_policies_on_a_folder(curves: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"

    table, _ = backtest("--curves", curves, "--orders", 2, "--json", out)

    found = figures(out)
    names = DEFAULTS.split(",")
    assert list(found["total"]["by_policy"]) == names
    assert all(f"| {name} |" in table for name in names)
    assert "2 tasks, 1 families, 2 orders. Intervals: 95 %, bootstrap over 2 studies." in table
    assert list(found["studies"]) == ["toys__a", "toys__b"]
    assert list(found["families"]) == ["toys"]
    everything = found["total"]["by_policy"]["full"]
    known = {"mean": 1.0, "at_least": 1.0, "at_most": 1.0, "low": 1.0, "high": 1.0}
    assert everything["compute"] == {**known, "expected": None, "expected_low": None, "expected_high": None}
    assert (everything["regret"]["mean"], everything["lost"]["mean"], everything["material"]["mean"]) == (0, 0, 0)
    assert found["total"]["by_policy"]["asha"]["compute"]["high"] < 0.6


def test_differences_are_to_the_first_policy_or_the_one_named(curves: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    backtest("--curves", curves, *FAST, "--json", out)
    assert figures(out)["settings"]["against"] == "fast"

    table, _ = backtest("--curves", curves, *FAST, "--json", out, "--against", "full")

    by_policy = figures(out)["total"]["by_policy"]
    spent = by_policy["asha"]["compute"]["mean"] - by_policy["full"]["compute"]["mean"]
    assert by_policy["asha"]["difference"]["compute"]["mean"] == pytest.approx(spent)
    assert "difference" not in by_policy["full"]
    assert "Differences to full [95 %]:" in table


def test_a_second_run_plays_nothing_and_says_the_same(
    curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.json"
    first = backtest("--curves", curves, *FAST, "--json", out)
    written = out.read_text()
    monkeypatch.setattr("pruning.backtest.cells.simulate", None)  # playing would fail

    assert backtest("--curves", curves, *FAST, "--json", out) == first
    assert out.read_text() == written
    assert len((tmp_path / "out.json.cells.jsonl").read_text().splitlines()) == 2 * 2 * 3


def test_a_run_that_was_cut_off_goes_on(curves: Path, tmp_path: Path) -> None:
    out, work = tmp_path / "out.json", tmp_path / "out.json.cells.jsonl"
    backtest("--curves", curves, *FAST, "--json", out)
    written, lines = out.read_text(), work.read_text().splitlines()
    work.write_text("\n".join([*lines[:5], lines[5][:40]]))

    backtest("--curves", curves, *FAST, "--json", out)

    assert out.read_text() == written
    assert len(work.read_text().splitlines()) == len(lines) + 1


def test_ctrl_c_says_what_is_kept(curves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    backtest("--curves", curves, "--tasks", "toys__a", *FAST, "--json", tmp_path / "out.json")
    monkeypatch.setattr("pruning.backtest.cells.simulate", interrupted)

    told = refusal("--curves", curves, *FAST, "--json", tmp_path / "out.json")

    assert told == "Stopped after 6 of 12 cells; the same command goes on there."


def test_several_jobs_write_and_keep_the_same_as_one(curves: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    alone = backtest("--curves", curves, *FAST, "--json", one)

    together = backtest("--curves", curves, *FAST, "--json", two, "--jobs", 2)

    assert together == alone
    assert two.read_text() == one.read_text()
    kept = [path.with_name(f"{path.name}.cells.jsonl").read_text().splitlines() for path in (one, two)]
    first, second = ([json.loads(line) | {"cpu_s": 0} for line in lines] for lines in kept)
    assert second == first


def test_progress_is_shown_on_the_error_stream(curves: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("backtest", "--curves", str(curves), *FAST)

    told = capsys.readouterr()
    assert "[##############################] 12 of 12 cells: toys__b" in told.err
    assert "cells" not in told.out


@pytest.mark.parametrize("text", ["strategy: {rule: asha, eta: 4}", "policy:\n  strategy: {rule: asha, eta: 4}"])
def test_a_policy_may_be_a_file(text: str, curves: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)

    table, _ = backtest("--curves", curves, "--orders", 1, "--policies", f"full,{file}")

    assert "| mine |" in table


def test_a_policy_that_does_not_fit_one_study_is_left_out_there(tmp_path: Path) -> None:
    curves = a_folder(tmp_path / "curves", {**TASKS, "toys__short": falling(20, 3)})
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"looks": [4], "strategy": {"rule": "asha"}}))
    out = tmp_path / "out.json"

    table, told = backtest("--curves", curves, "--orders", 1, "--policies", f"full,{file}", "--json", out)

    assert "skipped mine on toys__short: policy.looks[0]: 4 is not below the planned length 3" in told
    assert "| toys__short | 100 % / 0.000 / 0 % | not played |" in table
    found = figures(out)
    assert found["total"]["n_studies"] == 2
    assert list(found["studies"]["toys__short"]["by_policy"]) == ["full"]
    (skipped,) = found["skipped"]
    assert (skipped["study"], skipped["policy"]) == ("toys__short", "mine")


def test_tasks_that_cannot_be_played_are_named(tmp_path: Path) -> None:
    curves = a_folder(tmp_path / "curves", {**TASKS, "toys__one": [[3.0, 1.0]]})
    out = tmp_path / "out.json"

    _, told = backtest("--curves", curves, *FAST, "--json", out)

    assert "skipped toys__one: it has one complete curve" in told
    assert figures(out)["skipped"][0]["study"] == "toys__one"


def test_few_curves_are_warned_about(tmp_path: Path) -> None:
    _, told = backtest("--curves", a_folder(tmp_path / "curves", {"toys__few": falling(6)}), *FAST)

    assert "toys__few: Only 6 complete curves: below 15 the figures say little." in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name what to play on: --curves DIR, or --study ID"),
        (["--curves", "nowhere"], "nowhere/index.json cannot be read"),
        (["--curves", "CURVES", "--tasks", "other"], "no task whose name begins with other; it has toys__a, toys__b"),
        (["--curves", "CURVES", "--policies", "defualt"], "unknown policy 'defualt'; did you mean 'default'?"),
        (["--curves", "CURVES", "--policies", "nowhere.yaml"], "The file nowhere.yaml cannot be read"),
        (["--curves", "CURVES", "--policies", "full,full"], "names 'full' twice"),
        (["--curves", "CURVES", "--policies", ","], "--policies is empty"),
        (["--curves", "CURVES", "--against", "ray"], "--against 'ray' is none of the policies played"),
        (["--curves", "CURVES", "--orders", "0"], "--orders 0: give a number from 1 to"),
        (["--curves", "CURVES", "--jobs", "0"], "--jobs 0: give a number from 1 to"),
        (["--curves", "CURVES", "--workers", "0"], "--workers 0: give a number from 1 to"),
        (["--curves", "CURVES", "--json", "nowhere/out.json"], "a file in a folder that exists"),
        (["--curves", "CURVES", "--json", "."], "a file in a folder that exists"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], told: str, curves: Path) -> None:
    assert told in refusal(*[str(curves) if word == "CURVES" else word for word in arguments])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "mine.yaml is empty: write a policy into it, or name one of default, payoff"),
        ("policy: {}", "mine.yaml is empty"),
        ("strategy: {rule: ahsa}", "did you mean 'asha'?"),
        ("- just\n- a list", "is neither a mapping nor a preset's name"),
        ("strategy: [", "cannot be read"),
        ("looks: [40]\nstrategy: {rule: asha}", "The policy mine fits none of the studies:"),
    ],
)
def test_a_policy_file_that_cannot_be_used_is_refused(text: str, told: str, curves: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)

    assert told in refusal("--curves", curves, "--policies", file)


def a_finished_study(floors: list[float], **changes: object) -> Study:
    study = a_played_study(floors, **changes)
    stop_study(study, person="robin", note="", at=NOW)
    return study


@pytest.mark.django_db
@pytest.mark.usefixtures("judging")
def test_on_a_study_whose_trials_all_ran_to_their_end(tmp_path: Path) -> None:
    study = a_finished_study([n / 10 for n in range(16)], policy="off")
    out = tmp_path / "out.json"

    table, told = backtest("--study", study.pk, *FAST, "--json", out)

    found = figures(out)["studies"]["a study (lab)"]
    assert (found["complete"], found["censored"], found["warnings"], told) == (16, 0, [], "")
    assert found["interval_over"] == "2 orders of one study"
    assert found["by_policy"]["asha"]["lost"]["mean"] == 0.0
    assert found["by_policy"]["asha"]["compute"]["mean"] < 0.5
    assert "bootstrap over 2 orders of one study" in table


@pytest.mark.django_db
@pytest.mark.usefixtures("judging")
def test_on_a_study_that_was_pruned_figures_are_bounds(tmp_path: Path) -> None:
    study = a_finished_study([1.0, 1.1, 0.9, 1.2, 0.8, 3.0, 3.1, 3.2, 0.7])
    out = tmp_path / "out.json"

    table, told = backtest("--study", study.name, *FAST, "--json", out)

    found = figures(out)["studies"]["a study (lab)"]
    full = found["by_policy"]["full"]
    assert found["censored"] > 0
    assert full["gone_on_unseen"] > 0
    assert full["compute"]["mean"] is None
    assert full["compute"]["at_least"] < full["compute"]["at_most"] == 1.0
    assert full["regret"]["mean"] == 0.0  # what broke off was too far behind to have caught up
    assert f"{found['censored']} of 9 curves break off" in told
    assert " to 100.0 %" in table


@pytest.mark.django_db
@pytest.mark.usefixtures("judging")
def test_a_study_that_runs_is_named_and_refused_alone() -> None:
    study = a_played_study([1.0, 2.0, 3.0])

    assert "skipped a study (lab): it has not ended" in refusal("--study", study.pk)
    assert "There is no study 'other'" in refusal("--study", "other")
