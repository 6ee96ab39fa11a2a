"""The readers that are fuzzed: how each is called, and what it may raise."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.choosing.constraint_files import read_constraints, read_json
from app.choosing.problem_files import read_problem_file
from app.errors import AppError
from features.errors import FeatureError
from features.files.json_values import decode_json
from features.images.pixels import load_rgb
from features.pointclouds import read_cloud
from features.sources import SourceOptions, open_source
from features.sources.images import read_costs
from features.sources.local_names import as_meant
from features.storage.uris import resolve, to_path
from features.vectors import read_vectors
from features.vectors.array_files import read_ids

REFUSALS = (FeatureError, AppError)
"""One sentence for the caller; anything else is a finding."""

IDS = tuple(f"s{number}" for number in range(6))


@dataclass(frozen=True)
class Target:
    """A reader.

    Parameters
    ----------
    suffix
        Of its files.
    read
        Reads a file.
    form
        Which mutator fits its files.
    """

    suffix: str
    read: Callable[[Path], object]
    form: str


def _manifest(path: Path) -> object:
    return open_source("manifest", path)


def _coco(path: Path) -> object:
    return open_source("coco", path, SourceOptions(scene_from=r"^(\w)"))


def _vectors(path: Path) -> object:
    return read_vectors(path, IDS)


def _of_array(path: Path) -> object:
    ids = path.with_name("ids.json")
    if not ids.exists():
        ids.write_text(json.dumps(IDS))
    return read_vectors(path, IDS, ids)


def _cloud(path: Path) -> object:
    return read_cloud(str(path), 100)


def _image(path: Path) -> object:
    return load_rgb(str(path))


def _uri(path: Path) -> object:
    name = path.read_bytes().decode("utf-8", "surrogateescape")
    resolve(as_meant(name, Path("/data")), Path("/data"))
    return resolve(name, Path("/data")), resolve(name, "s3://bucket/pool/"), to_path(name)


def _line(path: Path) -> object:
    return decode_json(path.read_bytes(), "a line")


TARGETS: Mapping[str, Target] = {
    "manifest.jsonl": Target(".jsonl", _manifest, "text"),
    "manifest.csv": Target(".csv", _manifest, "text"),
    "manifest.csv.gz": Target(".csv.gz", _manifest, "bytes"),
    "manifest.parquet": Target(".parquet", _manifest, "footer"),
    "coco.json": Target(".json", _coco, "text"),
    "costs.csv": Target(".csv", lambda path: read_costs(path, IDS, []), "text"),
    "json.line": Target(".json", _line, "text"),
    "uri": Target(".txt", _uri, "text"),
    "vectors.npy": Target(".npy", _of_array, "bytes"),
    "vectors.npz": Target(".npz", _vectors, "zip"),
    "vectors.parquet": Target(".parquet", _vectors, "footer"),
    "vectors.safetensors": Target(".safetensors", _vectors, "header"),
    "ids.json": Target(".json", read_ids, "text"),
    "ids.txt": Target(".txt", read_ids, "text"),
    "cloud.ply": Target(".ply", _cloud, "bytes"),
    "cloud.npy": Target(".npy", _cloud, "bytes"),
    "cloud.bin": Target(".bin", _cloud, "bytes"),
    "cloud.pcd": Target(".pcd", _cloud, "bytes"),
    "cloud.laz": Target(".laz", _cloud, "bytes"),
    "cloud.xyz": Target(".xyz", _cloud, "text"),
    "image.png": Target(".png", _image, "png"),
    "image.jpg": Target(".jpg", _image, "bytes"),
    "image.webp": Target(".webp", _image, "bytes"),
    "image.bmp": Target(".bmp", _image, "bytes"),
    "image.tif": Target(".tif", _image, "bytes"),
    "image.gif": Target(".gif", _image, "bytes"),
    "image.avif": Target(".avif", _image, "bytes"),
    "image.jp2": Target(".jp2", _image, "bytes"),
    "image.heic": Target(".heic", _image, "bytes"),
    "problem.npz": Target(".npz", read_problem_file, "zip"),
    "knapsack.txt": Target(".txt", read_problem_file, "text"),
    "knapsack.xz": Target(".xz", read_problem_file, "bytes"),
    "constraints.json": Target(".json", read_constraints, "text"),
    "certificate.json": Target(".json", read_json, "text"),
}
