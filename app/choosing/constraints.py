"""Rules besides the budget, as every door takes them: HTTP's JSON, and the shell's JSON files.

The models say what may be written; `constraints_of` finds the items that the names mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, Strict

from app.errors import InvalidRequestError
from app.wire import Label, Number, Wire
from features.settings import DUPLICATE_FLOOR
from solver.model.constraints import Constraints, GroupRule, Resource

Array = npt.NDArray[Any]

SceneIds = Annotated[tuple[str, ...], Field(max_length=1_000_000, fail_fast=True)]
"""Of a list that is wrong in a million places the first mistake is named, and at once."""


Similarity = Annotated[float, Field(ge=DUPLICATE_FLOOR, le=1)]
"""A cosine from which scenes count as near duplicates; smaller ones are not stored."""


class SideBudget(Wire):
    """A limit on another resource than the one of the budget."""

    resource: Label
    limit: Annotated[Number, Field(ge=0)]


SceneCount = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
"""A number of scenes; ten thousand of them add up within 64 bits."""


class GroupLimit(Wire):
    """How many scenes of a group are chosen."""

    group: str = Field(min_length=1)
    min: SceneCount = 0
    max: SceneCount | None = None


class ConstraintsRequest(Wire):
    """Rules besides the budget."""

    include: SceneIds = Field(default=(), description="Scenes that must be chosen; they are paid.")
    exclude: SceneIds = Field(default=(), description="Scenes that must not be chosen.")
    labelled: SceneIds = Field(
        default=(),
        description="Scenes that are labelled already: they count for diversity, cost nothing, "
        "and are not in the seed, though they are included, too.",
    )
    min_scenes: SceneCount = 0
    max_scenes: SceneCount | None = None
    groups: Annotated[tuple[GroupLimit, ...], Field(max_length=10_000)] = ()
    one_of_each_duplicate: Annotated[Similarity, Strict()] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,  # seeds without the rule read as they always did
        description="Of scenes whose similarity is at least this, at most one is chosen; chains of "
        "such pairs count as one group, and what looks like a labelled scene is not chosen. The "
        "groups are those of `GET /v1/datasets/{dataset_id}/duplicates`.",
        examples=[0.95],
    )


def _number_as_name(name: object) -> object:
    return str(name) if type(name) is int else name


_ItemName = Annotated[str, BeforeValidator(_number_as_name)]


class ConstraintsFile(ConstraintsRequest):
    """The rules of a JSON file: also side budgets, and numbers from 0 where items have no ids."""

    include: tuple[_ItemName, ...] = ()
    exclude: tuple[_ItemName, ...] = ()
    labelled: tuple[_ItemName, ...] = ()
    side_budgets: tuple[SideBudget, ...] = ()


_Item = Annotated[int, Field(strict=True, ge=0, lt=2**31)]


class StatedGroup(Wire):
    """A group as a certificate states it."""

    name: str
    items: tuple[_Item, ...]
    minimum: _Item
    maximum: _Item | None


class StatedResource(Wire):
    """A further budget as a certificate states it."""

    name: str
    limit: Number


class StatedConstraints(Wire):
    """Rules as a certificate states them: by item number, and with the items of each group."""

    include: tuple[_Item, ...]
    exclude: tuple[_Item, ...]
    labelled: tuple[_Item, ...]
    min_items: _Item
    max_items: _Item | None
    groups: tuple[StatedGroup, ...]
    resources: tuple[StatedResource, ...]

    @property
    def says_anything(self) -> bool:
        """Whether there is any rule."""
        counted = self.min_items > 0 or self.max_items is not None
        lists = (self.include, self.exclude, self.labelled, self.groups, self.resources)
        return counted or any(lists)


def stated_constraints(rules: StatedConstraints, resources: Mapping[str, Array]) -> Constraints:
    """Return the constraints that are stated.

    Parameters
    ----------
    rules
        As a certificate or a problem's file states them.
    resources
        Further costs by name, each of shape (n,).

    Raises
    ------
    InvalidRequestError
        A rule is about a resource that there is not.
    InvalidProblemError
        The rules contradict each other, or name an item twice.
    """
    return Constraints(
        include=np.array(rules.include, dtype=np.int64),
        exclude=np.array(rules.exclude, dtype=np.int64),
        labelled=np.array(rules.labelled, dtype=np.int64),
        min_items=rules.min_items,
        max_items=rules.max_items,
        groups=tuple(
            GroupRule(
                name=group.name,
                items=np.array(group.items, dtype=np.int64),
                minimum=group.minimum,
                maximum=group.maximum,
            )
            for group in rules.groups
        ),
        resources=tuple(_resource(resources, one.name, one.limit) for one in rules.resources),
    )


class Named(Protocol):
    """What constraints are about: items, their groups, and what they cost."""

    @property
    def n(self) -> int:
        """How many items there are."""

    @property
    def ids(self) -> Sequence[str]:
        """Their ids, or nothing."""

    @property
    def groups(self) -> Mapping[str, Array]:
        """The items of each group."""

    @property
    def resources(self) -> Mapping[str, Array]:
        """Costs by resource."""


@dataclass(frozen=True, eq=False)
class UsablePool:
    """The scenes of a pool that can be chosen, in the order of its signatures.

    Parameters
    ----------
    ids
        The n scenes.
    resources
        Costs by resource, each of shape (n,).
    group_names
        The group of each.
    """

    ids: tuple[str, ...]
    resources: dict[str, npt.NDArray[np.float64]]
    group_names: tuple[str | None, ...]

    @property
    def n(self) -> int:
        """How many scenes there are."""
        return len(self.ids)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each scene."""
        return {name: place for place, name in enumerate(self.ids)}

    @cached_property
    def groups(self) -> dict[str, npt.NDArray[np.int64]]:
        """The places of each group's scenes."""
        members: dict[str, list[int]] = {}
        for place, name in enumerate(self.group_names):
            if name is not None:
                members.setdefault(name, []).append(place)
        return {name: np.array(places, dtype=np.int64) for name, places in members.items()}

    def group_of(self, scene_id: str) -> str | None:
        """Return the group of a scene."""
        return self.group_names[self.places[scene_id]]


def constraints_of(
    items: Named, rules: ConstraintsRequest, side_budgets: Sequence[SideBudget] = ()
) -> Constraints:
    """Return constraints by item number.

    Parameters
    ----------
    items
        What the rules are about; an item without an id is named by its number from 0.
    rules, side_budgets
        As they were written. `one_of_each_duplicate` needs to know which scenes look alike: see
        `app.choosing.duplicates.one_of_each`.

    Raises
    ------
    InvalidRequestError
        Naming the member that is about an item, a group or a resource that there is not.
    InvalidProblemError
        The rules contradict each other, or name an item twice.
    """
    if rules == _FREE and not side_budgets:
        return Constraints()
    places = {name: item for item, name in enumerate(items.ids or map(str, range(items.n)))}
    return Constraints(
        include=_items(places, rules.include, "include"),
        exclude=_items(places, rules.exclude, "exclude"),
        labelled=_items(places, rules.labelled, "labelled"),
        min_items=rules.min_scenes,
        max_items=rules.max_scenes,
        groups=tuple(_group(items, limit) for limit in rules.groups),
        resources=tuple(
            _resource(items.resources, side.resource, side.limit) for side in side_budgets
        ),
    )


_FREE = ConstraintsRequest()


def _items(places: Mapping[str, int], names: Sequence[str], member: str) -> Array:
    """Return the items of a list of names, sorted, shape (k,)."""
    for name in names:
        if name not in places:
            detail = f"{member}: {name!r} is none of the items that can be chosen."
            raise InvalidRequestError(detail, f"#/constraints/{member}")
    return np.array(sorted(places[name] for name in names), dtype=np.int64)


def _group(items: Named, limit: GroupLimit) -> GroupRule:
    if limit.group not in items.groups:
        detail = f"groups: no item is of group {limit.group!r}."
        raise InvalidRequestError(detail, "#/constraints/groups")
    members = items.groups[limit.group]
    return GroupRule(name=limit.group, items=members, minimum=limit.min, maximum=limit.max)


def _resource(resources: Mapping[str, Array], name: str, limit: float) -> Resource:
    if name not in resources:
        detail = f"side_budgets: there are no costs of resource {name!r}."
        raise InvalidRequestError(detail, "#/side_budgets")
    return Resource(name=name, costs=resources[name], limit=limit)
