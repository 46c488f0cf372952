"""The small parts of a page as markup."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template

from trials.pages.parts import ParamPlace, RankBar, Run, Share, Spared, Spark, Track, WrongStops
from trials.templatetags import look

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def drawn(source: str, **context: object) -> str:
    return Template("{% load look %}" + source).render(Context(context))


def test_a_glyph_says_what_it_means() -> None:
    assert "<title>stopped for risk</title>" in drawn("{% glyph 'risk' %}")


def test_a_glyph_beside_its_word_is_decoration() -> None:
    markup = drawn("{% glyph 'risk' '' %}")

    assert 'aria-hidden="true"' in markup
    assert "<title>" not in markup


def test_a_glyph_nobody_drew_becomes_a_dash() -> None:
    assert "#g-abstain" in drawn("{% glyph kind %}", kind='"><script>')


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{% shares value %}", [Share("finished", 3), Share("failed", 1)]),
        ("{% meter value 'speed' 'outpaced' %}", 0.4),
        ("{% interval value %}", WrongStops(0, 15, 0.0, 0.22)),
        ("{% spark value %}", Spark([3.0, 2.0, 2.5], best=True)),
        ("{% place value %}", 0.5),
        ("{% place_among value 'speed' %}", ParamPlace("lr", "1", place=0.2, others=[0.1], best=0.9)),
        ("{% track value %}", Track(4, 16, (4, 8))),
        ("{% rank value %}", RankBar(3, 9, 3)),
        ("{% strip value 0.3 %}", [Spared(7, "/7", 0.5)]),
    ],
    ids=lambda value: value.split()[1] if isinstance(value, str) else "",
)
def test_no_drawing_carries_a_style(source: str, value: object) -> None:
    markup = drawn(source, value=value)

    assert "<svg" in markup
    assert "style" not in markup


def test_a_bar_says_its_counts_to_a_reader() -> None:
    markup = drawn("{% shares value %}", value=[Share("finished", 3), Share("speed", 12)])

    assert "3 finished, 12 stopped for speed" in markup


def test_a_sentence_is_escaped_and_keeps_its_weight() -> None:
    runs = [Run("<b>x</b>"), Run("2", strong=True), Run("trial 3", url="/3?a=1&b=2")]
    markup = drawn("{% include 'components/testimony.html' with paragraphs=value %}", value=[runs])

    assert "&lt;b&gt;x&lt;/b&gt;<strong>2</strong>" in markup
    assert 'href="/3?a=1&amp;b=2"' in markup


def test_no_control_trial_is_no_evidence_and_never_a_bare_zero() -> None:
    assert "No evidence yet: no control trial met a cut." in drawn(
        "{% include 'components/wrong_stops.html' with wrong=value %}", value=WrongStops(0, 0)
    )


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.666, "67\u202f%"), (0.004, "<\u202f1\u202f%"), (0.0, "0\u202f%"), (None, "–"), (math.nan, "–")],
)
def test_a_share_reads_as_a_percentage(share: float | None, text: str) -> None:
    assert look.percent(share) == text


def test_an_upper_limit_is_rounded_up() -> None:
    assert look.at_most(0.2181) == "22\u202f%"
    assert look.interval_range(WrongStops(0, 15, 0.0, 0.2181)) == "0–22\u202f%"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=2), "2 s ago"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(hours=20), "yesterday 16:00"),
        (timedelta(days=20), "13 Feb"),
        (timedelta(days=400), "29 Jan 2025"),
        (timedelta(seconds=-5), "0 s ago"),  # another machine's clock
    ],
)
def test_a_moment_is_told_in_the_fewest_words(before: timedelta, text: str) -> None:
    assert look.since(NOW - before, NOW) == text


@pytest.mark.parametrize(("name", "letters"), [("mira.kern", "MK"), ("ada", "A"), ("", "?")])
def test_a_person_is_shown_by_initials(name: str, letters: str) -> None:
    assert look.initials(name) == letters


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (15_438, "15,438"), ("10,000+", "10,000+")])
def test_thousands_stand_apart(count: int | str, text: str) -> None:
    assert look.grouped(count) == text
