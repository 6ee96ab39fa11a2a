"""Files for a task of CVAT that reads a share or a cloud storage, with its manifest.

Point clouds come with their images as context; scenes without clouds are a task of images. A job a
scene, in rank order, is ``job_file_mapping`` of ``seedal.json``.

Source: CVAT's documentation, "Dataset manifest" and "Data preparation for 3D".
"""

import json
from typing import Any

from app.exports.bundles import ORDER, Files, Ranked, converted, in_3d, order_of, ranked
from app.exports.seed import ExportableSeed, json_bytes

_HEAD = ({"version": "1.1"}, {"type": "images"})


def seed_cvat(seed: ExportableSeed) -> Files:
    """Yield the files; the manifest, which has all of their names, and the order come last.

    Raises
    ------
    ExportError
        A scene cannot be read, or scenes are of different kinds.
    ReadersBusyError
        Too many files are being read.
    """
    scenes = ranked(seed)
    files = _clouds if in_3d(scenes) else _images
    frames: list[dict[str, Any]] = []
    described = []
    for one in scenes:
        begun = len(frames)
        extra: dict[str, Any] = {}
        yield from files(one, frames, extra)
        names = [frame["name"] + frame["extension"] for frame in frames[begun:]]
        described.append(one.described(files=names, **extra))
    lines = [json.dumps(line, separators=(",", ":")) for line in (*_HEAD, *frames)]
    yield "manifest.jsonl", "".join(f"{line}\n" for line in lines).encode()
    mapping = [scene["files"] for scene in described]
    order = order_of(seed, sorting_method="predefined", job_file_mapping=mapping, scenes=described)
    yield ORDER, json_bytes(order)


def _clouds(one: Ranked, frames: list[dict[str, Any]], extra: dict[str, Any]) -> Files:
    pcd = one.cloud()
    name = f"pointcloud/{one.name}"
    yield f"{name}.pcd", pcd.content
    related = []
    for label, image in one.images():
        related.append(f"related_images/{one.name}_pcd/{label}")
        yield related[-1], image.content
    # CVAT takes the sizes of a cloud from its header: points in a row, and one row.
    frames.append(_frame(name, ".pcd", (pcd.points, 1), related))
    extra.update(converted(pcd), related_images=related)


def _images(one: Ranked, frames: list[dict[str, Any]], extra: dict[str, Any]) -> Files:
    del extra
    for label, image in one.images():
        stem = label.removesuffix(image.suffix)
        frames.append(
            _frame(f"images/{one.name}/{stem}", image.suffix, (image.width, image.height), [])
        )
        yield f"images/{one.name}/{label}", image.content


def _frame(name: str, suffix: str, size: tuple[int, int], related: list[str]) -> dict[str, Any]:
    width, height = size
    return {
        "name": name,
        "extension": suffix,
        "width": width,
        "height": height,
        "meta": {"related_images": related},
    }
