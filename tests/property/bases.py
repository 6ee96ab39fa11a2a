"""Valid certificates that wrong ones are made of, each with a part of everything in it."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from small_certificates import Json, Maker, fingerprint
from small_problems import draw
from small_truth import Arrays, worth

# Objective and seed: chosen so that the tree has every kind of node, and most rules are there.
_SEEDS = {
    "signatures": ("signatures", 97),
    "signatures labelled": ("signatures", 182),
    "signatures excluded": ("signatures", 205),
    "signatures infeasible": ("signatures", 294),
    "pairs": ("pairs", 338),
    "pairs labelled": ("pairs", 132),
    "pairs ruled": ("pairs", 14),
    "pairs infeasible": ("pairs", 327),
    "facility": ("facility", 225),
    "facility infeasible": ("facility", 120),
    "coverage": ("coverage", 49),
    "coverage infeasible": ("coverage", 83),
    "design": ("design", 208),
    "design infeasible": ("design", 34),
    "k_center": ("k_center", 388),
    "k_center infeasible": ("k_center", 98),
    "sum": ("sum", 350),
    "sum infeasible": ("sum", 97),
}
NAMES = tuple(_SEEDS)
FEASIBLE = ("signatures", "pairs", "facility", "coverage", "design", "k_center", "sum")


@dataclass
class Base:
    """A problem and a certificate of it, both to be bent.

    Parameters
    ----------
    arrays
        The problem's file.
    cert
        The certificate.
    text
        What is checked instead of the certificate, where a text is bent and no value.
    """

    arrays: Arrays
    cert: Json
    text: str | None = None

    @property
    def tree(self) -> list[Json]:
        """The nodes."""
        return self.cert["proof"]["tree"]  # type: ignore[no-any-return]

    @property
    def rules(self) -> dict[str, Any]:
        """The constraints."""
        return self.cert["constraints"]  # type: ignore[no-any-return]

    def node(self, *fields: str) -> Json:
        """Return the first node that has these fields, none of them empty."""
        for node in self.tree:
            if all(name in node and node[name] not in ([], {}) for name in fields):
                return node
        message = f"The base has no node with {fields}."
        raise LookupError(message)

    def rename(self) -> None:
        """Write the hash of the problem and the rules as they are now."""
        self.cert["problem"] = fingerprint(self.arrays, self.cert["budget"], self.rules)

    def choose(self, chosen: list[int]) -> None:
        """State another selection, truthfully but for the rules that it may break."""
        value = worth(self.arrays, [*chosen, *self.rules["labelled"]])
        bound = max(value, self.cert["upper_bound"])
        self.cert |= {
            "status": "feasible", "selected": chosen, "objective": value, "upper_bound": bound,
            "total_cost": float(np.float64(sum(self.arrays["costs"][chosen].tolist()))),
        }  # fmt: skip

    @property
    def content(self) -> bytes:
        """The certificate as a file."""
        return (json.dumps(self.cert) if self.text is None else self.text).encode()


@cache
def _made(name: str) -> Base:
    objective, seed = _SEEDS[name]
    arrays, budget, rules = draw(objective, seed)
    return Base(arrays, Maker(arrays, budget, rules, seed=seed).make())


def base(name: str) -> Base:
    """Return a fresh copy of a base."""
    return copy.deepcopy(_made(name))
