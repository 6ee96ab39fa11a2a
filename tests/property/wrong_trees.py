"""Wrong certificates: the tree, and what decides items."""

from __future__ import annotations

from collections.abc import Iterator

from bases import FEASIBLE, Base
from bending import Bend, Wrong, lesser, put, tree
from small_certificates import Json, Maker


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


def _takes_the_unaffordable(b: Base) -> None:
    """Take what is worth a lot and costs too much: nothing is left, and nothing is proven."""
    fixed = {*b.rules["include"], *b.rules["exclude"], *b.rules["labelled"], *b.cert["selected"]}
    item = next(i for i in range(b.cert["problem"]["items"]) if i not in fixed)
    b.arrays["costs"][item] = 2.0 * b.cert["budget"]
    b.arrays["profits"] = b.arrays["profits"].astype(float)
    b.arrays["profits"][item] = 1e6
    b.rename()
    bound = {"point": 0, "multipliers": {}, "taken": [item], "refused": []}
    b.cert["proof"]["tree"] = [bound, {"end": "empty", "multipliers": {}}]
    lesser(b)


def wrong_trees() -> Iterator[tuple[str, Wrong]]:
    """Yield trees that leave something out."""
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
    rule = "What a bound is: what the rules refuse is worth nothing"
    yield "an item that no budget buys is taken", Wrong(rule, "pairs", _takes_the_unaffordable)
    for kind, name in {
        "item": "signatures", "number": "signatures", "total": "signatures",
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
    closed = put("@end.end", "closed")
    yield "an empty end of another name", Wrong(rule, "signatures", closed)
    total = tree(lambda b: [{"total": 1.0}, *b.tree, *b.tree])
    yield "a total of pairs", Wrong("The tree: total, signatures only", "pairs", total)
    yield "a tree that is an object", Wrong(rule, "signatures", put("proof.tree", {}))
