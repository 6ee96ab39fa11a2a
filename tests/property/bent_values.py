"""How any value of a JSON object can be bent: nudged, negated, made huge, renamed, repeated."""

import base64
import copy
import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

Path = tuple[str | int, ...]
_WORDS = ("", "optimal", "feasible", "infeasible", "budget", "number", "<f4", "<f8", "bounded")
_NAMES = ("item", "number", "total", "point", "end", "taken", "refused", "scale", "shift", "x")


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Yield where every value of an object lies, the object itself first."""
    yield here
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for name, child in inside:
            yield from paths(child, (*here, name))


def at(value: Any, path: Path) -> Any:
    """Return what lies at a path."""
    for step in path:
        value = value[step]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return a copy with another value at a path."""
    if not path:
        return new
    bent = copy.deepcopy(value)
    at(bent, path[:-1])[path[-1]] = new
    return bent


def _of_number(value: float) -> Iterator[Any]:
    if abs(value) > 1e300:  # a bend of a bend
        yield from (0, -value, None)
        return
    for factor in (1 + 1e-9, 1 - 1e-9, 1.01, 0.99, 0.5, 2.0, -1.0, 0.0):
        yield value * factor
    yield from (value + 1, value - 1, value + 1e-6, value - 1e-6)
    yield from (1.7e308, -1.7e308, 1e155, 5e-324, math.nan, math.inf, -math.inf)
    yield from (True, str(value), None, [value], 10**400)
    if isinstance(value, int):
        yield float(value)


def _of_text(value: str) -> Iterator[Any]:
    yield from (value + "x", value[:-1], value.upper(), None, 0)
    yield from (word for word in _WORDS if word != value)
    try:
        raw = np.frombuffer(base64.b64decode(value, validate=True), dtype="<f8").tolist()
    except ValueError:
        return
    for place in {0, len(raw) // 2, len(raw) - 1} if len(raw) else ():
        for number in (0.0, 1.0, -raw[place], raw[place] + 0.1, 1.7e308, -1e9, math.nan, math.inf):
            bent = np.array([*raw[:place], number, *raw[place + 1 :]])
            yield base64.b64encode(bent.tobytes()).decode()


def _of_list(value: list[Any]) -> Iterator[Any]:
    yield from ([], value[:-1], value[1:], value[::-1], value + value, None, {})
    for place in range(min(len(value), 4)):
        yield [*value[: place + 1], *value[place:]]
        yield [*value[:place], *value[place + 1 :]]
        other = (place + 1) % len(value)
        swapped = list(value)
        swapped[place], swapped[other] = swapped[other], swapped[place]
        yield swapped
    if all(isinstance(item, int) for item in value):
        yield from (sorted({*value, item}) for item in range(4) if item not in value)


def _of_object(value: dict[str, Any]) -> Iterator[Any]:
    yield from ({}, None, [])
    for name, held in value.items():
        left = {key: child for key, child in value.items() if key != name}
        yield left
        yield from ({**left, other: held} for other in _NAMES if other not in value)
    yield {**value, "scale": 1e6}
    yield {**value, "budget": 1.0}
    yield {**value, "number": -1.0}
    yield {"end": "bounded"}
    yield {"end": "empty", "multipliers": {}}


def bent(value: Any) -> list[Any]:
    """Return what a value can be bent to."""
    kinds = {dict: _of_object, list: _of_list, str: _of_text, int: _of_number, float: _of_number}
    found = kinds[type(value)](value) if type(value) in kinds else iter((0, 0.0, "", [], {}, 1))
    return list(found)


def some_path(value: Any, chance: random.Random) -> Path:
    """Return a path that a walk from the top takes: rare fields are met as often as the tree."""
    path: Path = ()
    while isinstance(value, dict | list) and value and (not path or chance.random() < 0.85):
        step = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        path, value = (*path, step), value[step]
    return path
