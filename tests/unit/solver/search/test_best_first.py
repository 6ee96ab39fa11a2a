"""The heap and the loop of every tree, on trees that can be followed by hand."""

import math

import numpy as np
import pytest

from solver.model.problem import Mask
from solver.model.result import StopReason
from solver.model.stop import Cancelled, GapReached
from solver.search.best_first import Margin, OpenNodes, OpenTree, best_first


@pytest.mark.parametrize(
    ("youngest_first", "order"), [(False, ["a", "b", "c", "d"]), (True, ["c", "d", "a", "b"])]
)
def test_ties_are_broken_by_age_and_siblings_keep_their_order(
    youngest_first: bool,  # noqa: FBT001 - a parameter of the test
    order: list[str],
) -> None:
    """Of equal bounds the oldest nodes come first, or the youngest where a search goes deep."""
    nodes: OpenNodes[str] = OpenNodes(youngest_first=youngest_first)
    nodes.add(1.0, "a", "b")
    nodes.add(1.0, "c", "d")
    assert [node for _, node in nodes.take(0.0, 4)] == order


def test_only_what_is_above_the_target_is_taken() -> None:
    """Nodes at or below the target stay where they are, and count in the bound."""
    nodes: OpenNodes[str] = OpenNodes()
    for bound, name in ((3.0, "low"), (5.0, "high"), (4.0, "middle")):
        nodes.add(bound, name)
    assert nodes.take(3.0, 9) == [(5.0, "high"), (4.0, "middle")]
    assert (len(nodes), nodes.bound()) == (1, 3.0)
    nodes.close(3.5)
    assert nodes.bound() == 3.5


def test_refining_halves_what_binds_until_it_is_settled() -> None:
    """Ranges are halved where they bind, and left alone once their width is small enough."""
    ranges: OpenNodes[tuple[float, float]] = OpenNodes()
    ranges.add(8.0, (0.0, 8.0))

    def split(bound: float, where: tuple[float, float]) -> list[tuple[float, tuple[float, float]]]:
        low, high = where
        middle = 0.5 * (low + high)
        halves = [(low, middle), (middle, high)]
        return [(half[1], half) for half in halves] if bound - low > 1.0 else []

    ranges.refine(0.0, 100, split, lambda: False)
    assert ranges.top == (8.0, (7.0, 8.0))
    assert sorted(ranges) == [(0.0, 4.0), (4.0, 6.0), (6.0, 7.0), (7.0, 8.0)]


class Digits(OpenTree[tuple[int, ...]]):
    """The largest sum of three digits, each 0 to 4: bounded by what the undecided may add."""

    def __init__(self, start: float = -math.inf) -> None:
        super().__init__(np.zeros(3, dtype=bool), start, Margin())
        self.open.add(math.inf, ())

    def branch(self, taken: list[tuple[float, tuple[int, ...]]]) -> None:
        """Decide one more digit."""
        for _, node in taken:
            self.nodes += 1
            if len(node) == 3:
                self.offer(np.array(node) > 0, float(sum(node)))
                continue
            for digit in range(5):
                child = (*node, digit)
                self.open.add(float(sum(child) + 4 * (3 - len(child))), child)


def test_the_loop_ends_with_a_proof() -> None:
    """Largest bound first, four nodes are enough: those on the way to the best."""
    attempt = best_first(Digits(), GapReached(0.0))
    assert (attempt.upper_bound, attempt.stop_reason, attempt.nodes) == (
        12.0,
        StopReason.PROVEN,
        4,
    )
    assert attempt.chosen.all()


def test_the_loop_ends_at_a_number_of_nodes_and_by_a_criterion() -> None:
    """The bound holds whenever the search ends, and the reason says why it did."""
    attempt = best_first(Digits(5.0), GapReached(0.0), 2)
    assert (attempt.upper_bound, attempt.stop_reason, attempt.nodes) == (
        12.0,
        StopReason.EXHAUSTED,
        2,
    )
    stopped = best_first(Digits(5.0), Cancelled(lambda: True))
    assert (stopped.upper_bound, stopped.stop_reason) == (math.inf, StopReason.CANCELLED)


def test_an_incumbent_that_nothing_beats_is_proven_at_once() -> None:
    """Bounds within the margin of the incumbent are rounding."""
    tree = Digits(12.0)
    tree.open.take(0.0)
    tree.open.add(12.0 * (1.0 + 1e-11), ())
    attempt = best_first(tree, GapReached(0.0))
    assert (attempt.upper_bound, attempt.stop_reason, attempt.nodes) == (
        12.0,
        StopReason.PROVEN,
        0,
    )


@pytest.mark.parametrize(
    ("margin", "objective", "target"),
    [
        (Margin(), 100.0, 100.0 + 1e-8),
        (Margin(0.99, 0.0), 7.0, 7.99),
        (Margin(), -math.inf, -math.inf),
    ],
)
def test_a_margin_is_added_to_an_objective(margin: Margin, objective: float, target: float) -> None:
    """Without an incumbent every bound matters."""
    assert margin.target(objective) == target


def test_only_a_better_offer_is_taken() -> None:
    """The incumbent stays where an offer is no better."""
    tree, other = Digits(5.0), np.ones(3, dtype=bool)
    before: Mask = tree.chosen
    tree.offer(other, 5.0)
    assert tree.chosen is before
    tree.offer(other, 6.0)
    assert tree.chosen is other
