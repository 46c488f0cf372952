import pytest

from pruning.rules.base import Curve, Kind, SettingError
from pruning.rules.percentile import Percentile
from tests.pruning.builders import at_look


def test_the_median_rule_keeps_the_better_half() -> None:
    assert Percentile().judge(at_look(2.5, [1.0, 2.0, 3.0])).kind is Kind.STOP
    assert Percentile().judge(at_look(1.5, [1.0, 2.0, 3.0])).kind is Kind.KEEP


def test_the_best_value_so_far_is_compared_with_the_peers_best() -> None:
    facts = at_look(9.0, [1.0, 2.0, 3.0], curve=Curve.of([1, 2], [0.5, 9.0]))
    facts.peers.observe(3, 2, value=9.0, best=0.5)  # type: ignore[union-attr]  # a Population

    assert Percentile(by="best").judge(facts).kind is Kind.KEEP
    assert Percentile(by="value").judge(facts).kind is Kind.STOP


def test_only_finished_peers_count_when_asked() -> None:
    facts = at_look(2.5, [1.0, 2.0, 3.0])
    facts.peers.complete(2)  # type: ignore[union-attr]

    verdict = Percentile(peers="finished").judge(facts)

    assert verdict.kind is Kind.KEEP
    assert verdict.sentence() == (
        "Kept at step 2: val_loss 2.5000 is no worse than the best 50 % of 1 finished trial (cut 3.0000)."
    )


def test_without_finished_peers_there_is_no_verdict() -> None:
    verdict = Percentile(peers="finished").judge(at_look(2.5, [1.0, 2.0]))

    assert (verdict.kind, verdict.reason) == (Kind.ABSTAIN, "few_peers")


def test_trials_stopped_earlier_keep_the_cut_from_tightening() -> None:
    survivors_only = Percentile().judge(at_look(2.5, [1.0, 2.0, 3.0], step=4))
    with_stopped = Percentile().judge(at_look(2.5, [1.0, 2.0, 3.0], eliminated=4, step=4))

    assert (survivors_only.kind, with_stopped.kind) == (Kind.STOP, Kind.KEEP)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"keep": 0.0}, "keep: 0.0 is not between"),
        ({"keep": 100.0}, "keep: 100.0 is not between"),
        ({"by": "mean"}, "by: 'mean' is not one of"),
        ({"peers": "running"}, "peers: 'running' is not one of"),
    ],
)
def test_nonsense_is_refused(chosen: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Percentile(**chosen)  # type: ignore[arg-type]
