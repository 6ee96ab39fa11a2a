"""The proof of a certificate, from what a search has written down.

A search works on the items that are left to decide, in the order of their ids. Here its steps are
lifted to the items as they were asked about, what a proof does not need is left out, and rows of
numbers about the same items are put into blocks.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from solver.search.proof_log import Bounded, Ended, ProofLog, ProofPoint, ProofStep, Split

Row: TypeAlias = tuple[npt.NDArray[np.int64], np.ndarray]
"""Items, ascending, and numbers for them."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Lift:
    """The way from a search's items to those that were asked about.

    Parameters
    ----------
    items
        The number of each item as it was asked about, shape (m,).
    bought
        How many items are chosen besides.
    covered
        The t of these and of what is labelled.
    """

    items: npt.NDArray[np.int64]
    bought: int
    covered: float

    def row(self, point: ProofPoint) -> Row:
        """Return a row about items."""
        items = self.items[point.items]
        order = np.argsort(items, kind="stable")
        return items[order], point.values[order]

    def pairs(self, point: ProofPoint) -> Row:
        """Return a row about pairs of items: the upper triangle of an antisymmetric matrix."""
        items = self.items[point.items]
        order, k = np.argsort(items, kind="stable"), len(items)
        matrix = np.zeros((k, k), dtype=point.values.dtype)
        matrix[np.triu_indices(k, 1)] = point.values
        matrix -= matrix.T
        return items[order], matrix[np.ix_(order, order)][np.triu_indices(k, 1)]


def _single(values: np.ndarray) -> np.ndarray:
    """Return numbers as float32 where that loses nothing."""
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    return short if (short == values).all() else values.astype(np.float64)


class _Blocks:
    """Rows about the same items, in the order in which such items first came."""

    def __init__(self) -> None:
        self._items: list[tuple[npt.NDArray[np.int64], list[np.ndarray]]] = []
        self._places: dict[tuple[bytes, str], int] = {}
        self._where: list[tuple[int, int]] = []

    def add(self, items: npt.NDArray[np.int64], values: np.ndarray) -> int:
        """Keep a row; return a number for it, which `numbers` turns into the final one."""
        values = _single(values)
        key = (items.tobytes(), values.dtype.str)
        if key not in self._places:
            self._places[key] = len(self._items)
            self._items.append((items, []))
        block = self._places[key]
        rows = self._items[block][1]
        rows.append(values)
        self._where.append((block, len(rows) - 1))
        return len(self._where) - 1

    def numbers(self) -> list[int]:
        """Return the final number of each row."""
        firsts = np.cumsum([0, *(len(rows) for _, rows in self._items)])
        return [int(firsts[block]) + row for block, row in self._where]

    def document(self) -> list[dict[str, Any]]:
        """Return the blocks as JSON."""
        return [
            {
                "items": items.tolist(),
                "rows": len(rows),
                "dtype": "<f4" if rows[0].dtype == np.float32 else "<f8",
                "values": base64.b64encode(
                    np.concatenate(rows).astype(rows[0].dtype.newbyteorder("<")).tobytes()
                ).decode(),
            }
            for items, rows in self._items
        ]


def _open_below(log: ProofLog) -> list[bool]:
    """Return for each node whether it leaves an end that nothing in it closes."""
    leaves = [True] * len(log.steps)
    for node, step in reversed(list(log.preorder())):
        if isinstance(step, Split):
            leaves[node] = any(leaves[child] for child in step.children)
        elif isinstance(step, Bounded):
            leaves[node] = not step.closes and leaves[step.child]
        elif isinstance(step, Ended):
            leaves[node] = False
    return leaves


def _needed(log: ProofLog) -> Iterator[ProofStep | None]:
    """Yield the steps in preorder, without bounds that neither decide nor close anything.

    Where an end stays open, what is above it is its only bound, and is kept.
    """
    leaves = _open_below(log)
    stack = [0]
    while stack:
        node = stack.pop()
        step = log.steps[node]
        if isinstance(step, Split):
            yield step
            stack += [step.children[1], step.children[0]]
        elif isinstance(step, Bounded):
            decides = bool(len(step.taken) or len(step.refused))
            if step.closes:
                yield step
                yield None
                continue
            if decides or leaves[step.child]:
                yield step
            stack.append(step.child)
        else:
            yield step


def _undecided(log: ProofLog) -> Iterator[ProofStep | None]:
    """Yield the steps in preorder down to the first bounds that decide something, without that."""
    stack = [0]
    while stack:
        step = log.steps[stack.pop()]
        if isinstance(step, Bounded):
            yield replace(step, closes=True)
            yield None
            continue
        if isinstance(step, Split):
            stack += [step.children[1], step.children[0]]
        yield step


class _Writer:
    """The tree of a proof, and the blocks of its points, as they grow."""

    def __init__(self, log: ProofLog, lift: Lift, rows: Callable[[ProofPoint], Row]) -> None:
        self._log, self._lift, self._rows = log, lift, rows
        self._known: dict[int, int] = {}
        self._tree: list[dict[str, Any]] = []
        self._blocks = _Blocks()

    def add(self, step: ProofStep | None) -> None:
        """Write a step; None is an end that what is above it bounds."""
        if isinstance(step, Split):
            self._tree.append(_split(step, self._lift))
        elif isinstance(step, Bounded):
            self._tree.append(self._bound(step))
        elif isinstance(step, Ended):
            self._tree.append({"end": "empty", "multipliers": dict(step.multipliers)})
        else:
            self._tree.append({"end": "bounded"})

    def _bound(self, step: Bounded) -> dict[str, Any]:
        if step.point not in self._known:
            self._known[step.point] = self._blocks.add(*self._rows(self._log.points[step.point]))
        # What closes a node need not decide anything in it.
        taken, refused = ([], []) if step.closes else (list(step.taken), list(step.refused))
        entry: dict[str, Any] = {
            "point": self._known[step.point],
            "multipliers": dict(step.multipliers),
            "taken": sorted(self._lift.items[taken].tolist()),
            "refused": sorted(self._lift.items[refused].tolist()),
        }
        if step.scale != 1.0:
            entry["scale"] = step.scale
        if step.shift >= 0:
            entry["shift"] = step.shift
        return entry

    def document(self) -> dict[str, Any]:
        """Return tree and points as JSON, the rows numbered through all blocks."""
        numbers = self._blocks.numbers()
        for node in self._tree:
            if "point" in node:
                node["point"] = numbers[node["point"]]
        return {"tree": self._tree, "points": self._blocks.document()}


def proof_document(
    log: ProofLog,
    lift: Lift,
    rows: Callable[[ProofPoint], Row],
    *,
    totals: bool,
    decisions: bool = True,
) -> dict[str, Any]:
    """Return the proof of a certificate as JSON.

    Parameters
    ----------
    log
        What a search wrote down.
    lift
        To the items as they were asked about.
    rows
        Lifts a row of numbers.
    totals
        Whether the objective has a t.
    decisions
        Whether bounds decide items; where they do not, the proof ends with the first ones.
    """
    writer = _Writer(log, lift, rows)
    for step in _needed(log) if decisions else _undecided(log):
        writer.add(step)
    found = writer.document()
    if totals:
        found["top"] = (log.top + lift.covered) * (1.0 + 1e-11)
        found["shifts"] = [
            {"items": np.sort(lift.items[shift.items]).tolist(), "value": shift.value}
            for shift in log.shifts
        ]
    return found


def _split(step: Split, lift: Lift) -> dict[str, Any]:
    if step.kind == "item":
        return {"item": int(lift.items[int(step.at)])}
    if step.kind == "number":
        return {"number": int(step.at) + lift.bought}
    return {"total": step.at + lift.covered}
