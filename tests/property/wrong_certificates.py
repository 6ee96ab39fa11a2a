"""Wrong certificates by hand: each breaks one rule of docs/certificate.md, and is named after it.

Where a rule is about what is hashed, the hash is written anew, so that it is not what fails.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from bases import FEASIBLE, Base, base
from small_certificates import Json, Maker, block
from small_truth import keeps, worth

Bend = Callable[[Base], None]
_HUGE = 1.7e308


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


def _at(b: Base, path: str) -> Any:  # noqa: ANN401
    """Return what lies at a path like ``proof.points.0``; ``bound``, ``taken`` ... are nodes."""
    here: Any = b.cert
    for step in filter(None, path.split(".")):
        if step.startswith("@"):
            here = b.node(*step[1:].split("+"))
        else:
            here = here[int(step) if isinstance(here, list) else step]
    return here


def put(path: str, value: Any, *, rename: bool = False) -> Bend:  # noqa: ANN401
    """Return a bend that writes a value at a path; with `rename`, and then the hash."""
    where, _, name = path.rpartition(".")

    def bend(b: Base) -> None:
        there = _at(b, where)
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


def points(change: Callable[[np.ndarray], Any], dtype: str = "<f8") -> Bend:
    """Return a bend of the numbers of the first block."""

    def bend(b: Base) -> None:
        first = b.cert["proof"]["points"][0]
        import base64  # noqa: PLC0415

        values = np.frombuffer(base64.b64decode(first["values"]), dtype=first["dtype"]).copy()
        bent = np.asarray(change(values), dtype=dtype)
        first["values"] = base64.b64encode(bent.tobytes()).decode()
        first["dtype"] = dtype

    return bend


def _set(place: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values.ravel()[place] = value
        return values

    return change


# --- Fields, for every object of a certificate -------------------------------------------------

_OBJECTS = {
    "the certificate": ("signatures", ""),
    "problem": ("signatures", "problem"),
    "constraints": ("signatures", "constraints"),
    "a group": ("signatures", "constraints.groups.0"),
    "a resource": ("signatures", "constraints.resources.0"),
    "proof": ("signatures", "proof"),
    "proof of pairs": ("pairs", "proof"),
    "proof of k_center": ("k_center", "proof"),
    "a block": ("signatures", "proof.points.0"),
    "a shift": ("signatures", "proof.shifts.0"),
    "a branch on an item": ("signatures", "@item"),
    "a branch on a number": ("signatures", "@number"),
    "a branch on a total": ("signatures", "@total"),
    "a bound": ("signatures", "@point"),
    "an empty end": ("signatures", "@end+multipliers"),
}
_OPTIONAL = {"scale", "shift"}


def _lacking(path: str, name: str) -> Bend:
    def bend(b: Base) -> None:
        there = _at(b, path)
        del there[name]
        if path.startswith("constraints"):
            _try_rename(b)

    return bend


def _try_rename(b: Base) -> None:
    try:
        b.rename()
    except (KeyError, TypeError, ValueError, AttributeError):
        pass  # what is bent cannot be hashed: the old hash stays


def _extra(path: str, name: str, value: Any) -> Bend:  # noqa: ANN401
    def bend(b: Base) -> None:
        _at(b, path)[name] = value
        if path.startswith("constraints"):
            _try_rename(b)

    return bend


def _twice(path: str) -> Bend:
    """Return a bend that writes the first field of an object a second time, with its own value."""

    def bend(b: Base) -> None:
        there = _at(b, path)
        name = next(iter(there))
        there["@twice"] = there[name]
        b.text = json.dumps(b.cert).replace('"@twice"', json.dumps(name))

    return bend


def _fields() -> Iterator[tuple[str, Wrong]]:
    for what, (name, path) in _OBJECTS.items():
        for field in list(_at(base(name), path)):
            if field not in _OPTIONAL:
                rule = "What is refused: a missing field"
                yield f"{what} lacks {field}", Wrong(rule, name, _lacking(path, field))
        extra = _extra(path, "comment", "hello")
        yield f"{what} has a field more", Wrong("What is refused: an unknown field", name, extra)
        rule = "The certificate: no name of a field occurs twice"
        yield f"{what} has a field twice", Wrong(rule, name, _twice(path))
    for name in ("pairs", "facility", "coverage", "design", "k_center", "sum"):
        for field, value in (("top", 100.0), ("shifts", [])):
            bend = _extra("proof", field, value)
            rule = "The certificate: top and shifts of signatures only"
            yield f"{name} has {field}", Wrong(rule, name, bend)


# --- Numbers: what each may be -----------------------------------------------------------------

_NUMBERS = {
    "budget": "signatures",
    "total_cost": "signatures",
    "objective": "signatures",
    "upper_bound": "signatures",
    "constraints.resources.0.limit": "signatures",
    "proof.top": "signatures",
    "proof.shifts.0.value": "signatures",
    "@total.total": "signatures",
    "@scale.scale": "signatures",
    "@point+multipliers.multipliers.budget": "signatures",
    "@end+multipliers.multipliers.budget": "signatures",
}
_WHOLES = {
    "problem.items": "signatures",
    "constraints.include.0": "signatures",
    "constraints.exclude.0": "signatures excluded",
    "constraints.labelled.0": "signatures labelled",
    "constraints.min_items": "signatures",
    "constraints.max_items": "signatures",
    "constraints.groups.0.items.0": "signatures",
    "constraints.groups.0.minimum": "signatures",
    "constraints.groups.0.maximum": "signatures",
    "selected.0": "signatures",
    "proof.points.0.items.0": "signatures",
    "proof.points.0.rows": "signatures",
    "proof.shifts.0.items.0": "signatures",
    "@item.item": "signatures",
    "@number.number": "signatures",
    "@point.point": "signatures",
    "@shift.shift": "signatures",
    "@taken.taken.0": "signatures",
    "@refused.refused.0": "signatures",
}


def _number(path: str, value: Any) -> Bend:  # noqa: ANN401
    bend = put(path, value)

    def both(b: Base) -> None:
        bend(b)
        if path.startswith("constraints") or path == "budget":
            _try_rename(b)

    return both


def _numbers() -> Iterator[tuple[str, Wrong]]:
    kinds = {
        "is a boolean": True, "is a string": "1", "is null": None, "is a list": [1.0],
        "is NaN": math.nan, "is infinite": math.inf, "is minus infinity": -math.inf,
    }  # fmt: skip
    for path, name in (_NUMBERS | _WHOLES).items():
        for kind, value in kinds.items():
            if kind == "is null" and path.endswith("max_items") or path.endswith("maximum"):
                continue
            rule = "The certificate: a number is finite and no boolean"
            yield f"{path} {kind}", Wrong(rule, name, _number(path, value))
    for path, name in _WHOLES.items():
        rule = "The certificate: an item is a whole number"
        yield f"{path} is 0.5", Wrong(rule, name, _number(path, 0.5))
        if not path.endswith(".number"):
            yield f"{path} is -1", Wrong(rule, name, _number(path, -1))
    for path in ("include.0", "exclude.0", "labelled.0", "groups.0.items.0"):
        path = f"constraints.{path}"  # noqa: PLW2901
        bend = _number(path, lambda b: b.cert["problem"]["items"])
        yield f"{path} is n", Wrong("The certificate: items are 0 to n - 1", _WHOLES[path], bend)
    for path in ("selected.-1", "proof.points.0.items.4", "proof.shifts.0.items.1", "@item.item"):
        bend = _number(path, lambda b: b.cert["problem"]["items"])
        yield f"{path} is n", Wrong("The certificate: items are 0 to n - 1", "signatures", bend)


# --- The text ----------------------------------------------------------------------------------


def _replace(old: str, new: str) -> Bend:
    return text(lambda s: s.replace(old, new, 1))


def _texts() -> Iterator[tuple[str, Wrong]]:
    rule = "The certificate: one JSON object"
    for what, change in {
        "the file is empty": lambda _: "",
        "the file is cut off": lambda s: s[:-20],
        "something follows the object": lambda s: s + "{}",
        "a list around the object": lambda s: f"[{s}]",
        "a string": lambda _: '"seedal-certificate/2"',
        "a million brackets": lambda _: "[" * 1_000_000,
    }.items():
        yield what, Wrong(rule, "signatures", text(change))
    rule = "The certificate: a number is finite"
    yield "1e999 for a budget", Wrong(rule, "signatures", _replace('"budget": 1', '"budget": 1e9991'))
    huge = _replace('"item": ', '"item": 1' + "0" * 400)
    yield "an item of 400 digits", Wrong(rule, "signatures", huge)
    longer = _replace('"min_items": ', '"min_items": 1' + "0" * 5000)
    yield "a number of 5000 digits", Wrong(rule, "signatures", longer)
    for version in ("seedal-certificate/1", "seedal-certificate/3", "SEEDAL-certificate/2", "", 2):
        bend = put("format", version)
        yield f"format {version!r}", Wrong("The format has a version", "signatures", bend)


# --- The problem -------------------------------------------------------------------------------


def _store(name: str, value: Any) -> Bend:  # noqa: ANN401
    def bend(b: Base) -> None:
        b.arrays[name] = np.array(value(b) if callable(value) else value)

    return bend


def _forget(name: str) -> Bend:
    def bend(b: Base) -> None:
        del b.arrays[name]

    return bend


def _problems() -> Iterator[tuple[str, Wrong]]:
    rule = "The certificate names the problem by sha256"
    for name in FEASIBLE:
        keys = [key for key in base(name).arrays if key not in ("objective", "terms", "ids")]
        for key in keys:

            def bend(b: Base, key: str = key) -> None:
                values = b.arrays[key].astype(float)
                values.ravel()[:1] = values.ravel()[:1] * 0.5 + 0.3125
                b.arrays[key] = values

            if base(name).arrays[key].size and "sizes" not in key:
                yield f"{name}: another number in {key}", Wrong(rule, name, bend)
    yield "another objective", Wrong(rule, "signatures", put("problem.objective", "pairs"))
    yield "terms in another order", Wrong(
        rule, "sum", put("problem.objective", ["sum", "design", "coverage"])
    )
    yield "an item more", Wrong(rule, "signatures", put("problem.items", 6))
    yield "another hash", Wrong(rule, "signatures", put("problem.sha256", "0" * 64))
    yield "no hash", Wrong(rule, "signatures", put("problem.sha256", ""))
    yield "names of items appear", Wrong(
        rule, "signatures", _store("ids", lambda b: [f"x{i}" for i in range(len(b.arrays["costs"]))])
    )
    yield "another budget", Wrong(rule, "signatures", put("budget", lambda b: b.cert["budget"] + 1))
    yield "another rule", Wrong(rule, "signatures", put("constraints.min_items", 1))
    rule = "The problem: what was asked"
    yield "the file asks another budget", Wrong(rule, "signatures", _store("budget", 7.25))
    other = json.dumps({**base("signatures").rules, "min_items": 0})
    yield "the file asks other rules", Wrong(rule, "signatures", _store("constraints", other))
    yield "the file's rules are no JSON", Wrong(rule, "signatures", _store("constraints", "{"))
    yield from _files()


def _files() -> Iterator[tuple[str, Wrong]]:
    rule = "The problem: its arrays"
    negative, nan, short = _set(0, -1.0), _set(0, math.nan), (lambda v: v[:-1])
    for name, key in {
        "signatures": "weights", "facility": "similarities", "coverage": "amounts",
        "k_center": "distances",
    }.items():  # fmt: skip
        yield f"{name}: {key} below 0", Wrong(rule, name, array(key, negative))
    for name, key in {
        "facility": "demands", "coverage": "held", "k_center": "reach", "sum": "shares",
        "signatures": "costs", "design": "ridge",
    }.items():  # fmt: skip
        yield f"{name}: {key} below 0", Wrong(rule, name, array(key, negative))
    for name, key in {
        "signatures": "vectors", "pairs": "utilities", "facility": "served", "design": "factors",
        "coverage": "weights",
    }.items():  # fmt: skip
        yield f"{name}: NaN in {key}", Wrong(rule, name, array(key, nan))
        yield f"{name}: {key} too short", Wrong(rule, name, array(key, short))
        yield f"{name}: no {key}", Wrong(rule, name, _forget(key))
    uneven = _set(1, 99.0)
    yield "utilities not symmetric", Wrong(rule, "pairs", array("utilities", uneven))
    yield "utilities with a diagonal", Wrong(rule, "pairs", array("utilities", _set(0, 1.0)))
    yield "costs are booleans", Wrong(
        rule, "signatures", _store("costs", lambda b: b.arrays["costs"] > 1)
    )
    yield "costs are strings", Wrong(
        rule, "signatures", _store("costs", lambda b: b.arrays["costs"].astype(str))
    )
    yield "costs are complex", Wrong(
        rule, "signatures", _store("costs", lambda b: b.arrays["costs"] + 0j)
    )
    yield "sizes add up to less", Wrong(rule, "design", array("sizes", _set(0, 0.0)))
    yield "ridge is 0", Wrong(rule, "design", array("ridge", _set(0, 0.0)))
    yield "prior not symmetric", Wrong(rule, "design", array("prior", uneven))
    yield "prior not definite", Wrong(rule, "design", array("prior", lambda v: -v))
    yield "an objective that is none", Wrong(rule, "signatures", _store("objective", "volume"))
    yield "a sum of something else", Wrong(
        rule, "sum", _store("terms", ["coverage", "k_center"])
    )
    yield "a resource that is not there", Wrong(rule, "signatures", _forget("resource_hours"))
    yield "a resource below 0", Wrong(rule, "signatures", array("resource_hours", negative))


# --- Rules as they are stated ------------------------------------------------------------------


def _rules() -> Iterator[tuple[str, Wrong]]:
    rule, name = "The certificate: constraints", "signatures labelled"
    for path, value in {
        "budget": -1.0,
        "constraints.include": [3, 3],
        "constraints.exclude": [1, 0],
        "constraints.labelled": [2, 2],
        "constraints.groups.1.items": [5, 4, 2, 0],
        "constraints.groups.1.name": "a",
        "constraints.groups.0.name": 5,
        "constraints.resources.0.limit": -1.0,
        "constraints.groups": {},
        "constraints.resources": None,
    }.items():
        yield f"{path} is {value!r}", Wrong(rule, name, _number(path, value))
    shared = _number("constraints.groups.1.items", [0, 1, 2, 4, 5])
    yield "two groups share an item", Wrong(rule, name, shared)
    again = _number("constraints.resources", lambda b: b.rules["resources"] * 2)
    yield "a resource's name twice", Wrong(rule, name, again)
    lost = _number("constraints.resources.0.name", "days")
    yield "a resource of another name", Wrong(rule, name, lost)
    large = put("budget", _HUGE * 1.05, rename=True)
    yield "a budget that overflows", Wrong("The rules: budget", "signatures", large)


# --- The answer --------------------------------------------------------------------------------


def _selecting(breaks: str) -> Bend:
    """Return a bend that selects what breaks one rule and no other; the bound allows for it."""

    def bend(b: Base) -> None:
        n, rules, budget = b.cert["problem"]["items"], b.rules, b.cert["budget"]
        loose = json.loads(json.dumps(rules))
        spent = budget
        if breaks == "budget":
            spent = math.inf
        elif breaks.startswith("resources"):
            loose["resources"] = []
        elif breaks == "minimum":
            loose["groups"] = [{**group, "minimum": 0} for group in rules["groups"]]
        else:
            loose[breaks] = {"min_items": 0, "max_items": None}.get(breaks, [])
        for mask in range(2**n):
            chosen = tuple(i for i in range(n) if mask >> i & 1)
            if keeps(b.arrays, spent, loose, chosen) and not keeps(b.arrays, budget, rules, chosen):
                b.choose(list(chosen))
                return
        message = f"The base has no selection that breaks {breaks} alone."
        raise LookupError(message)

    return bend


def _answers() -> Iterator[tuple[str, Wrong]]:
    rule = "What is proven: the selection keeps every rule"
    for breaks, name in {
        "budget": "signatures", "resources": "signatures", "max_items": "pairs ruled",
        "min_items": "pairs ruled", "include": "signatures", "minimum": "pairs",
        "exclude": "pairs ruled", "labelled": "pairs labelled",
    }.items():  # fmt: skip
        yield f"the selection breaks {breaks}", Wrong(rule, name, _selecting(breaks))
    yield "a group has too many", Wrong(rule, "pairs", _grouped)
    rule = "The certificate: selected"
    yield "selected descends", Wrong(rule, "signatures", put("selected", [4, 2, 0]))
    yield "selected has an item twice", Wrong(rule, "signatures", put("selected", [0, 2, 2, 4]))
    yield "selected is null", Wrong(rule, "signatures", put("selected", None))
    rule = "The certificate: total_cost"
    for what, value in {"a little more": math.inf, "a little less": -math.inf}.items():
        bend = put("total_cost", lambda b, v=value: math.nextafter(b.cert["total_cost"], v))
        yield f"total_cost is {what}", Wrong(rule, "signatures", bend)
    rule = "What is proven: the worth"
    for name in FEASIBLE:
        for what, factor in {"too high": 1 + 1e-6, "too low": 1 - 1e-6}.items():
            yield f"{name}: worth {what}", Wrong(rule, name, _worth(factor))
    rule = "The certificate: upper_bound"
    lower = put("upper_bound", lambda b: b.cert["upper_bound"] - 0.1)
    yield "the bound is below the objective", Wrong(rule, "signatures", lower)
    higher = put("upper_bound", lambda b: b.cert["upper_bound"] + 0.1)
    yield "an optimal answer with a gap", Wrong("The certificate: status", "signatures", higher)
    for status in ("Optimal", "", None, "unknown", 1, ["optimal"]):
        bend = put("status", status)
        yield f"status {status!r}", Wrong("The certificate: status", "signatures", bend)
    for name in FEASIBLE:
        rule = "What is proven: no selection is worth more"
        yield f"{name}: a lesser answer is called optimal", Wrong(rule, name, _lesser)
        rule = "What is proven: infeasible"
        for what, tree in {
            "its own tree": None, "one empty end": [{"end": "empty", "multipliers": {}}],
            "no tree": [], "one bounded end": [{"end": "bounded"}],
        }.items():  # fmt: skip
            bend = _called_infeasible(tree)
            yield f"{name}: feasible called infeasible, {what}", Wrong(rule, name, bend)
        rule = "The certificate: null where the status is infeasible"
        for field in ("objective", "upper_bound", "total_cost"):
            bend = put(field, 0.0)
            yield f"{name}: infeasible with {field}", Wrong(rule, f"{name} infeasible", bend)
    selected = put("selected", [1, 2])
    yield "infeasible with a selection", Wrong(rule, "signatures infeasible", selected)
    feasible = put("status", "feasible")
    yield "infeasible called feasible", Wrong(rule, "signatures infeasible", feasible)


def _grouped(b: Base) -> None:
    """Lower a group's maximum below what is selected, and prove the rest by a tree of that."""
    rules = json.loads(json.dumps(b.rules))
    rules["groups"][1] |= {"minimum": 0, "maximum": 0}
    rules["min_items"] = 0
    made = Maker(b.arrays, b.cert["budget"], rules).make()
    chosen = b.cert["selected"]
    b.cert = made
    b.choose(chosen)


def _worth(factor: float) -> Bend:
    def bend(b: Base) -> None:
        value = b.cert["objective"] * factor
        b.cert |= {"status": "feasible", "objective": value}
        b.cert["upper_bound"] = max(value, b.cert["upper_bound"])

    return bend


def _lesser(b: Base) -> None:
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


def _called_infeasible(tree: list[Json] | None) -> Bend:
    def bend(b: Base) -> None:
        b.cert |= {
            "status": "infeasible", "selected": [], "total_cost": None, "objective": None,
            "upper_bound": None,
        }  # fmt: skip
        if tree is not None:
            b.cert["proof"]["tree"] = tree

    return bend


# --- The tree ----------------------------------------------------------------------------------


def tree(change: Callable[[Base], list[Json]]) -> Bend:
    """Return a bend that writes another tree."""

    def bend(b: Base) -> None:
        b.cert["proof"]["tree"] = change(b)

    return bend


def _swapped(kind: str) -> Bend:
    """Return a bend that swaps the children of the first branch of a kind."""

    def bend(b: Base) -> None:
        nodes = b.tree
        for start, node in enumerate(nodes):
            if kind not in node:
                continue
            first = _end_of(nodes, start + 1)
            second = _end_of(nodes, first)
            left, right = nodes[start + 1 : first], nodes[first:second]
            if left != right:
                nodes[start + 1 : second] = [*right, *left]
                return
        message = f"The base has no branch on {kind} to swap."
        raise LookupError(message)

    return bend


def _end_of(nodes: list[Json], start: int) -> int:
    """Return where the subtree that starts at a node ends."""
    left = 1
    for place in range(start, len(nodes)):
        node = nodes[place]
        left += -1 if "end" in node else 0 if "point" in node else 1
        if not left:
            return place + 1
    message = "The tree is not whole."
    raise LookupError(message)


def _decides(kind: str) -> Bend:
    """Return a bend that decides an item of the answer wrongly, with a true proof of the rest."""

    def bend(b: Base) -> None:
        n, chosen = b.cert["problem"]["items"], b.cert["selected"]
        rules = b.rules
        fixed = {*rules["include"], *rules["exclude"], *rules["labelled"]}
        options = [i for i in range(n) if i not in fixed and (i in chosen) == (kind == "refused")]
        for item in options:
            side = "exclude" if kind == "refused" else "include"
            more = {**rules, side: sorted([*rules[side], item])}
            rest = Maker(b.arrays, b.cert["budget"], more, plain=True).make()
            if rest["status"] == "infeasible" or rest["objective"] > b.cert["objective"] - 1e-6:
                continue
            node = {"point": 0, "multipliers": {}, "taken": [], "refused": []}
            node[kind] = [item]
            b.cert["proof"] = rest["proof"]
            b.tree.insert(0, node)
            return
        message = "The base has no item to decide wrongly."
        raise LookupError(message)

    return bend


def _trees() -> Iterator[tuple[str, Wrong]]:
    rule = "The tree: a branch left open, nodes left over"
    for name in FEASIBLE:
        yield f"{name}: no tree", Wrong(rule, name, tree(lambda _: []))
        yield f"{name}: the last node is missing", Wrong(rule, name, tree(lambda b: b.tree[:-1]))
        yield f"{name}: the first node is missing", Wrong(rule, name, tree(lambda b: b.tree[1:]))
        more = tree(lambda b: [*b.tree, {"end": "bounded"}])
        yield f"{name}: a node too many", Wrong(rule, name, more)
        bounded = tree(lambda _: [{"end": "bounded"}])
        yield f"{name}: bounded by nothing", Wrong("The tree: infinity", name, bounded)
        empty = tree(lambda _: [{"end": "empty", "multipliers": {}}])
        yield f"{name}: called empty at the root", Wrong("What the rules decide", name, empty)
        for kind in ("taken", "refused"):
            if name != "k_center":
                rule_of = "What a bound is: what decides items"
                wrong = Wrong(rule_of, name, _decides(kind))
                yield f"{name}: {kind} without proof", wrong
    for kind, name in {
        "item": "signatures", "number": "signatures labelled", "total": "signatures",
    }.items():  # fmt: skip
        rule = "The tree: order of the children"
        yield f"the children of {kind} change places", Wrong(rule, name, _swapped(kind))
    rule = "The tree: i is undecided"
    for what, item in {"included": 3, "labelled": 2}.items():
        bend = tree(lambda b, i=item: [{"item": i}, *b.tree, *b.tree])
        yield f"a branch on an item that is {what}", Wrong(rule, "signatures labelled", bend)
    out = tree(lambda b: [{"item": b.rules["exclude"][0]}, *b.tree, *b.tree])
    yield "a branch on an excluded item", Wrong(rule, "signatures excluded", out)
    twice = tree(lambda b: [{"item": 0}, {"item": 0}, *b.tree, *b.tree, *b.tree])
    yield "a branch on one item twice", Wrong(rule, "signatures", twice)
    rule = "What is refused: an item decided twice"
    both = put("@taken.refused", lambda b: sorted({*b.node("taken")["taken"]}))
    yield "an item is taken and refused", Wrong(rule, "signatures", both)
    taken = put("@taken.taken", lambda b: b.node("taken")["taken"] * 2)
    yield "an item is taken twice", Wrong(rule, "signatures", taken)
    again = put("@point.refused", lambda b: [b.rules["labelled"][0]])
    yield "a labelled item is refused", Wrong(rule, "signatures labelled", again)
    rule = "The tree: nodes"
    for what, node in {
        "a node of no kind": {"split": 3}, "a list for a node": [], "a null for a node": None,
        "an end of no kind": {"end": "closed"}, "an empty object": {},
        "two kinds in one node": {"item": 1, "number": 2}, "an end that ends": {"end": None},
    }.items():  # fmt: skip
        bend = tree(lambda b, node=node: [node, *b.tree[1:]])
        yield what, Wrong(rule, "signatures", bend)
    total = tree(lambda b: [{"total": 1.0}, *b.tree, *b.tree])
    yield "a total of pairs", Wrong("The tree: total, signatures only", "pairs", total)
    yield "a tree that is an object", Wrong(rule, "signatures", put("proof.tree", {}))


# --- Bounds and multipliers --------------------------------------------------------------------


def _multipliers() -> Iterator[tuple[str, Wrong]]:
    rule = "What the rules decide: signs of multipliers"
    for where, name in {"@point": "signatures", "@end+multipliers": "signatures"}.items():
        for key in ("budget", "resource hours"):
            bend = put(f"{where}.multipliers", {key: -0.01})
            yield f"{where}: {key} is negative", Wrong(rule, name, bend)
    near = put("@end.multipliers", {"point 0": 1.0})
    yield "a point's multiplier is positive", Wrong(rule, "k_center", near)
    rule = "The rules: names of multipliers"
    for key in ("budgets", "resource", "resource days", "group", "group c", "point 0", "", "hours"):
        bend = put("@point.multipliers", {key: 0.0})
        yield f"a multiplier of {key!r}", Wrong(rule, "signatures", bend)
    for key in ("point 00", "point 99", "point", "point -1"):
        bend = put("@end.multipliers", {key: 0.0})
        yield f"k_center: a multiplier of {key!r}", Wrong(rule, "k_center", bend)
    rule = "The rules: point J"
    served = put("@end.multipliers", {"point 1": -1.0})
    yield "a point that a labelled item is near to", Wrong(rule, "k_center", _near_labelled(served))
    gone = put("@end.multipliers", {"point 0": -1.0})
    yield "infeasible with a point's multiplier", Wrong(rule, "k_center infeasible", gone)
    rule = "What the rules decide: multipliers show it"
    for name in ("signatures", "pairs", "facility", "coverage", "sum"):
        bend = _robbed({})
        yield f"{name}: an empty end without its multipliers", Wrong(rule, name, bend)
        half = _robbed({"budget": 1.0})
        yield f"{name}: an empty end with half of them", Wrong(rule, name, half)
    for name in FEASIBLE:
        infeasible = f"{name} infeasible"
        bend = put("@multipliers.multipliers", {})
        yield f"{name}: infeasible without multipliers", Wrong(rule, infeasible, bend)
        for value in (_HUGE, 1e-320):
            bend = put("@multipliers.multipliers", {"budget": value})
            yield f"{name}: infeasible by {value} of the budget", Wrong(rule, infeasible, bend)
    for value in ([], None, "budget", 1.0):
        bend = put("@point.multipliers", value)
        wrong = Wrong("The tree: multipliers", "signatures", bend)
        yield f"multipliers are {value!r}", wrong


def _robbed(left: Json) -> Bend:
    return put("@end+multipliers.multipliers", left)


def _near_labelled(bend: Bend) -> Bend:
    def both(b: Base) -> None:
        r = -b.cert["upper_bound"]
        labelled = b.rules["labelled"]
        b.arrays["distances"][labelled, 1] = 0.5 * r
        b.rename()
        bend(b)

    return both


# --- Points, by objective ----------------------------------------------------------------------


def _points() -> Iterator[tuple[str, Wrong]]:
    rule = "Points: blocks"
    for what, bend in {
        "NaN in a point": points(_set(0, math.nan)),
        "infinity in a point": points(_set(0, math.inf)),
        "NaN in a point of float32": points(_set(0, math.nan), "<f4"),
        "a number too many": points(lambda v: [*v, 0.5]),
        "a number too few": points(lambda v: v[:-1]),
        "half a number too many": put(
            "proof.points.0.values", lambda b: b.cert["proof"]["points"][0]["values"][:-4]
        ),
        "no base64": put("proof.points.0.values", "????"),
        "values are a list": put("proof.points.0.values", [0.5]),
        "rows too many": put("proof.points.0.rows", 4),
        "rows too few": put("proof.points.0.rows", 2),
        "big-endian": put("proof.points.0.dtype", ">f8"),
        "whole numbers": put("proof.points.0.dtype", "<i8"),
        "no dtype": put("proof.points.0.dtype", None),
        "float32 for float64": put("proof.points.0.dtype", "<f4"),
        "items descend": put("proof.points.0.items", [4, 3, 2, 1, 0]),
        "an item twice": put("proof.points.0.items", [0, 1, 2, 3, 3]),
        "points are an object": put("proof.points", {}),
        "points are null": put("proof.points", None),
        "a block is a list": put("proof.points.0", []),
    }.items():
        yield f"block: {what}", Wrong(rule, "signatures", bend)
    rule = "What is refused: a point, block or shift that is not there"
    for name in ("signatures", "pairs", "facility", "coverage", "design", "sum"):
        bend = put("@point.point", 1000)
        yield f"{name}: a point that is not there", Wrong(rule, name, bend)
        bend = put("proof.points", [])
        yield f"{name}: no points", Wrong(rule, name, bend)
    yield "a shift that is not there", Wrong(rule, "signatures", put("@shift.shift", 1))
    yield "no shifts", Wrong(rule, "signatures", put("proof.shifts", []))
    rule = "Points: signatures: shifts"
    yield "a shift of 0", Wrong(rule, "signatures", put("proof.shifts.0.value", 0.0))
    yield "a shift below 0", Wrong(rule, "signatures", put("proof.shifts.0.value", -0.1))
    more = put("proof.shifts.0.value", lambda b: b.cert["proof"]["shifts"][0]["value"] * 1.2)
    yield "a shift above the eigenvalue", Wrong(rule, "signatures", more)
    yield "a huge shift", Wrong(rule, "signatures", put("proof.shifts.0.value", _HUGE))
    yield "a shift's item twice", Wrong(rule, "signatures", put("proof.shifts.0.items", [0, 0]))
    fewer = put("proof.shifts.0.items", [0])
    yield "a shift that lacks an undecided item", Wrong(rule, "signatures labelled", fewer)
    singular = _extra("proof", "shifts", [{"items": [0, 1, 2, 3, 4], "value": 1e-12}])
    yield "a shift of a singular matrix", Wrong(rule, "signatures", singular)
    rule = "Points: signatures: top"
    for value in (0.0, -1.0, 1e-300, -_HUGE):
        bend = put("proof.top", value)
        yield f"top is {value}", Wrong(rule, "signatures", bend)
    held = put("proof.top", lambda b: float(b.arrays["weights"][b.rules["include"]].sum()))
    yield "top counts what is taken alone", Wrong(rule, "signatures", held)
    rule = "Points: scale and shift"
    for name in ("pairs", "facility"):
        yield f"{name}: scale", Wrong(rule, name, put("@point.scale", 1.0))
    for name in ("pairs", "facility", "coverage", "design", "sum"):
        yield f"{name}: shift", Wrong(rule, name, put("@point.shift", 0))
    yield "a level below 0", Wrong("Points: facility", "facility", points(_set(0, -0.1)))
    yield "k_center with a block", Wrong(
        "Points: k_center", "k_center", put("proof.points", [block([0], [[1.0]])])
    )
    bound = {"point": 0, "multipliers": {}, "taken": [], "refused": []}
    yield "k_center with a bound", Wrong(
        "Points: k_center", "k_center", tree(lambda b: [bound, *b.tree])
    )
    for name in ("coverage", "sum"):
        bend = points(_set(slice(None), -1e6))
        yield f"{name}: a tangent left of -1", Wrong("Points: coverage", name, bend)
    yield from _forged()


def _forgery(value: float, where: str) -> Bend:
    """Return a bend that says nothing is worth having, with one huge number as its proof."""

    def bend(b: Base) -> None:
        proof = b.cert["proof"]
        node: Json = {"point": 0, "multipliers": {}, "taken": [], "refused": []}
        if where == "point":
            points(_set(slice(None), value))(b)
        elif where == "one number":
            points(_set(0, value))(b)
        elif where == "alternating":
            points(lambda v: value * (-1.0) ** np.arange(len(v)))(b)
        elif where == "multiplier":
            node["multipliers"] = {"budget": abs(value)}
        elif where == "number":
            node["multipliers"] = {"number": value}
        elif where == "both":
            node["multipliers"] = {"budget": abs(value), "number": -abs(value)}
        elif where == "scale":
            node["scale"] = value
        elif where == "top":
            proof["top"] = abs(value)
        ends = [node, {"end": "bounded"}]
        proof["tree"] = ends
        if where == "total":
            proof["tree"] = [{"total": value}, *ends, *ends]
        _lesser(b)

    return bend


def _forged() -> Iterator[tuple[str, Wrong]]:
    rule = "What is refused: any bound that is not finite when it is computed"
    anywhere = ("point", "one number", "alternating", "multiplier", "number", "both")
    for name in ("signatures", "pairs", "facility", "coverage", "design", "sum"):
        scaled = () if name in ("pairs", "facility") else ("scale",)
        ranged = ("top", "total") if name == "signatures" else ()
        for where in (*anywhere, *scaled, *ranged):
            for value in (_HUGE, -_HUGE, 1e155):
                bend = _forgery(value, where)
                yield f"{name}: {value} in {where}", Wrong(rule, name, bend)


def _every() -> dict[str, Wrong]:
    parts = (
        _fields, _numbers, _texts, _problems, _rules, _answers, _trees, _multipliers, _points,
    )  # fmt: skip
    found: dict[str, Wrong] = {}
    for part in parts:
        for name, wrong in part():
            if name in found:
                message = f"Two wrong certificates have the name {name!r}."
                raise LookupError(message)
            found[name] = wrong
    return found


WRONG = _every()
"""By name, which says what is wrong."""
