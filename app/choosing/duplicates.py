"""Near duplicates: groups of scenes that look alike, and the rule that one of each is enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.errors import InfeasibleError, InvalidRequestError
from features.index import SceneIndex
from solver.model.constraints import Constraints, GroupRule, Ints, Resource

_POINTER: Final = "#/constraints/one_of_each_duplicate"
_SHARED: Final = 100
"""Most limits on groups that share scenes with duplicates: each is a further budget."""

MOST_SCENES: Final = 1000
"""Scenes of a group that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateScene:
    """A scene that has near duplicates.

    Parameters
    ----------
    scene_id
        The scene.
    most_like, similarity
        The scene of its group that it looks most like, and the cosine of their mean directions.
    """

    scene_id: str
    most_like: str
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateGroup:
    """Scenes that are chained together by pairs at or above a threshold.

    Parameters
    ----------
    size
        How many there are.
    weakest
        Cosine of the least similar pair that it takes to connect them.
    scenes
        Up to 1,000 of them, in the pool's order.
    """

    size: int
    weakest: float
    scenes: tuple[DuplicateScene, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """The near duplicates of a pool, or a part of them.

    Parameters
    ----------
    recall
        What share of the nearest the index finds: 1 where nothing is missed.
    group_count, scene_count
        Of all groups.
    groups
        The largest first, then in the pool's order.
    """

    recall: float
    group_count: int
    scene_count: int
    groups: tuple[DuplicateGroup, ...]


def find_duplicates(
    index: SceneIndex,
    scene_ids: Sequence[str],
    threshold: float,
    *,
    start: int = 0,
    count: int | None = None,
) -> Duplicates:
    """Return the groups of near duplicates, from number `start` on, up to `count`.

    Parameters
    ----------
    index
        Of the scenes.
    scene_ids
        Their ids.
    threshold
        Least cosine of a pair, from `features.settings.DUPLICATE_FLOOR` to 1.
    """
    found = index.groups(threshold)
    return Duplicates(
        recall=index.recall,
        group_count=len(found),
        scene_count=sum(len(group.rows) for group in found),
        groups=tuple(
            DuplicateGroup(
                size=len(group.rows),
                weakest=group.weakest,
                scenes=tuple(
                    DuplicateScene(
                        scene_id=scene_ids[row],
                        most_like=scene_ids[like],
                        similarity=float(similarity),
                    )
                    for row, like, similarity in zip(
                        group.rows[:MOST_SCENES], group.nearest, group.similarities, strict=False
                    )
                ),
            )
            for group in found[start : None if count is None else start + count]
        ),
    )


def one_of_each(
    constraints: Constraints, index: SceneIndex, threshold: float, scene_ids: Sequence[str]
) -> Constraints:
    """Return the rules with another: at most one scene of every group of near duplicates.

    Chains count as one group: where a looks like b and b like c, one of the three is chosen. What
    looks like a labelled scene is not chosen, for that one is there already. A limit on a group of
    the pool that shares scenes with duplicates becomes a further budget of one a scene, for the
    solver's groups are disjoint.

    Parameters
    ----------
    constraints
        The rules besides.
    index, scene_ids
        The scenes.
    threshold
        As in `find_duplicates`.

    Raises
    ------
    InfeasibleError
        Two included scenes are duplicates, or one is a duplicate of a labelled scene; names both.
    InvalidRequestError
        A minimum is asked of a group that shares scenes with duplicates.
    """
    labelled, include = (
        constraints.labelled,
        np.setdiff1d(constraints.include, constraints.labelled),
    )
    rules, gone = [], [constraints.exclude]
    for group in index.groups(threshold):
        inside = np.intersect1d(group.rows, include)
        there = np.intersect1d(group.rows, labelled)
        if len(inside) + min(len(there), 1) > 1 and len(inside):
            other = there if len(there) else inside[1:]
            pair = scene_ids[int(inside[0])], scene_ids[int(other[0])]
            raise _contradiction(*pair, threshold, is_labelled=len(there) > 0)
        if len(there):
            gone.append(np.setdiff1d(group.rows, there))
        else:
            name = f"duplicates of {scene_ids[int(group.rows[0])]}"
            rules.append(GroupRule(name=name, items=group.rows, maximum=1))
    kept, counted = _beside(constraints.groups, rules, len(scene_ids))
    return replace(
        constraints,
        exclude=np.unique(np.concatenate(gone)),
        groups=(*kept, *rules),
        resources=(*constraints.resources, *counted),
    )


def _contradiction(
    first: str, second: str, threshold: float, *, is_labelled: bool
) -> InfeasibleError:
    where = "labelled" if is_labelled else "include"
    detail = (
        f"include has {first!r} and {where} has {second!r}, which are near duplicates "
        f"at {threshold:g}; one_of_each_duplicate allows only one of them."
    )
    return InfeasibleError(detail, _POINTER)


def _beside(
    asked: Sequence[GroupRule], rules: Sequence[GroupRule], n: int
) -> tuple[list[GroupRule], list[Resource]]:
    """Return the groups that share no scene with duplicates, and the others as budgets."""
    shared = np.zeros(n, dtype=bool)
    for rule in rules:
        shared[rule.items] = True
    kept: list[GroupRule] = []
    counted: list[Resource] = []
    for group in asked:
        if not shared[group.items].any():
            kept.append(group)
        elif group.minimum:
            detail = (
                f"Group {group.name!r} shares scenes with near duplicates; beside "
                "one_of_each_duplicate such a group may have a max, but no min."
            )
            raise InvalidRequestError(detail, "#/constraints/groups")
        elif group.maximum is not None:
            name = f"number of scenes in group {group.name!r}"
            counted.append(Resource(name=name, costs=_ones(group.items, n), limit=group.maximum))
    if len(counted) > _SHARED:
        detail = (
            f"{len(counted)} groups with a max share scenes with near duplicates; beside "
            f"one_of_each_duplicate there may be {_SHARED}."
        )
        raise InvalidRequestError(detail, "#/constraints/groups")
    return kept, counted


def _ones(items: Ints, n: int) -> np.ndarray:
    costs = np.zeros(n)
    costs[items] = 1.0
    return costs
