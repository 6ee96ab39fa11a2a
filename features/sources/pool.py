"""Put scenes together to a pool: the rules that hold between scenes, whatever their source."""

from collections.abc import Iterable, Mapping
from typing import Final

from features.errors import SourceError
from features.files.json_values import is_plain
from features.sources.options import Refuse, at_once
from features.sources.record import DEFAULT_RESOURCE
from features.sources.scenes import PoolScene, ScenePool

LEAST_COST: Final = 1e-90
"""Smallest cost of a scene but for 0: what is divided by it stays finite."""

MOST_COST: Final = 1e90
"""Largest cost of a scene: sums of millions of them stay finite, and so do the sums' squares."""


def build_pool(
    kind: str,
    root: str,
    placed_scenes: Iterable[tuple[str, PoolScene]],
    *,
    resource: str | None,
    cost_origin: str,
    notes: Iterable[str] = (),
    refuse: Refuse = at_once,
) -> ScenePool:
    """Check what must hold between scenes and return the pool.

    Parameters
    ----------
    kind
        The source's kind.
    root
        What the pool was read from, for errors that concern no single scene.
    placed_scenes
        Each scene after its place (``"FILE:LINE"`` or a path), in the source's order.
    resource
        The resource that a budget limits. ``None`` takes ``"cost"`` where every scene has it, else
        the only resource that all scenes share.
    cost_origin
        Where the costs come from, for people.
    notes
        Sentences a user should read.
    refuse
        How a scene that breaks a rule is met.

    Raises
    ------
    SourceError
        There are no scenes, two share an id, a name cannot be stored as text, a scene has no cost
        for the resource, or one that is too large or small to work with, or there is a choice of
        resources and none was named.
    """
    scenes: dict[str, PoolScene] = {}
    places: dict[str, str] = {}
    for place, scene in placed_scenes:
        try:
            _check_names(place, scene)
            _check_costs(place, scene)
            _check_new(place, scene, places)
        except SourceError as error:
            refuse(error, scene.scene_id)
        else:
            scenes[scene.scene_id] = scene
            places[scene.scene_id] = place
    if not scenes:
        raise SourceError(root, "has no scenes")
    pool_resource = _shared_resource(root, scenes.values()) if resource is None else resource
    for scene in tuple(scenes.values()):
        if pool_resource not in scene.costs:
            rule = (
                f"scene {scene.scene_id!r} has no cost for the resource {pool_resource!r} "
                f"(it has {', '.join(scene.costs)})"
            )
            refuse(SourceError(places[scene.scene_id], rule), scene.scene_id)
            del scenes[scene.scene_id]
    if not scenes:
        raise SourceError(root, f"no scene has a cost for the resource {pool_resource!r}")
    return ScenePool(kind, tuple(scenes.values()), pool_resource, cost_origin, tuple(notes))


def _check_names(place: str, scene: PoolScene) -> None:
    """Refuse names from a file system that no database and no UTF-8 file could hold."""
    for name in (scene.scene_id, scene.group or "", *(image.uri for image in scene.images)):
        if not is_plain(name):
            raise SourceError(place, f"{name!r} has control characters or is not UTF-8")


def _check_costs(place: str, scene: PoolScene) -> None:
    for resource, cost in scene.costs.items():
        if cost != 0 and not LEAST_COST <= cost <= MOST_COST:
            rule = (
                f"a cost ({resource}) must be 0 or between {LEAST_COST:g} and {MOST_COST:g}, "
                f"not {cost:g}"
            )
            raise SourceError(place, rule)


def _check_new(place: str, scene: PoolScene, places: Mapping[str, str]) -> None:
    if scene.scene_id in places:
        first = places[scene.scene_id]
        raise SourceError(place, f"scene_id {scene.scene_id!r} is already used at {first}")


def _shared_resource(root: str, scenes: Iterable[PoolScene]) -> str:
    first, *others = (scene.costs for scene in scenes)
    shared = [name for name in first if all(name in costs for costs in others)]
    if DEFAULT_RESOURCE in shared:
        return DEFAULT_RESOURCE
    if not shared:
        raise SourceError(root, "the scenes share no resource, so no budget can limit them all")
    if len(shared) > 1:
        names = ", ".join(shared)
        rule = f"the scenes share several resources: name the budget's (`resource`): {names}"
        raise SourceError(root, rule)
    return shared[0]
