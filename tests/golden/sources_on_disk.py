"""A tiny source of every kind, in a fixed place and state.

Keys under ``cache/`` depend on the paths, sizes and modification times of images. So the sources
lie in one folder, the same on every machine; a file that is there already, as it should be, is
left alone, so that several runs may share the folder.
"""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save

PLACE: Final = Path("/tmp/seedal-golden/1")  # noqa: S108 the path is part of the keys
"""Where the sources lie; another layout gets another number."""

_MOMENT: Final = 1_700_000_000 * 10**9
_SIZE: Final = (64, 48)

Table = dict[str, list[Any]]


def put(path: Path, content: bytes) -> Path:
    """Write a file as of a fixed moment, where it is not there like that."""
    try:
        there = path.read_bytes() == content and path.stat().st_mtime_ns == _MOMENT
    except OSError:
        there = False
    if not there:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as stream:
            stream.write(content)
        os.utime(stream.name, ns=(_MOMENT, _MOMENT))
        Path(stream.name).replace(path)
    return path


def picture(seed: int) -> bytes:
    """Return a picture of coloured fields, plain pixels whatever its name: BMP."""
    rng = np.random.default_rng(seed)
    fields = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(fields).resize(_SIZE, PIL.Image.Resampling.NEAREST).save(stream, "BMP")
    return stream.getvalue()


def _array(array: Any) -> bytes:  # noqa: ANN401 whatever numpy takes
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _parquet(table: Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(table), stream)
    return stream.getvalue()


def _lines(records: Sequence[object]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _ply(vertices: int) -> bytes:
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\nproperty float x\n"
        "property float y\nproperty float z\nend_header\n"
    )
    return header.encode() + bytes(12 * vertices)


def manifests(root: Path) -> None:
    """Write ten scenes as JSON Lines, CSV and Parquet, with all that a record may have."""
    records: list[dict[str, Any]] = []
    for k in range(10):
        names = [f"images/{k}_{view}.bmp" for view in range(3)]
        for view, name in enumerate(names):
            put(root / name, picture(10 * k + view))
        records.append(
            {
                "scene_id": f"room/{k}",
                "cost": 10 + 7 * k % 11,
                "costs": {"hours": 0.5 + k % 3},
                "group": f"floor {k % 2}",
                "images": names,
                "regions": list(range(1, k % 4 + 2)),
                "external_ids": {"cvat": {"task": k}},
                "meta": {"note": "é"},
            }
        )
    put(root / "scenes.jsonl", _lines(records))
    broken = [dict(record) for record in records]
    broken[1]["images"] = []
    broken[2]["images"] = ["images/gone.bmp"]
    broken[3]["images"] = ["images/3_0.bmp", "images/text.bmp"]
    put(root / "images" / "text.bmp", b"not a picture")
    put(root / "broken.jsonl", _lines(broken))
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["scene_id", "image_uri", "cost", "cost.hours", "group"])
    for r in records:
        rest = (r["cost"], r["costs"]["hours"], r["group"])
        writer.writerows((r["scene_id"], name, *rest) for name in r["images"])
    put(root / "scenes.csv", stream.getvalue().encode())
    columns = ("scene_id", "cost", "costs", "group", "images", "regions")
    put(root / "scenes.parquet", _parquet({c: [r[c] for r in records] for c in columns}))


def vectors(root: Path) -> None:
    """Write vectors of the manifests' scenes in every format, two a scene where ids say so."""
    owners = [f"room/{k}" for k in range(10) for _ in range(2)]
    rows = np.random.default_rng(4).integers(-9, 10, (20, 6)).astype(np.float32)
    stream = io.BytesIO()
    np.savez(stream, scene_ids=np.array(owners), vectors=rows)
    put(root / "vectors.npz", stream.getvalue())
    stream = io.BytesIO()
    np.savez(stream, scene_ids=np.array(owners[:-2]), vectors=rows[:-2])
    put(root / "some.npz", stream.getvalue())
    put(root / "vectors.npy", _array(rows[::2]))
    put(root / "names.txt", "".join(f"{owner}\n" for owner in owners[::2]).encode())
    put(root / "vectors.parquet", _parquet({"scene_id": owners, "vector": list(rows)}))
    metadata = {"scene_ids": json.dumps(owners)}
    put(root / "vectors.safetensors", save({"vectors": rows}, metadata))


def folders(root: Path) -> None:
    """Write a folder of pictures for each scene, one of which has none."""
    for k in range(6):
        for view in range(k % 3 + 1):
            place = root / f"floor_{k % 2}" / f"room {k}" / f"{view}.bmp"
            put(place, picture(200 + 10 * k + view))
    put(root / "floor_1" / "room 9" / "notes.txt", b"no picture")
    put(root / "overview.bmp", picture(290))


def coco(root: Path) -> None:
    """Write a COCO file of clips."""
    images = [
        {"id": 3 * clip + n, "file_name": f"{clip}_{n}.bmp", "video_id": f"clip {clip}"}
        for clip in range(6)
        for n in range(3)
    ]
    for image in images:
        put(root / str(image["file_name"]), picture(300 + int(str(image["id"]))))
    notes = [{"id": n, "image_id": n * n % 18} for n in range(25)]
    put(root / "instances.json", json.dumps({"images": images, "annotations": notes}).encode())


def semantic_kitti(root: Path) -> None:
    """Write two sequences with supervoxels."""
    for k in range(8):
        folder, frame = root / "sequences" / ("00" if k < 5 else "08"), f"{k:06d}"
        points = 40 + 9 * k % 17
        put(folder / "velodyne" / f"{frame}.bin", bytes(16 * points))
        put(folder / "image_2" / f"{frame}.png", picture(400 + k))
        regions = np.arange(points, dtype="<i4") % (k + 2)
        put(folder / "supervoxel_large" / f"{frame}.bin", regions.tobytes())


def s3dis(root: Path) -> None:
    """Write two areas of rooms with supervoxels; one room has no image."""
    for k in range(6):
        area, room = ("Area_1", "area_1") if k < 4 else ("Area_5", "area_5b"), f"office_{k}"
        points = 30 + 7 * k % 13
        put(root / area[0] / "coords" / f"{room}.npy", _array(np.zeros((points, 3))))
        put(root / area[0] / "supervoxel" / f"{room}.npy", _array(np.arange(points) % (k + 2)))
        for frame in range(2) if k != 3 else ():
            name = f"camera_{'a' * 32}_{room}_frame_{frame}_domain_rgb.png"
            put(root / area[1] / "data" / "rgb" / name, picture(500 + 2 * k + frame))


def nuscenes(root: Path) -> None:
    """Write drives of two cameras and a lidar."""
    sensors = {"CAM_FRONT": "camera", "CAM_BACK": "camera", "LIDAR_TOP": "lidar"}
    tables: dict[str, list[dict[str, object]]] = {
        "sensor": [{"token": s, "channel": s, "modality": kind} for s, kind in sensors.items()],
        "calibrated_sensor": [{"token": f"c-{s}", "sensor_token": s} for s in sensors],
    }
    for name in ("log", "scene", "sample", "sample_data"):
        tables[name] = []
    for drive in range(4):
        log, scene, frames = f"log-{drive}", f"scene-{drive:04d}", drive % 3 + 1
        tables["log"].append({"token": log, "location": "boston" if drive % 2 else "singapore"})
        row = {"token": scene, "name": scene, "log_token": log, "nbr_samples": frames}
        tables["scene"].append(row)
        for number in range(frames):
            sample, time = f"{scene}-{number}", 1_000_000 + 500_000 * number
            row = {"token": sample, "timestamp": time, "scene_token": scene}
            tables["sample"].append(row)
            for place, sensor in enumerate(sensors):
                suffix = "jpg" if "CAM" in sensor else "pcd.bin"
                file = f"samples/{sensor}/{sample}__{time}.{suffix}"
                seed = 600 + 10 * (3 * drive + number) + place
                put(root / file, picture(seed) if "CAM" in sensor else bytes(20 * (5 + drive)))
                row = {"token": file, "sample_token": sample, "timestamp": time, "filename": file}
                row |= {"calibrated_sensor_token": f"c-{sensor}", "is_key_frame": True}
                tables["sample_data"].append(row)
    for name, rows in tables.items():
        put(root / "v1.0-mini" / f"{name}.json", json.dumps(rows).encode())


def scannet(root: Path) -> None:
    """Write scans with exported frames."""
    for k in range(5):
        scan = f"scene{k // 2:04d}_{k % 2:02d}"
        folder = root / "scans" / scan
        put(folder / f"{scan}_vh_clean_2.ply", _ply(50 + 11 * k % 23))
        for n in range(2):
            put(folder / "color" / f"{20 * n}.jpg", picture(800 + 2 * k + n))


def kitti_360(root: Path) -> None:
    """Write windows of a drive and its frames."""
    drive = "2013_05_28_drive_0000_sync"
    for k in range(5):
        name = f"{4 * k:010}_{4 * k + 4:010}.ply"
        place = root / "data_3d_semantics" / "train" / drive / "static" / name
        put(place, _ply(60 + 13 * k % 19))
    for frame in range(0, 20, 2):
        place = root / "data_2d_raw" / drive / "image_00" / "data_rect" / f"{frame:010}.png"
        put(place, picture(900 + frame))


def sequences(root: Path) -> None:
    """Write two drives whose colours turn slowly, as scenes of one frame."""
    for drive, step in ((0, 6.0), (1, 3.0)):
        for frame in range(12):
            turned = np.array([frame / step, frame / step + 2, frame / step + 4])
            colour = (127 + 100 * np.cos(turned)).round().astype(np.uint8)
            stream = io.BytesIO()
            PIL.Image.new("RGB", _SIZE, tuple(colour.tolist())).save(stream, "BMP")
            put(root / f"drive_{drive}" / f"{frame:03d}" / "0.bmp", stream.getvalue())


def write_sources() -> Path:
    """Write every source and return the folder that they lie in."""
    manifests(PLACE / "manifest")
    vectors(PLACE / "manifest")
    folders(PLACE / "images")
    for kind in (coco, semantic_kitti, s3dis, nuscenes, scannet, kitti_360, sequences):
        kind(PLACE / kind.__name__)
    return PLACE
