"""The base model: made once, the same from the same recipe."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch

from trials.trainables.locks import exclusive
from trials.trainables.lora_lm import base as base_module
from trials.trainables.lora_lm.base import Recipe, ensure_base
from trials.trainables.lora_lm.model import base_fingerprint, load_base, load_tokenizer, load_tokens
from trials.trainables.lora_lm.settings import SMALL_SETTINGS, Settings

Told = list[tuple[str, float, float]]


def small_recipe(**changes: int) -> Recipe:
    settings: Mapping[str, Any] = SMALL_SETTINGS
    return replace(Recipe.from_settings(Settings(**settings)), **changes)


def quiet(text: str, done: float, total: float) -> None:
    pass


@pytest.fixture
def base(cache: Path) -> Path:
    return ensure_base(small_recipe(), cache, threads=1, progress=quiet)


def test_the_base_is_made_once(base: Path, cache: Path) -> None:
    told: Told = []

    again = ensure_base(small_recipe(), cache, threads=1, progress=lambda *parts: told.append(parts))

    assert again == base
    assert told == []


def test_making_it_tells_how_far_it_is(tmp_path: Path) -> None:
    told: Told = []

    ensure_base(small_recipe(steps=12), tmp_path, threads=1, progress=lambda *parts: told.append(parts))

    assert [(done, total) for _, done, total in told] == [(0, 12), (10, 12), (12, 12)]


def test_another_recipe_is_another_base(base: Path, cache: Path) -> None:
    other = ensure_base(small_recipe(steps=5), cache, threads=1, progress=quiet)

    assert other != base
    assert base_fingerprint(other) != base_fingerprint(base)


def test_the_same_recipe_gives_the_same_weights(base: Path, tmp_path: Path) -> None:
    again = ensure_base(small_recipe(), tmp_path, threads=1, progress=quiet)

    assert again.name == base.name
    assert base_fingerprint(again) == base_fingerprint(base)


def test_two_that_ask_at_once_make_it_once(tmp_path: Path) -> None:
    recipe, told = small_recipe(steps=3), _Told()
    folders: list[Path] = []
    with exclusive(tmp_path / f"base-{recipe.digest()}.lock"):
        waiting = [Thread(target=lambda: folders.append(_ensure(recipe, tmp_path, told))) for _ in range(2)]
        for thread in waiting:
            thread.start()
    for thread in waiting:
        thread.join()

    assert folders[0] == folders[1]
    assert told.beginnings == 1


def test_a_failure_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(base_module, "pretrain", interrupted)

    with pytest.raises(KeyboardInterrupt):
        ensure_base(small_recipe(), tmp_path, threads=1, progress=quiet)

    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_the_manifest_says_what_it_is(base: Path) -> None:
    manifest = json.loads((base / "manifest.json").read_text())

    assert (manifest["steps"], manifest["vocabulary"], manifest["version"]) == (4, 300, base_module.RECIPE_VERSION)


def test_the_base_loads_as_any_folder_of_transformers(base: Path) -> None:
    model = load_base(base)

    assert next(model.parameters()).dtype == torch.float32
    assert load_tokenizer(base).decode(load_tokenizer(base)("héllo wörld")["input_ids"]) == "héllo wörld"


def test_tokens_are_kept_and_read_back_the_same(base: Path, tmp_path: Path) -> None:
    made, read = load_tokens(base, tmp_path), load_tokens(base, tmp_path)

    assert torch.equal(made.validation, read.validation)
    assert len(list(tmp_path.glob("tokens-*.npz"))) == 1
    assert not torch.equal(made.validation[:1000], made.corrupted[:1000])


def test_a_base_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: neither a file nor a folder"):
        base_fingerprint(tmp_path / "nowhere")


class _Told:
    """Counts how often a base was begun."""

    beginnings = 0

    def __call__(self, text: str, done: float, total: float) -> None:
        self.beginnings += text == "training the tokenizer"


def _ensure(recipe: Recipe, cache: Path, told: _Told) -> Path:
    return ensure_base(recipe, cache, threads=1, progress=told)
