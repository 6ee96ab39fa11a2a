"""Put scenes together to a pool: the rules that hold between scenes, whatever their source."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from features.errors import SourceError
from features.files.json_values import is_plain
from features.limits import (
    FREE_TABLE_BYTES,
    LEAST_COST,
    MAX_ID_BYTES,
    MAX_IMAGES_OF_SCENE,
    MAX_NAME_BYTES,
    MAX_POOL_BYTES,
    MAX_SCENES,
    MAX_TABLE_PROPORTION,
    MOST_COST,
    SCENE_BYTES,
)
from features.sources.options import Refuse, at_once
from features.sources.record import DEFAULT_RESOURCE
from features.sources.scenes import PoolScene, ScenePool


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
        the only resource that all scenes share; an empty name takes the first that they share.
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
        for the resource, or one that is too large or small to work with, there is a choice of
        resources and none was named, or something is larger than :mod:`features.limits` allows.
    """
    scenes: dict[str, PoolScene] = {}
    places: dict[str, str] = {}
    size = 0
    for place, scene in placed_scenes:
        size += scene_bytes(scene)
        if len(scenes) >= MAX_SCENES or size > MAX_POOL_BYTES:
            rule = f"has more than {MAX_SCENES:,} scenes, or {MAX_POOL_BYTES:,} bytes of them"
            raise SourceError(root, rule)
        try:
            _check_names(place, scene)
            _check_sizes(place, scene)
            _check_costs(place, scene)
            _check_new(place, scene, places)
        except SourceError as error:
            refuse(error, scene.scene_id)
        else:
            scenes[scene.scene_id] = scene
            places[scene.scene_id] = place
    if not scenes:
        raise SourceError(root, "has no scenes")
    pool_resource = resource or _shared_resource(
        root, scenes.values(), any_will_do=resource is not None
    )
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


def _check_sizes(place: str, scene: PoolScene) -> None:
    """Refuse what an index of a database could not hold, or nobody could have meant."""
    _require_short(place, "scene_id", scene.scene_id, MAX_ID_BYTES)
    _require_short(place, "group", scene.group or "", MAX_ID_BYTES)
    for resource in scene.costs:
        _require_short(place, "a resource's name", resource, MAX_NAME_BYTES)
    for image in scene.images:
        _require_short(place, "sensor", image.sensor or "", MAX_NAME_BYTES)
    for name, things in (("images", scene.images), ("regions", scene.regions or ())):
        if len(things) > MAX_IMAGES_OF_SCENE:
            rule = f"has {len(things):,} {name}; up to {MAX_IMAGES_OF_SCENE:,} of a scene are read"
            raise SourceError(place, rule)


def _require_short(place: str, key: str, name: str, most: int) -> None:
    # A character has one to four bytes: most names need not be encoded to be measured.
    if 4 * len(name) > most and len(name.encode(errors="surrogatepass")) > most:
        raise SourceError(place, f"{key} must have at most {most:,} bytes, not {name[:40]!r}...")


def scene_bytes(scene: PoolScene) -> int:
    """Return about how much a scene holds: its text, and ``SCENE_BYTES`` for it and each image."""
    size = SCENE_BYTES + len(scene.scene_id) + len(scene.group or "") + len(scene.pointcloud or "")
    size += 8 * len(scene.regions or ()) + SCENE_BYTES * len(scene.costs)
    size += sum(SCENE_BYTES + len(image.uri) + len(image.sensor or "") for image in scene.images)
    for carried in (scene.external_ids, scene.meta):
        if carried:
            size += len(repr(carried))
    return size


def require_proportion(
    path: Path, placed_scenes: Iterable[tuple[str, PoolScene]]
) -> Iterator[tuple[str, PoolScene]]:
    """Pass on a file's scenes until they are far more than its size can hold: a bomb.

    Raises
    ------
    SourceError
        They are.
    """
    room = max(FREE_TABLE_BYTES, MAX_TABLE_PROPORTION * path.stat().st_size)
    for place, scene in placed_scenes:
        room -= scene_bytes(scene)
        if room < 0:
            rule = (
                f"unpacks to more than {MAX_TABLE_PROPORTION} times its size and "
                f"{FREE_TABLE_BYTES:,} bytes"
            )
            raise SourceError(str(path), rule)
        yield place, scene


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


def _shared_resource(root: str, scenes: Iterable[PoolScene], *, any_will_do: bool) -> str:
    first, *others = (scene.costs for scene in scenes)
    shared = [name for name in first if all(name in costs for costs in others)]
    if DEFAULT_RESOURCE in shared:
        return DEFAULT_RESOURCE
    if not shared:
        raise SourceError(root, "the scenes share no resource, so no budget can limit them all")
    if len(shared) > 1 and not any_will_do:
        names = ", ".join(shared)
        rule = f"the scenes share several resources: name the budget's (`resource`): {names}"
        raise SourceError(root, rule)
    return shared[0]
