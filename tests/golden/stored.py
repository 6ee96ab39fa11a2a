"""Golden answers: JSON files of what the product answers today, and what is compared of an answer.

An answer is compared without what differs from run to run (ids, moments, seconds, versions, the
folders of tests), and its numbers without the digits that depend on the machine.
"""

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

FREEZE: Final = "SEEDAL_GOLDEN_FREEZE"
"""Environment variable of ``freeze.py``: answers are written, not compared."""

ANSWERS: Final = Path(__file__).parent / "answers"

DIGITS: Final = 9
"""Significant digits of a number that are compared, and its decimal places at most."""

_WIDTH: Final = 140
"""Characters of a line of a file of answers, where it can be broken."""

_HIDDEN: Final = frozenset(
    {"seconds", "created_at", "started_at", "finished_at", "request_id", "last_used_at", "prefix"}
    | {"elapsed_s", "images_per_s", "remaining_s"}
)
_ID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_TEXT: Final = (
    (re.compile(r"Usage: (python -m )?\S+"), "Usage: seedal"),
    (re.compile(r"\(([a-z_]+, )?\d+\.\d\d s\)"), r"(\1<seconds> s)"),
    (re.compile(r"( images), [\d.]+/s, \d+ s left"), r"\1"),
    (re.compile(r"\b\d(\.\d+)?e-1[2-9]\b"), "0"),
    (re.compile(r"\bsk_[\w-]+"), "sk_<key>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "<moment>"),
    (re.compile(r"(page_token=)[\w-]+"), r"\1<token>"),
)
_LONG_NUMBER: Final = re.compile(r"\d+\.\d{7,}(?:e-?\d+)?")


def rounded(number: float) -> float:
    """Return a number without the digits that depend on the machine."""
    return float(f"{round(number, DIGITS):.{DIGITS}g}")


class Plain:
    """Makes answers comparable; one object for all answers that belong together.

    Parameters
    ----------
    names
        What stands in answers, and differs from run to run, to what is written instead of it.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self._ids: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 any JSON
        """Return a JSON value as it is compared."""
        if isinstance(value, dict):
            return {self.text(name): self._member(name, inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self(inner) for inner in value]
        if isinstance(value, float):
            return rounded(value)
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """Return a text as it is compared."""
        for name, instead in self._names.items():
            text = text.replace(name, instead)
        for pattern, instead in _TEXT:
            text = pattern.sub(instead, text)
        text = _LONG_NUMBER.sub(lambda found: f"{rounded(float(found[0])):.{DIGITS}g}", text)
        return _ID.sub(lambda found: self._id(found[0]), text)

    def _member(self, name: str, value: Any) -> Any:  # noqa: ANN401 any JSON
        if name in _HIDDEN and value is not None:
            return f"<{name}>"
        if name == "versions":
            return sorted(value)
        if name == "next_page_token" and value:
            return "<token>"
        return self(value)

    def _id(self, found: str) -> str:
        return self._ids.setdefault(found, f"<id {len(self._ids) + 1}>")


class Golden:
    """The stored answers of one area: a file, an entry a question.

    Parameters
    ----------
    area
        Names the file.
    """

    def __init__(self, area: str) -> None:
        self._path = ANSWERS / f"{area}.json"

    def holds(self, question: str, answer: Any) -> None:  # noqa: ANN401 any JSON
        """Compare an answer, already plain, with the stored one; store it while freezing."""
        stored = json.loads(self._path.read_text()) if self._path.is_file() else {}
        if os.environ.get(FREEZE):
            stored[question] = answer
            self._path.write_text(_written(stored) + "\n")
            return
        if question not in stored:
            pytest.fail(f"{self._path.name} has no answer to {question!r}: freeze it first")
        before, now = _written(stored[question]), _written(answer)
        if before != now:
            lines = difflib.unified_diff(before.split("\n"), now.split("\n"), "golden", "now", "")
            difference = "\n".join(line.rstrip("\n") for line in lines)
            pytest.fail(f"{self._path.name}, {question!r} changed:\n{difference}", pytrace=False)

    def holds_if_known(self, question: str, answer: Any) -> None:  # noqa: ANN401 any JSON
        """Compare as :meth:`holds`; skip a question that depends on a machine not seen before."""
        known = self._path.is_file() and question in json.loads(self._path.read_text())
        if not known and not os.environ.get(FREEZE):
            pytest.skip(f"{question}: not frozen")
        self.holds(question, answer)

    def has_no_others(self, questions: set[str]) -> None:
        """Hold that the file answers these questions and no further one."""
        assert set(json.loads(self._path.read_text())) == questions


def _written(content: Any, indent: str = "") -> str:  # noqa: ANN401 any JSON
    """Return JSON with a line for whatever fits into one, so that a change is easy to see."""
    line = json.dumps(content, sort_keys=True, ensure_ascii=False)
    if not isinstance(content, dict | list) or len(indent) + len(line) <= _WIDTH:
        return line
    inner = f"{indent} "
    if isinstance(content, list):
        parts = [_written(part, inner) for part in content]
        return f"[\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}]"
    named = [(json.dumps(name, ensure_ascii=False), content[name]) for name in sorted(content)]
    parts = [f"{name}: {_written(part, inner)}" for name, part in named]
    return f"{{\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}}}"
