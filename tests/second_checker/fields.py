"""JSON that means one thing only: no name twice, no NaN, no field that nobody asked for."""

import json
import math
from itertools import pairwise
from typing import Any, NoReturn

from second_checker.refusing import Refused, need, refuse


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    need(len(found) == len(pairs), "A name occurs twice in one JSON object.")
    return found


def _constant(name: str) -> NoReturn:
    refuse(f"{name} is no number.")


def parsed(text: bytes | str) -> Any:  # noqa: ANN401  # JSON is anything
    """Return what a JSON text says.

    Raises
    ------
    Refused
        It is no JSON, or says something twice, or has NaN or an infinity.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_constant)
    except Refused:
        raise
    except (ValueError, RecursionError) as error:
        refuse(f"No JSON: {error}")


def fields(
    value: object, where: str, required: set[str], optional: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return an object that has the fields it must have, and no others."""
    need(type(value) is dict, f"{where} is no object.")
    names = set(value)
    need(names >= required, f"{where} lacks {sorted(required - names)}.")
    unknown = names - required - optional
    need(not unknown, f"{where} has the unknown fields {sorted(map(str, unknown))}.")
    return value


def number(value: object, where: str) -> float:
    """Return a finite number as float64."""
    need(type(value) in {int, float}, f"{where} is no number.")
    try:
        found = float(value)
    except OverflowError:
        refuse(f"{where} is too large.")
    need(math.isfinite(found), f"{where} is not finite.")
    return found


def at_least_0(value: object, where: str) -> float:
    """Return a number that is not negative."""
    found = number(value, where)
    need(found >= 0, f"{where} is negative.")
    return found


def whole(value: object, where: str, least: int | None = None) -> int:
    """Return a whole number that is written as one."""
    need(type(value) is int, f"{where} is no whole number.")
    need(value <= 2**53, f"{where} is too large.")
    need(least is None or value >= least, f"{where} is below {least}.")
    return value


def text(value: object, where: str) -> str:
    """Return a string."""
    need(type(value) is str, f"{where} is no string.")
    return value


def listed(value: object, where: str) -> list[Any]:
    """Return a list."""
    need(type(value) is list, f"{where} is no list.")
    return value


def items(value: object, where: str, n: int) -> list[int]:
    """Return item numbers from 0 to n - 1, ascending, none twice."""
    found = [whole(item, where, 0) for item in listed(value, where)]
    need(all(a < b for a, b in pairwise(found)), f"{where} must ascend.")
    need(not found or found[-1] < n, f"{where} names an item that is not there.")
    return found
