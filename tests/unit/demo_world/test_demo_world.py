import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from demo_world import materials
from demo_world.building import POINTS_PER_SQUARE_METRE, count_points, plan_building
from demo_world.furniture import piece
from demo_world.geometry import NORTH, Cuboid, Room, View
from demo_world.light import Light
from demo_world.materials import WHITE, Material, Paint
from demo_world.raycast import Solids
from demo_world.render import POINTS, Renderer
from demo_world.rooms import KINDS, Interior
from demo_world.viewpoints import viewpoints
from demo_world.world import WorldError, write_world
from features.pointclouds import read_cloud
from features.sources import open_source

SMALL = {"rooms": 4, "images_per_room": 2, "seed": 3, "size": (32, 24)}
MATERIALS = {name: value for name, value in vars(materials).items() if isinstance(value, Material)}


def a_room(*boxes: Cuboid, window: bool = False) -> Room:
    """Return a white room, 4 m x 4 m x 3 m, with a lamp in the middle of its ceiling."""
    interior = Interior((4.0, 4.0, 3.0), WHITE, WHITE)
    interior.put(boxes, 0, 0)
    if window:
        interior.windows(NORTH, 1, 1.0)
    return interior.lit("office", 1, 1)


def light_on_floor(room: Room, x: float, y: float) -> float:
    """Return the mean irradiance at a point of the floor."""
    place = np.array([[x], [y], [0.0]], np.float32)
    up = np.array([[0.0], [0.0], [1.0]], np.float32)
    return float(Light(room, Solids(room.boxes)).at(place, up).mean())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the manifest of a small world."""
    return write_world(tmp_path_factory.mktemp("demo") / "world", **SMALL)


def lines_of(manifest: Path) -> list[dict]:
    """Return the manifest's scenes."""
    return [json.loads(line) for line in manifest.read_text().splitlines()]


def test_manifest_names_readable_images_of_the_asked_size(world: Path) -> None:
    """Every scene has its pictures, at relative paths, in the size that was asked for."""
    scenes = lines_of(world)
    assert len(scenes) == 4
    for scene in scenes:
        assert scene["scene_id"].startswith(scene["group"] + "/" + scene["meta"]["type"])
        assert len(scene["images"]) == 2
        for name in scene["images"]:
            with Image.open(world.parent / name) as image:
                assert image.size == (32, 24)
                assert image.mode == "RGB"
    assert len({scene["scene_id"] for scene in scenes}) == 4


def test_every_room_has_a_cloud_of_its_surfaces(world: Path) -> None:
    """The manifest names a coloured cloud whose points lie on the room's faces or its boxes."""
    rooms = plan_building(SMALL["rooms"], SMALL["seed"])
    for scene in open_source("manifest", world).scenes:
        cloud = read_cloud(scene.pointcloud, POINTS)
        assert len(cloud.points) == cloud.total == POINTS
        assert len(np.unique(cloud.colors, axis=0)) > 100
        room = rooms[scene.scene_id]
        size = np.array(room.size)
        assert (cloud.points > -1e-3).all()
        assert (cloud.points < size + 1e-3).all()
        touches = (np.minimum(cloud.points, size - cloud.points) < 1e-3).any(axis=1)
        for box in room.furniture:
            low, high = np.array(box.low), np.array(box.high)
            within = ((cloud.points > low - 1e-3) & (cloud.points < high + 1e-3)).all(axis=1)
            deep = ((cloud.points > low + 1e-3) & (cloud.points < high - 1e-3)).all(axis=1)
            assert not deep.any()
            touches |= within
        assert touches.all()


@pytest.mark.parametrize("target", [(2.0, 3.0, 0.6), (3.9, 3.9, 0.8), (2.0, 2.0, 0.0)])
def test_a_scan_has_the_colours_that_pictures_have(target: tuple[float, float, float]) -> None:
    """A scanner's ray sees the colour that is in the middle of a picture that looks its way."""
    renderer = Renderer(a_room(Cuboid((1.5, 3.0, 0.0), (2.5, 3.5, 1.0), materials.OAK)))
    view = View((2.0, 1.0, 1.6), target)
    ray = np.subtract(view.target, view.eye)
    direction = (ray / np.linalg.norm(ray))[:, None].astype(np.float32)
    places, colours = renderer._touched(view, direction, 0.009)
    seen = renderer.picture(view, (192, 144))[71:73, 95:97].mean(axis=(0, 1))
    assert np.abs(colours[:, 0] * 255 - seen).max() <= 30
    assert places[:, 0] == pytest.approx(target, abs=0.2)


def test_same_seed_gives_the_same_bytes(world: Path, tmp_path: Path) -> None:
    """A world is a function of its parameters, down to the bytes of its files."""
    again = write_world(tmp_path / "again", **SMALL)
    first, second = (
        {
            path.relative_to(m.parent): path.read_bytes()
            for path in m.parent.rglob("*")
            if path.is_file()
        }
        for m in (world, again)
    )
    assert first == second


def test_finished_world_is_reused(tmp_path: Path) -> None:
    """A second call with the same parameters writes nothing."""
    manifest = write_world(tmp_path / "w", **SMALL)
    manifest.write_text("touched")
    assert write_world(tmp_path / "w", **SMALL) == manifest
    assert manifest.read_text() == "touched"


def test_other_parameters_replace_a_demo_world(tmp_path: Path) -> None:
    """A demo world of other parameters gives way, and nothing is left beside it."""
    write_world(tmp_path / "w", **SMALL)
    manifest = write_world(tmp_path / "w", **{**SMALL, "rooms": 2})
    assert len(lines_of(manifest)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_empty_folder_is_filled(tmp_path: Path) -> None:
    """An empty folder is as good as a missing one."""
    (tmp_path / "w").mkdir()
    assert write_world(tmp_path / "w", **{**SMALL, "rooms": 1}).is_file()


@pytest.mark.parametrize("name", ["notes.txt", "world.json"])
def test_foreign_folder_is_refused_and_untouched(tmp_path: Path, name: str) -> None:
    """A folder that holds somebody's files is named in the error and left as it was."""
    (tmp_path / name).write_text("{}")
    with pytest.raises(WorldError, match="new or empty folder"):
        write_world(tmp_path, **SMALL)
    assert (tmp_path / name).read_text() == "{}"
    assert len(list(tmp_path.iterdir())) == 1


def test_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A file where the folder should go is an error, not a loss."""
    (tmp_path / "w").write_text("mine")
    with pytest.raises(WorldError, match="something else"):
        write_world(tmp_path / "w", **SMALL)


def test_failed_writing_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error half-way leaves neither a half world nor a temporary folder."""

    def broken(*_: object, **__: object) -> None:
        message = "disk full"
        raise OSError(message)

    monkeypatch.setattr(Image.Image, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        write_world(tmp_path / "w", **SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"rooms": 0}, "rooms"),
        ({"images_per_room": 0}, "images_per_room"),
        ({"seed": -1}, "seed"),
        ({"size": (8, 100)}, "size"),
    ],
)
def test_parameters_out_of_range_are_named(tmp_path: Path, change: dict, name: str) -> None:
    """Each parameter has bounds, and an error names the parameter and them."""
    with pytest.raises(WorldError, match=f"{name} must lie between"):
        write_world(tmp_path / "w", **{**SMALL, **change})


def test_default_building_is_redundant_with_rare_types() -> None:
    """Offices and hallways repeat, every type occurs, and ids are unique."""
    rooms = plan_building(48, seed=7)
    kinds = Counter(room.kind for room in rooms.values())
    assert set(kinds) == set(KINDS)
    assert kinds["office"] >= 15
    assert kinds["hallway"] >= 7
    assert kinds["lobby"] == kinds["lounge"] == 1
    assert len(rooms) == 48
    assert all(name.partition("/")[2].startswith(room.kind) for name, room in rooms.items())


def test_costs_follow_the_size_of_rooms() -> None:
    """Hallways and lobbies cost far more than store rooms; all costs lie in the scanner's range."""
    costs: dict[str, list[int]] = {}
    for number, room in enumerate(plan_building(48, seed=7).values()):
        cost = count_points(room, np.random.default_rng(number))
        costs.setdefault(room.kind, []).append(cost)
    everything = [cost for some in costs.values() for cost in some]
    assert min(everything) >= 8_000
    assert max(everything) <= 400_000
    assert np.mean(costs["hallway"]) > 2.5 * np.mean(costs["storage"])
    assert np.mean(costs["lobby"]) > 6 * np.mean(costs["storage"])


def test_points_of_an_empty_room_are_its_area_times_the_density() -> None:
    """Without furniture the number of points is that of six walls, up to the scans' noise."""
    points = count_points(a_room(), np.random.default_rng(0))
    assert points == pytest.approx(80 * POINTS_PER_SQUARE_METRE, rel=0.3)


@settings(deadline=None, max_examples=25)
@given(rooms=st.integers(1, 60))
def test_any_number_of_rooms_can_be_asked_for(rooms: int) -> None:
    """The types' shares always add up to exactly the number of rooms."""
    assert len(plan_building(rooms, seed=1)) == rooms


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("seed", [0, 1])
def test_furniture_and_cameras_stay_inside_the_room(kind: str, seed: int) -> None:
    """Nothing pokes through a wall, boxes are not inside out, and no camera is inside a box."""
    room = KINDS[kind][0](np.random.default_rng(seed), seed)
    size = np.array(room.size)
    for box in room.furniture:
        low, high = np.array(box.low), np.array(box.high)
        assert (low < high).all()
        assert (low > -0.05).all()
        assert (high < size + 0.05).all()
    for view in viewpoints(room, 6, np.random.default_rng(seed)):
        eye = np.array(view.eye)
        assert ((eye > 0) & (eye < size)).all()
        assert not any(((eye > b.low) & (eye < b.high)).all() for b in room.furniture)


def pictured(kind: str, seed: int) -> np.ndarray:
    """Return how often a room's pictures have which colour."""
    rng = np.random.default_rng(seed)
    room = KINDS[kind][0](rng, 0)
    renderer = Renderer(room)
    pixels = [renderer.picture(view, (64, 48)) for view in viewpoints(room, 6, rng)]
    shares, _ = np.histogramdd(np.reshape(pixels, (-1, 3)), bins=6, range=[(0, 256)] * 3)
    return np.sqrt(shares.ravel() / shares.sum())


def test_kinds_of_room_can_be_told_apart_by_their_pictures() -> None:
    """By its colours alone, the room most like another one is of the same kind."""
    kinds = [kind for kind in KINDS for _ in range(2)]
    seen = np.array([pictured(kind, seed) for seed, kind in enumerate(kinds)])
    alike = seen @ seen.T - 2 * np.eye(len(seen))
    assert [kinds[other] for other in alike.argmax(axis=1)] == kinds


def test_more_pictures_than_places_can_be_asked_for() -> None:
    """Places are used again where they run out, and every camera looks across the room."""
    views = viewpoints(a_room(), 100, np.random.default_rng(0))
    assert len(views) == 100
    for view in views:
        ahead, inwards = np.subtract(view.target, view.eye)[:2], 2.0 - np.array(view.eye[:2])
        assert ahead @ inwards > 0.8 * np.linalg.norm(ahead) * np.linalg.norm(inwards)


def brute_force(
    boxes: tuple[Cuboid, ...], origin: np.ndarray, direction: np.ndarray
) -> tuple[float, int]:
    """Nearest hit by scalar intersection of every face of every box, in float64."""
    best = (np.inf, -1)
    for index, box in enumerate(boxes):
        low, high = box.low, box.high
        for axis in range(3):
            for level in (low[axis], high[axis]):
                t = (level - origin[axis]) / direction[axis]
                point = origin + t * direction
                others = [k for k in range(3) if k != axis]
                on = all(low[k] <= point[k] <= high[k] for k in others)
                if t > 1e-4 and on and t < best[0]:
                    best = (t, index)
    return best


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_tracer_agrees_with_brute_force(seed: int) -> None:
    """With and without a common origin, every ray ends where scalar geometry says."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0.2, 3.0, (5, 3))
    boxes = tuple(
        Cuboid(tuple(low), tuple(low + rng.uniform(0.1, 0.8, 3)), WHITE) for low in corners
    )
    every = a_room(*boxes).boxes
    eye = np.array([[2.0], [0.1], [2.9]], np.float32)
    direction = rng.normal(size=(3, 40))
    direction = (direction / np.linalg.norm(direction, axis=0)).astype(np.float32)
    solids = Solids(every)
    distance, owner, axis = solids.first(eye, direction)
    for one, other in zip(
        (distance, owner, axis), solids.first(np.repeat(eye, 40, axis=1), direction), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    for k in range(40):
        origin, ray = eye[:, 0].astype(float), direction[:, k].astype(float)
        expected, box = brute_force(every, origin, ray)
        assert distance[k] == pytest.approx(expected, abs=2e-3)
        point = origin + ray * expected
        for index in {box, owner[k]}:  # two where two solids meet
            assert (point > np.array(every[index].low) - 5e-3).all()
            assert (point < np.array(every[index].high) + 5e-3).all()
        faces = every[owner[k]].low[axis[k]], every[owner[k]].high[axis[k]]
        assert min(abs(point[axis[k]] - face) for face in faces) < 5e-3


def test_it_is_darker_under_a_table_than_without_it() -> None:
    """What hangs low over the floor takes light from it, and nothing farther away."""
    slab = Cuboid((1.5, 1.5, 0.7), (2.5, 2.5, 0.75), WHITE)
    under, free = light_on_floor(a_room(slab), 2.0, 2.0), light_on_floor(a_room(), 2.0, 2.0)
    assert under < 0.8 * free
    beside, before = light_on_floor(a_room(slab), 0.8, 2.0), light_on_floor(a_room(), 0.8, 2.0)
    assert beside == pytest.approx(before, rel=0.02)


def test_corners_are_less_open_than_the_middle() -> None:
    """Ambient occlusion darkens where walls or boxes are near."""
    box = Cuboid((2.8, 1.5, 0.0), (3.3, 2.0, 1.0), WHITE)
    points = np.array([[0.02, 2.0, 2.70], [0.02, 2.0, 1.75], [0.0, 0.0, 0.0]], np.float32)
    up = np.array([[0.0] * 3, [0.0] * 3, [1.0] * 3], np.float32)
    room = a_room(box)
    corner, open_, beside = Light(room, Solids(room.boxes)).openness(points, up)
    assert corner < beside < open_
    assert open_ == pytest.approx(1, abs=0.01)


def test_windows_light_the_room_from_their_side() -> None:
    """Lamps alone light both ends of a room alike; a window makes its end the brighter one."""
    near, far = (light_on_floor(a_room(window=True), 2.0, y) for y in (3.4, 0.6))
    assert near > 1.2 * far
    near, far = (light_on_floor(a_room(), 2.0, y) for y in (3.4, 0.6))
    assert near == pytest.approx(far, rel=0.02)


@pytest.mark.parametrize("name", sorted(MATERIALS))
def test_materials_are_finite_colours(name: str) -> None:
    """Every material gives a colour, near and far; an even one gives its own."""
    rng = np.random.default_rng(0)
    u, v, footprint = rng.uniform(0.001, 2.0, (3, 500)).astype(np.float32)
    material = MATERIALS[name]
    paint = Paint([WHITE, material]).at(np.ones(500, np.int64), np.stack([u, v]), footprint)
    assert paint.shape == (3, 500)
    assert paint.dtype == np.float32
    assert ((paint >= 0) & (paint <= 1)).all()
    if not material.accent and material.joint == (0.0, 0.0):
        assert paint[:, 0] == pytest.approx(materials.colour(material.base))
        assert np.ptp(paint, axis=1).max() == 0


def test_filtered_lines_keep_their_mean() -> None:
    """However wide a pixel is within a period, lines cover the same share of all pixels."""
    at = np.linspace(0, 10, 20_001, dtype=np.float32)[:-1]
    for footprint in (0.001, 0.05, 0.3):
        covered = materials._covered(at, 1.0, 0.1, np.full_like(at, footprint))
        assert covered.mean() == pytest.approx(0.1, abs=2e-3)


def test_scattered_numbers_look_uniform_and_independent() -> None:
    """The hash fills [0, 1) evenly, and a neighbour's number says nothing of one's own."""
    i, j = (axis.ravel().astype(np.float32) for axis in np.meshgrid(np.arange(-60, 60), range(120)))
    first, second = materials._scatter(i, j), materials._scatter(i + 1, j)
    counts, _ = np.histogram(first, bins=10, range=(0, 1))
    assert counts.min() > 0.9 * len(i) / 10
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_turning_four_times_changes_nothing() -> None:
    """Four quarter turns are the identity, and one turn keeps a box's volume."""
    for box in piece("desk", materials.OAK):
        assert box.placed(0, 0, 4) == box
        before, after = (np.prod(np.subtract(b.high, b.low)) for b in (box, box.placed(0, 0, 1)))
        assert after == pytest.approx(before)


def test_picture_of_an_empty_white_room_has_smooth_shading() -> None:
    """A lit white room is bright, not clipped, and brighter towards the lamp than in a corner."""
    picture = Renderer(a_room()).picture(View((0.5, 0.5, 1.6), (3.5, 3.5, 0.2)), (48, 36))
    assert picture.shape == (36, 48, 3)
    assert 90 < picture.mean() < 240
    assert picture.std() > 3


def test_picture_without_edges_is_even() -> None:
    """Looking straight down on a bare floor there is nothing to smooth."""
    picture = Renderer(a_room()).picture(View((2.0, 2.0, 1.0), (2.0, 2.05, 0.0)), (16, 16))
    assert np.ptp(picture.astype(int), axis=(0, 1)).max() < 12
