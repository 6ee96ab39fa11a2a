import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.demo import furniture, palette
from app.demo.building import plan_building
from app.demo.clouds import POINTS
from app.demo.drawings import DRAWINGS
from app.demo.geometry import Box, Lamp, Patch, Room, View, colour
from app.demo.lighting import openness, sunlight
from app.demo.lightmap import bake
from app.demo.noise import Spot, lines, scatter
from app.demo.raycast import Camera, Rays, trace
from app.demo.render import Renderer
from app.demo.rooms import BUILDERS
from app.demo.scanner import POINTS_PER_SQUARE_METRE, count_points
from app.demo.textures import TEXTURES
from app.demo.viewpoints import _across, viewpoints
from app.demo.world import write_world
from features.errors import SourceError
from features.pointclouds import read_cloud
from features.sources import open_source

SMALL = {"rooms": 4, "images_per_room": 2, "seed": 3, "size": (32, 24)}
WHITE = palette.WHITE


SUN = (0.48, 0.6, 0.64)


def a_room(*boxes: Box, patches: tuple[Patch, ...] = ()) -> Room:
    """Return a white room, 4 m x 4 m x 3 m, with a lamp in the middle of its ceiling."""
    lamp = Lamp((2.0, 2.0, 2.99), (0.6, 0.6))
    light = colour("ffffff")
    return Room("office", (4.0, 4.0, 3.0), WHITE, WHITE, WHITE, boxes, patches, (lamp,), light, SUN)


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
    plans = {plan.scene_id: plan.room for plan in plan_building(SMALL["rooms"], SMALL["seed"])}
    for scene in open_source("manifest", world).scenes:
        cloud = read_cloud(scene.pointcloud, POINTS)
        assert len(cloud.points) == cloud.total == POINTS
        assert len(np.unique(cloud.colors, axis=0)) > 100
        room = plans[scene.scene_id]
        size = np.array(room.size)
        assert (cloud.points > -1e-3).all()
        assert (cloud.points < size + 1e-3).all()
        touches = (np.minimum(cloud.points, size - cloud.points) < 1e-3).any(axis=1)
        for box in room.boxes:
            low, high = np.array(box.low), np.array(box.high)
            within = ((cloud.points > low - 1e-3) & (cloud.points < high + 1e-3)).all(axis=1)
            deep = ((cloud.points > low + 1e-3) & (cloud.points < high - 1e-3)).all(axis=1)
            assert not deep.any()
            touches |= within
        assert touches.all()


def test_a_scan_has_the_colours_that_pictures_have() -> None:
    """Where a picture's ray and a scanner's end at the same place they see the same colour."""
    room = a_room(Box((1.5, 3.0, 0.0), (2.5, 3.5, 1.0), palette.WHITE))
    view = View((2.0, 1.0, 1.6), (2.0, 3.0, 1.0))
    renderer = Renderer(room)
    camera = Camera(view, (192, 144))
    pixel = np.array([[96.5, 20.5, 180.5], [72.5, 30.5, 130.5]], np.float32)
    places, colours = renderer.touched(view, camera.rays(pixel).direction)
    picture = renderer.picture(view, (192, 144))
    for k, (column, row) in enumerate(np.floor(pixel.T).astype(int)):
        seen = picture[row, column].astype(int)
        assert np.abs(colours[:, k].astype(int) - seen).max() <= 30
    assert places[1, 0] == pytest.approx(3.0, abs=1e-3)


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
    with pytest.raises(SourceError, match="new or empty folder"):
        write_world(tmp_path, **SMALL)
    assert (tmp_path / name).read_text() == "{}"
    assert len(list(tmp_path.iterdir())) == 1


def test_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A file where the folder should go is an error, not a loss."""
    (tmp_path / "w").write_text("mine")
    with pytest.raises(SourceError, match="something else"):
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
    with pytest.raises(SourceError, match=f"{name} must lie between"):
        write_world(tmp_path / "w", **{**SMALL, **change})


def test_default_building_is_redundant_with_rare_types() -> None:
    """Offices and hallways repeat, every type occurs, and ids are unique."""
    plans = plan_building(48, seed=7)
    kinds = Counter(plan.room.kind for plan in plans)
    assert set(kinds) == set(BUILDERS)
    assert kinds["office"] >= 15
    assert kinds["hallway"] >= 7
    assert kinds["lobby"] == kinds["lounge"] == 1
    assert len({plan.scene_id for plan in plans}) == 48


def test_costs_follow_the_size_of_rooms() -> None:
    """Hallways and lobbies cost far more than store rooms; all costs lie in the scanner's range."""
    costs: dict[str, list[int]] = {}
    for number, plan in enumerate(plan_building(48, seed=7)):
        cost = count_points(plan.room, np.random.default_rng(number))
        costs.setdefault(plan.room.kind, []).append(cost)
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


@pytest.mark.parametrize("kind", sorted(BUILDERS))
@pytest.mark.parametrize("seed", [0, 1])
def test_furniture_and_cameras_stay_inside_the_room(kind: str, seed: int) -> None:
    """Nothing pokes through a wall, boxes are not inside out, and no camera is inside a box."""
    room = BUILDERS[kind](np.random.default_rng(seed), seed)
    size = np.array(room.size)
    for box in room.boxes:
        low, high = np.array(box.low), np.array(box.high)
        assert (low < high).all()
        assert (low > -0.05).all()
        assert (high < size + 0.05).all()
    for view in viewpoints(room, 6, np.random.default_rng(seed)):
        eye = np.array(view.eye)
        assert ((eye > 0) & (eye < size)).all()
        assert not any(((eye > b.low) & (eye < b.high)).all() for b in room.boxes)


def test_more_pictures_than_places_can_be_asked_for() -> None:
    """Places are used again where they run out, and every camera looks across the room."""
    views = viewpoints(a_room(), 100, np.random.default_rng(0))
    assert len(views) == 100
    assert all(np.hypot(*np.subtract(v.eye[:2], v.target[:2])) > 0.3 for v in views)


def test_camera_in_the_middle_of_a_room_looks_along_it() -> None:
    """At the centre there is no "across": the view goes north."""
    view = _across(a_room(), np.array([2.0, 2.0]), np.random.default_rng(0))
    assert view.target[1] > view.eye[1] + 3


def brute_force(room: Room, origin: np.ndarray, direction: np.ndarray) -> tuple[float, int]:
    """Nearest hit by scalar intersection of every face of every box, in float64."""
    best = (np.inf, -2)
    solids = [((0.0, 0.0, 0.0), room.size), *((b.low, b.high) for b in room.boxes)]
    for index, (low, high) in enumerate(solids):
        for axis in range(3):
            for level in (low[axis], high[axis]):
                t = (level - origin[axis]) / direction[axis]
                point = origin + t * direction
                others = [k for k in range(3) if k != axis]
                on = all(low[k] <= point[k] <= high[k] for k in others)
                if t > 1e-4 and on and t < best[0]:
                    best = (t, index - 1)
    return best


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_tracer_agrees_with_brute_force(seed: int) -> None:
    """With and without culling, every ray ends where scalar geometry says."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0.2, 3.0, (5, 3))
    boxes = tuple(Box(tuple(low), tuple(low + rng.uniform(0.1, 0.8, 3)), WHITE) for low in corners)
    room = a_room(*boxes)
    camera = Camera(View((2.0, 0.1, 2.9), (1.5, 2.0, 1.0)), (6, 5))
    columns, rows = np.meshgrid(np.arange(6) + 0.5, np.arange(5) + 0.5)
    rays = camera.rays(np.stack([columns.ravel(), rows.ravel()]).astype(np.float32))
    culled, plain = trace(rays, room, camera), trace(Rays(rays.origin, rays.direction), room)
    np.testing.assert_array_equal(culled.distance, plain.distance)
    np.testing.assert_array_equal(culled.box, plain.box)
    for k in range(rays.direction.shape[1]):
        origin, direction = (v[:, k].astype(float) for v in (rays.origin, rays.direction))
        distance, box = brute_force(room, origin, direction)
        assert culled.distance[k] == pytest.approx(distance, abs=2e-3)
        if box != culled.box[k]:  # two solids meet there
            point = origin + direction * distance
            owner = room.boxes[max(box, culled.box[k])]
            assert (point > np.array(owner.low) - 5e-3).all()
            assert (point < np.array(owner.high) + 5e-3).all()


def test_table_throws_a_shadow_on_the_floor_below_it() -> None:
    """The floor is darker under a box than beside it; without one it is brightest there."""
    slab = Box((1.5, 1.5, 1.0), (2.5, 2.5, 1.1), WHITE)
    middle = (np.array([0.5], np.float32), np.array([0.5], np.float32))
    beside = (np.array([0.1], np.float32), np.array([0.5], np.float32))
    shaded, free = bake(a_room(slab)), bake(a_room())
    assert shaded.at(4, *middle) < 0.2 * shaded.at(4, *beside)
    assert free.at(4, *middle) > free.at(4, *beside)


def test_corners_are_less_open_than_the_middle() -> None:
    """Ambient occlusion darkens where walls or boxes are near."""
    box = Box((2.5, 1.5, 0.0), (3.0, 2.0, 1.0), WHITE)
    points = np.array([[0.02, 2.0, 2.40], [0.02, 2.0, 1.75], [0.0, 0.0, 0.0]], np.float32)
    up = np.array([[0.0] * 3, [0.0] * 3, [1.0] * 3], np.float32)
    corner, open_, beside = openness(a_room(box), points, up)
    assert corner < beside < open_ == 1


def test_sun_enters_through_windows_only_and_boxes_stop_it() -> None:
    """A point is sunlit if the line towards the sun leaves through a window and meets no box."""
    window = Patch(3, (2.0, 1.0), (3.5, 2.5), palette.DAYLIGHT)
    # From (1.6, 2.5, 0) the line to the sun meets the north wall at x = 2.8, z = 1.6.
    point = np.array([[1.6], [2.5], [0.0]], np.float32)
    up = np.array([[0.0], [0.0], [1.0]], np.float32)
    blocker = Box((1.9, 2.9, 0.3), (2.4, 3.5, 1.2), WHITE)
    assert sunlight(a_room(patches=(window,)), point, up)[0] == pytest.approx(0.64)
    assert sunlight(a_room(), point, up)[0] == 0
    assert sunlight(a_room(blocker, patches=(window,)), point, up)[0] == 0


@pytest.mark.parametrize("name", sorted({*TEXTURES, *DRAWINGS}))
def test_textures_are_finite_colours(name: str) -> None:
    """Every pattern gives a finite, non-negative colour, near and far."""
    rng = np.random.default_rng(0)
    u, v, footprint = rng.uniform(0.001, 2.0, (3, 500)).astype(np.float32)
    spot = Spot(u, v, footprint, np.full_like(u, 2.0), np.full_like(u, 2.0))
    paint = {**TEXTURES, **DRAWINGS}[name](palette.pattern(name, "c08040", "204060", 0.3), spot)
    assert paint.shape == (3, 500)
    assert paint.dtype == np.float32
    assert np.isfinite(paint).all()
    assert (paint >= 0).all()


def test_filtered_lines_keep_their_mean() -> None:
    """However wide a pixel is within a period, lines cover the same share of all pixels."""
    at = np.linspace(0, 10, 20_001, dtype=np.float32)[:-1]
    for footprint in (0.001, 0.05, 0.3):
        covered = lines(at, 1.0, 0.1, np.full_like(at, footprint))
        assert covered.mean() == pytest.approx(0.1, abs=2e-3)


def test_scattered_numbers_look_uniform_and_depend_on_the_salt() -> None:
    """The hash fills [0, 1) evenly, and another salt gives other numbers."""
    i, j = (axis.ravel().astype(np.float32) for axis in np.meshgrid(np.arange(-60, 60), range(120)))
    first, second = scatter(i, j, 1), scatter(i, j, 2)
    counts, _ = np.histogram(first, bins=10, range=(0, 1))
    assert counts.min() > 0.9 * len(i) / 10
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_turning_four_times_changes_nothing() -> None:
    """Four quarter turns are the identity, and one turn keeps a box's volume."""
    desk = furniture.desk(palette.OAK)
    assert furniture.place(desk, 0, 0, 4) == desk
    for box, turned in zip(desk, furniture.place(desk, 0, 0, 1), strict=True):
        before, after = (np.prod(np.subtract(b.high, b.low)) for b in (box, turned))
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
