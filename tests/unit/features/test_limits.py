"""The page of limits says what the module of limits says."""

import re
from pathlib import Path

import features.limits
from features.limits import Guard

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "limits.md").read_text("utf-8")
UNSAID = {"SCENE_BYTES"}
"""Constants that are part of another limit's sentence."""


def number(text: str) -> int:
    """Return a number as the page writes it."""
    return int(text.replace(",", ""))


def test_the_page_has_every_limit() -> None:
    """Each constant stands on the page, in backticks."""
    names = {name for name in vars(features.limits) if re.fullmatch(r"[A-Z][A-Z_]+", name)}
    assert names - UNSAID == set(re.findall(r"`([A-Z][A-Z_]+)`", PAGE))


def test_the_page_has_the_numbers() -> None:
    """The number before a name is the constant's."""
    rows = re.findall(r"([\d,]+) \| `([A-Z][A-Z_]+)`", PAGE)
    assert len(rows) > 20
    for shown, name in rows:
        limit = getattr(features.limits, name)
        if not isinstance(limit, Guard):
            assert number(shown) == limit, name


def test_the_page_has_the_guards() -> None:
    """Seconds and mebibytes of each guard are those that hold."""
    rows = re.findall(r"\| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| `([A-Z]+_GUARD)`", PAGE)
    assert len(rows) == 5
    for seconds, memory, answer, name in rows:
        guard = getattr(features.limits, name)
        assert (number(seconds), number(memory) * 2**20) == (guard.seconds, guard.memory), name
        assert number(answer) * 2**20 == guard.answer, name
