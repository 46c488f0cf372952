"""The modules that a page links to, so that its charts need no chain of requests."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from trials.templatetags import modules

FOLDER = Path(settings.BASE_DIR) / "static" / "js"


def rendered(source: str) -> str:
    return Template("{% load modules %}" + source).render(Context())


@pytest.mark.parametrize("kind", modules.CHARTS)
def test_each_kind_of_chart_has_a_module_that_draws_it(kind: str) -> None:
    text = (FOLDER / f"{modules.CHARTS[kind]}.js").read_text()
    draws = text.partition("export const draws = {")[2]

    assert f"{kind}: " in draws if draws else "export const draw = " in text


def test_a_module_is_linked_with_all_that_it_imports_each_once() -> None:
    links = rendered("{% chart_preloads 'all-curves best' %}")

    for name in ("charts", "all-curves", "best-so-far", "density", "cuts-met"):
        assert links.count(f"js/{name}.") == 1
    assert links.count("js/chart-common.") == 1
    assert "js/parallel." not in links


def test_every_import_of_a_module_is_found() -> None:
    for path in FOLDER.glob("*.js"):
        assert len(set(modules.with_imports(path.stem))) - 1 >= path.read_text().count('from "./')


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"static/js/nowhere\.js"):
        modules.with_imports("nowhere")
