"""What wrong certificates are written with: one bend of a valid base each.

Where a rule is about what is hashed, the hash is written anew, so that it is not what fails.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from bases import Base, base
from small_certificates import Json
from small_truth import keeps, worth

Bend = Callable[[Base], None]
HUGE = 1.7e308


@dataclass(frozen=True)
class Wrong:
    """One wrong certificate.

    Parameters
    ----------
    rule
        The rule of the page that it breaks: its heading, and what of it.
    base
        The valid certificate that it is made of.
    bend
        What is done to it, in place.
    """

    rule: str
    base: str
    bend: Bend

    def made(self) -> Base:
        """Return the wrong certificate and its problem."""
        bent = base(self.base)
        self.bend(bent)
        return bent


def at_path(b: Base, path: str) -> Any:
    """Return what lies at a path like ``proof.points.0``; ``bound``, ``taken`` ... are nodes."""
    here: Any = b.cert
    for step in filter(None, path.split(".")):
        if step.startswith("@"):
            here = b.node(*step[1:].split("+"))
        else:
            here = here[int(step) if isinstance(here, list) else step]
    return here


def put(path: str, value: Any, *, rename: bool = False) -> Bend:
    """Return a bend that writes a value at a path; with `rename`, and then the hash."""
    where, _, name = path.rpartition(".")

    def bend(b: Base) -> None:
        there = at_path(b, where)
        found = value(b) if callable(value) else value
        there[int(name) if isinstance(there, list) else name] = found
        if rename:
            b.rename()

    return bend


def array(name: str, change: Callable[[np.ndarray], Any]) -> Bend:
    """Return a bend of one array of the problem; the hash is written anew if that can be."""

    def bend(b: Base) -> None:
        b.arrays[name] = np.asarray(change(b.arrays[name].copy()))
        b.rename()

    return bend


def text(change: Callable[[str], str]) -> Bend:
    """Return a bend of the certificate's text."""

    def bend(b: Base) -> None:
        before = json.dumps(b.cert)
        b.text = change(before)
        assert b.text != before

    return bend


def of_points(change: Callable[[np.ndarray], Any], dtype: str = "<f8") -> Bend:
    """Return a bend of the numbers of the first block."""

    def bend(b: Base) -> None:
        first = b.cert["proof"]["points"][0]
        values = np.frombuffer(base64.b64decode(first["values"]), dtype=first["dtype"]).copy()
        bent = np.asarray(change(values), dtype=dtype)
        first["values"] = base64.b64encode(bent.tobytes()).decode()
        first["dtype"] = dtype

    return bend


def writing(place: int | slice, value: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a change that writes a number at a place, or a slice, of an array."""

    def change(values: np.ndarray) -> np.ndarray:
        values.ravel()[place] = value
        return values

    return change


def rename_if_possible(b: Base) -> None:
    """Write the hash anew, unless what is bent cannot be hashed."""
    with suppress(KeyError, TypeError, ValueError, AttributeError):
        b.rename()


def adding(path: str, name: str, value: Any) -> Bend:
    """Return a bend that adds a field."""

    def bend(b: Base) -> None:
        at_path(b, path)[name] = value
        if path.startswith("constraints"):
            rename_if_possible(b)

    return bend


def number(path: str, value: Any) -> Bend:
    """Return a bend that writes a number, with the hash written anew where it is hashed."""
    bend = put(path, value)

    def both(b: Base) -> None:
        bend(b)
        if path.startswith("constraints") or path == "budget":
            rename_if_possible(b)

    return both


def lesser(b: Base) -> None:
    """State the worst selection and call it optimal; the tree stays as it is."""
    n = b.cert["problem"]["items"]
    kept = [
        [i for i in range(n) if mask >> i & 1]
        for mask in range(2**n)
        if keeps(b.arrays, b.cert["budget"], b.rules, tuple(i for i in range(n) if mask >> i & 1))
    ]
    b.choose(min(kept, key=lambda s: worth(b.arrays, [*s, *b.rules["labelled"]])))
    assert b.cert["objective"] < b.cert["upper_bound"] - 1e-3
    b.cert |= {"status": "optimal", "upper_bound": b.cert["objective"]}


def tree(change: Callable[[Base], list[Json]]) -> Bend:
    """Return a bend that writes another tree."""

    def bend(b: Base) -> None:
        b.cert["proof"]["tree"] = change(b)

    return bend


def called_infeasible(nodes: list[Json] | None) -> Bend:
    """Return a bend that calls a problem infeasible, with a tree of its own or another."""

    def bend(b: Base) -> None:
        b.cert |= {
            "status": "infeasible", "selected": [], "total_cost": None, "objective": None,
            "upper_bound": None,
        }  # fmt: skip
        if nodes is not None:
            b.cert["proof"]["tree"] = nodes

    return bend
