import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from features.errors import SourceError
from features.sources import SourceOptions, detect, open_source
from features.sources.scenes import Image

SENSORS = {
    "CAM_FRONT": "camera",
    "CAM_BACK": "camera",
    "LIDAR_TOP": "lidar",
    "RADAR_FRONT": "radar",
}
KEYFRAME_US = 500_000

Rows = list[dict[str, object]]


@dataclass
class World:
    """A small nuScenes on disk: the tables as lists, to be changed before they are written."""

    root: Path
    version: str = "v1.0-mini"
    tables: dict[str, Rows] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("log", "scene", "sample", "sample_data"):
            self.tables[name] = []
        self.tables["sensor"] = [
            {"token": f"s-{channel}", "channel": channel, "modality": modality}
            for channel, modality in SENSORS.items()
        ]
        self.tables["calibrated_sensor"] = [
            {"token": f"c-{channel}", "sensor_token": f"s-{channel}"} for channel in SENSORS
        ]

    def add_drive(
        self, name: str, keyframes: int, *, location: str = "boston", points: int = 2
    ) -> None:
        """Add a drive with an image a camera and a scan a keyframe, latest first, and sweeps."""
        self.tables["log"].append({"token": f"log-{name}", "location": location})
        self.tables["scene"].append(
            {
                "token": f"t-{name}",
                "name": name,
                "log_token": f"log-{name}",
                "nbr_samples": keyframes,
            }
        )
        for number in reversed(range(keyframes)):
            timestamp = 1_000_000 + KEYFRAME_US * number
            sample = f"{name}-{number}"
            self.tables["sample"].append(
                {"token": sample, "timestamp": timestamp, "scene_token": f"t-{name}"}
            )
            for channel in SENSORS:
                self._add_file(sample, channel, timestamp, points + number, key=True)
                self._add_file(sample, channel, timestamp + 1, points, key=False)

    def _add_file(self, sample: str, channel: str, time: int, points: int, *, key: bool) -> None:
        # Cameras fire around the scan: the back one before the front one.
        time += {"CAM_FRONT": 30, "CAM_BACK": -20}.get(channel, 0)
        suffix = "jpg" if "CAM" in channel else "pcd.bin"
        name = f"{'samples' if key else 'sweeps'}/{channel}/{sample}__{time}.{suffix}"
        self.tables["sample_data"].append(
            {"token": name, "sample_token": sample, "calibrated_sensor_token": f"c-{channel}"}
            | {"timestamp": time, "filename": name, "is_key_frame": key}
        )
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        np.zeros((points, 5), dtype="<f4").tofile(path)

    def write(self) -> Path:
        """Write the tables and return the root."""
        folder = self.root / self.version
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            (folder / f"{name}.json").write_text(json.dumps(rows, indent=0))
        return self.root

    def samples(self, channel: str) -> list[Path]:
        """Return a sensor's keyframe files."""
        return sorted((self.root / "samples" / channel).iterdir())


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make two drives."""
    world = World(tmp_path / "nuscenes")
    world.add_drive("scene-0061", 3)
    world.add_drive("scene-0103", 1, location="singapore-onenorth", points=9)
    return world


def refused(root: Path) -> SourceError:
    """Return the error that opening the data set raises; it is one line."""
    with pytest.raises(SourceError) as caught:
        open_source("nuscenes", root)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_drive_is_a_scene(world: World) -> None:
    """Name and place make id and group; the images are all cameras' keyframes in time order."""
    root = world.write()
    pool = open_source(None, root)
    assert (pool.kind, pool.resource, pool.notes) == ("nuscenes", "points", ())
    assert pool.cost_origin == "LIDAR_TOP file sizes (20 bytes a point)"
    first, second = pool.scenes
    assert (first.scene_id, first.group) == ("scene-0061", "boston")
    assert (second.scene_id, second.group) == ("scene-0103", "singapore-onenorth")
    assert first.costs == {"keyframes": 3.0, "points": 2.0 + 3.0 + 4.0}
    assert first.external_ids == {"nuscenes": {"scene_token": "t-scene-0061"}}
    assert [(image.sensor, image.frame) for image in first.images] == [
        (sensor, number) for number in range(3) for sensor in ("CAM_BACK", "CAM_FRONT")
    ]
    assert first.images[0] == Image(
        str(root / "samples/CAM_BACK/scene-0061-0__999980.jpg"), sensor="CAM_BACK", frame=0
    )
    assert all(Path(image.uri).is_file() for scene in pool.scenes for image in scene.images)


def test_a_keyframe_may_be_a_scene(world: World) -> None:
    """With unit="keyframe", each has its own images, scan and points, and its drive as group."""
    pool = open_source(None, world.write(), SourceOptions(unit="keyframe"))
    assert [scene.scene_id for scene in pool.scenes] == [
        "scene-0061/1000000",
        "scene-0061/1500000",
        "scene-0061/2000000",
        "scene-0103/1000000",
    ]
    scene = pool.scenes[1]
    assert (scene.group, scene.costs) == ("scene-0061", {"keyframes": 1.0, "points": 3.0})
    assert [image.sensor for image in scene.images] == ["CAM_BACK", "CAM_FRONT"]
    assert scene.pointcloud == str(world.root / "samples/LIDAR_TOP/scene-0061-1__1500000.pcd.bin")
    assert scene.external_ids == {
        "nuscenes": {"scene_token": "t-scene-0061", "sample_token": "scene-0061-1"}
    }


def test_the_folder_of_the_tables_may_be_the_root(world: World) -> None:
    """Where two versions lie side by side, one must be named; alone, either root will do."""
    root = world.write()
    assert open_source(None, root / "v1.0-mini").scenes == open_source(None, root).scenes
    world.version = "v1.0-trainval"
    world.write()
    assert detect(root) == "nuscenes"
    assert refused(root).rule == (
        "has v1.0-mini and v1.0-trainval; name one of these folders as the root"
    )
    assert len(open_source(None, root / "v1.0-trainval").scenes) == 2


def test_without_every_scan_keyframes_are_the_cost(world: World) -> None:
    """Costs of two kinds would not compare; a note says what is missing, if some are there."""
    root = world.write()
    scans = world.samples("LIDAR_TOP")
    scans[0].unlink()
    pool = open_source(None, root)
    assert (pool.resource, pool.cost_origin) == ("keyframes", "nbr_samples")
    assert [scene.costs for scene in pool.scenes] == [{"keyframes": 3.0}, {"keyframes": 1.0}]
    assert pool.notes == ("points are not counted: 1 LIDAR_TOP file of 4 not there",)
    for scan in scans[1:]:
        scan.unlink()
    assert open_source(None, root).notes == ()


def test_images_that_were_not_unpacked_are_left_out(world: World) -> None:
    """A partial download gives what is there, and a note; a drive without images stays."""
    root = world.write()
    for channel in ("CAM_FRONT", "CAM_BACK"):
        world.samples(channel)[-1].unlink()
    pool = open_source(None, root)
    assert [len(scene.images) for scene in pool.scenes] == [6, 0]
    assert pool.notes == ("2 images of the tables not there, left out",)


def test_nuimages_is_no_nuscenes(tmp_path: Path) -> None:
    """The folders of nuImages are named alike, but it has no scenes."""
    (tmp_path / "v1.0-mini").mkdir()
    (tmp_path / "v1.0-mini" / "sample.json").write_text("[]")
    assert refused(tmp_path).rule == "has no folder v1.0-VERSION with a scene.json"
    with pytest.raises(SourceError, match="is no known source"):
        detect(tmp_path)


def test_a_cut_scan_is_named(world: World) -> None:
    """A scan of an impossible size is an error, not a cheap scene."""
    root = world.write()
    scan = world.samples("LIDAR_TOP")[0]
    scan.write_bytes(b"x" * 19)
    assert str(refused(root)) == f"{scan}: has 19 bytes, not a positive multiple of 20"


@pytest.mark.parametrize(
    ("table", "index", "change", "rule"),
    [
        ("log", 0, {"location": 1}, "location must be a string"),
        ("scene", 1, {"log_token": "x"}, "log_token 'x' is in no row of its table"),
        ("scene", 0, {"name": ""}, "name must not be empty"),
        ("scene", 0, {"nbr_samples": "3"}, "nbr_samples must be a whole number of at least 1"),
        ("sample", 2, {"scene_token": "x"}, "scene_token 'x' is in no row"),
        ("sample", 0, {"timestamp": 1.5}, "timestamp must be a whole number"),
        ("sample_data", 0, {"calibrated_sensor_token": "x"}, "calibrated_sensor_token 'x' is in"),
        ("sample_data", 0, {"sample_token": "x"}, "sample_token 'x' is in no row"),
        ("sample_data", 0, {"filename": None}, "filename must be a string, not null"),
        ("calibrated_sensor", 3, {"sensor_token": "x"}, "sensor_token 'x' is in no row"),
        ("sensor", 0, {"modality": None}, "modality must be a string"),
    ],
)
def test_a_broken_row_is_named(
    world: World, table: str, index: int, change: dict[str, object], rule: str
) -> None:
    """Whatever is wrong in a table, the error names the table, the row and the rule."""
    world.tables[table][index] |= change
    error = refused(world.write())
    assert error.place == f"{world.root / 'v1.0-mini' / table}.json[{index}]"
    assert rule in error.rule


def test_tables_that_do_not_fit_are_named(world: World) -> None:
    """A lost sample, a lost table, two drives of one name and other JSON are errors."""
    root = world.write()
    tables = root / "v1.0-mini"
    (tables / "log.json").unlink()
    assert str(refused(root)) == f"{tables / 'log.json'}: does not exist"
    (tables / "log.json").write_text('{"rows": [1]}')
    assert refused(root).rule == "must be a list of rows"
    (tables / "log.json").write_text("[{]")
    assert refused(root).rule.startswith("not JSON")
    world.tables["scene"][0]["nbr_samples"] = 4
    assert refused(world.write()).rule == "has 3 samples of scene-0061, not 4"
    world.tables["scene"][0] |= {"nbr_samples": 3, "name": "scene-0103"}
    assert "'scene-0103' is already used" in refused(world.write()).rule
