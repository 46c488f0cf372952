"""Loss, calibration and chunks."""

import math
from types import SimpleNamespace

import pytest
import torch

from trials.trainables.lora_lm.diagnostics import calibration_error, chunk_offsets, evaluate, perplexity


class Fixed:
    """A model that gives every token of a vocabulary of four the same logits."""

    def __init__(self, logits: list[float]) -> None:
        self.logits = torch.tensor(logits)

    def eval(self) -> None:
        """Have no training mode to leave."""

    def __call__(self, input_ids: torch.Tensor, use_cache: bool) -> SimpleNamespace:
        return SimpleNamespace(logits=self.logits.expand(*input_ids.shape, -1))


def test_a_model_that_knows_nothing_has_the_loss_of_a_uniform_guess() -> None:
    found = evaluate(Fixed([0.0] * 4), torch.arange(100) % 4, length=8, chunks=5, batch=2)

    assert found.loss == pytest.approx(math.log(4))
    assert found.perplexity == pytest.approx(4)


def test_a_model_that_is_sure_and_right_is_calibrated() -> None:
    found = evaluate(Fixed([60.0, 0.0, 0.0, 0.0]), torch.zeros(50).long(), length=8, chunks=5, batch=2)

    assert (found.loss, found.ece) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_a_model_that_is_sure_and_wrong_is_not() -> None:
    found = evaluate(Fixed([60.0, 0.0, 0.0, 0.0]), torch.ones(50).long(), length=8, chunks=5, batch=2)

    assert found.ece == pytest.approx(1.0)


def test_a_model_of_nan_is_told_as_nan() -> None:
    found = evaluate(Fixed([math.nan] * 4), torch.ones(50).long(), length=8, chunks=5, batch=2)

    assert math.isnan(found.loss)
    assert math.isnan(found.ece)
    assert math.isnan(found.perplexity)


def test_calibration_error_weighs_each_bin_by_its_tokens() -> None:
    confidence = torch.tensor([0.9, 0.9, 0.9, 0.9, 0.3, 0.3])
    hit = torch.tensor([True, True, True, False, False, False])

    # |0.75 - 0.9| on four of six tokens, |0 - 0.3| on two.
    assert calibration_error(confidence, hit) == pytest.approx((4 * 0.15 + 2 * 0.3) / 6)


def test_a_loss_too_large_for_exp_is_an_infinite_perplexity() -> None:
    assert perplexity(1e6) == math.inf


def test_chunks_are_spread_over_the_whole_text_without_overlap() -> None:
    offsets = chunk_offsets(1_001, 10, 20)

    assert (offsets[0], offsets[-1], len(offsets)) == (0, 990, 20)
    assert offsets.diff().min() >= 10


def test_there_are_no_more_chunks_than_fit() -> None:
    assert chunk_offsets(101, 10, 500).tolist() == list(range(0, 100, 10))


def test_a_text_shorter_than_a_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="chunk_length: 64 is longer than the text of 40 tokens"):
        chunk_offsets(40, 64, 1)
