"""Rules besides the budget, from a JSON file and from flags."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from app.choosing.constraint_files import read_constraints
from app.choosing.constraints import ConstraintsFile, GroupLimit, SideBudget
from app.cli.options import Rules
from app.errors import InvalidRequestError
from features.settings import DUPLICATE_FLOOR

_Number = TypeVar("_Number", int, float)

_RANGE: Final = re.compile(r"(\d*):(\d*)")


def rules_of(asked: Rules) -> ConstraintsFile:
    """Return the rules that a file and flags say together.

    Raises
    ------
    InvalidRequestError
        A file cannot be read, a flag is not as it should be, or two of them contradict each other.
    """
    file = ConstraintsFile() if asked.constraints is None else read_constraints(asked.constraints)
    flags = ConstraintsFile(
        include=_ids(asked.include, "--include"),
        exclude=_ids(asked.exclude, "--exclude"),
        labelled=_ids(asked.labelled, "--labelled"),
        min_scenes=_count(asked.min_scenes, "--min-scenes") or 0,
        max_scenes=_count(asked.max_scenes, "--max-scenes"),
        groups=tuple(map(_group_limit, asked.group_limit)),
        side_budgets=tuple(map(_side_budget, asked.side_budget)),
        one_of_each_duplicate=_similarity(asked.one_of_each_duplicate),
    )
    together = ConstraintsFile(
        include=tuple(dict.fromkeys((*file.include, *flags.include))),
        exclude=tuple(dict.fromkeys((*file.exclude, *flags.exclude))),
        labelled=tuple(dict.fromkeys((*file.labelled, *flags.labelled))),
        min_scenes=_one_of("--min-scenes", asked.min_scenes, file.min_scenes or None) or 0,
        max_scenes=_one_of("--max-scenes", asked.max_scenes, file.max_scenes),
        groups=(*file.groups, *flags.groups),
        side_budgets=(*file.side_budgets, *flags.side_budgets),
        one_of_each_duplicate=_one_of(
            "--one-of-each-duplicate", asked.one_of_each_duplicate, file.one_of_each_duplicate
        ),
    )
    if flags != ConstraintsFile():
        _require_agreement(together)
    return file if flags == ConstraintsFile() else together


def _require_agreement(rules: ConstraintsFile) -> None:
    """Refuse rules of which one takes back another."""
    for first, second in (("include", "exclude"), ("include", "labelled"), ("exclude", "labelled")):
        others = set(getattr(rules, second))
        for name in getattr(rules, first):
            if name in others:
                what = f"scene {name!r} is in --{first} and in --{second}"
                raise _contradiction(what)
    limited = {
        "--group-limit": Counter(limit.group for limit in rules.groups),
        "--side-budget": Counter(side.resource for side in rules.side_budgets),
    }
    for flag, counts in limited.items():
        for name, count in counts.items():
            if count > 1:
                what = f"{flag} limits {name!r}, which is limited already"
                raise _contradiction(what)
    most = rules.max_scenes
    if most is not None and rules.min_scenes > most:
        what = f"--min-scenes of {rules.min_scenes} is above --max-scenes of {most}"
        raise _contradiction(what)


def _contradiction(what: str) -> InvalidRequestError:
    detail = f"The constraints contradict each other: {what}."
    return InvalidRequestError(detail)


def _one_of(flag: str, given: _Number | None, in_file: _Number | None) -> _Number | None:
    """Return the number that a flag or a file gives; they may not differ."""
    if given is not None and in_file is not None and given != in_file:
        what = f"{flag} says {given} and the file of --constraints {in_file}"
        raise _contradiction(what)
    return in_file if given is None else given


def _count(given: int | None, flag: str) -> int | None:
    if given is not None and given < 0:
        detail = f"{flag} must be a whole number of at least 0, not {given}."
        raise InvalidRequestError(detail)
    return given


def _similarity(given: float | None) -> float | None:
    if given is not None and not DUPLICATE_FLOOR <= given <= 1:
        detail = (
            f"--one-of-each-duplicate lies between {DUPLICATE_FLOOR:g} and 1, not at {given:g}."
        )
        raise InvalidRequestError(detail)
    return given


def _ids(words: Sequence[str], flag: str) -> tuple[str, ...]:
    """Return ids, and those in files that are named with an @ before."""
    found: dict[str, None] = {}
    for word in words:
        found |= dict.fromkeys(_lines(Path(word[1:]), flag) if word.startswith("@") else (word,))
    return tuple(found)


def _lines(path: Path, flag: str) -> Iterable[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        detail = f"{flag}: {path} cannot be read ({reason})."
        raise InvalidRequestError(detail) from error
    return filter(None, map(str.strip, text.splitlines()))


def _group_limit(text: str) -> GroupLimit:
    group, is_sign, numbers = text.rpartition("=")
    found = _RANGE.fullmatch(numbers)
    if not (group and is_sign and found and any(found.groups())):
        detail = (
            f"--group-limit is GROUP=MIN:MAX, such as kitchen=1:3, where one of the numbers may be "
            f"left out; not {text!r}."
        )
        raise InvalidRequestError(detail)
    least, most = found.groups()
    return GroupLimit(group=group, min=int(least or 0), max=int(most) if most else None)


def _side_budget(text: str) -> SideBudget:
    resource, is_sign, amount = text.rpartition("=")
    try:
        return SideBudget(resource=resource if is_sign else "", limit=float(amount))
    except ValueError as error:  # pydantic's, too
        detail = f"--side-budget is RESOURCE=AMOUNT, such as hours=40, not {text!r}."
        raise InvalidRequestError(detail) from error
