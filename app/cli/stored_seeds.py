"""Seeds that `seedal select` or the service wrote: read again, to be exported or pushed.

``seed.jsonl`` has the chosen scenes with everything that a platform shows; ``seed.json`` beside it,
where it is there, has the seed itself. Of the rest of the pool nothing is known.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from app.errors import InvalidRequestError
from app.exports import ExportableSeed
from app.exports.seed import ExportScene
from features.sources.scenes import Image

LINES: Final = "seed.jsonl"
_UNSAID: Final[dict[str, Any]] = {"gain": None, "represents": None}
"""Of lines that somebody else wrote."""

_SUMMARY: Final = "seed.json"


def open_seed(path: Path) -> ExportableSeed:
    """Return a seed from its folder, or from its ``seed.jsonl``.

    Raises
    ------
    InvalidRequestError
        It is not there, or a line of it is none of a seed; names file and line.
    """
    lines = path / LINES if path.is_dir() else path
    try:
        content = lines.read_bytes()
    except OSError as error:
        hint = f"; seedal select --format jsonl writes {LINES}" if path.is_dir() else ""
        rule = f"{lines} cannot be read ({error.strerror}){hint}."
        raise InvalidRequestError(rule) from error
    records = list(_records(lines, content))
    if not records:
        rule = f"{lines} has no scene."
        raise InvalidRequestError(rule)
    scenes = tuple(_scene(record, where) for where, record in records)
    ids = [scene.scene_id for scene in scenes]
    if len(set(ids)) < len(ids):
        twice = next(name for place, name in enumerate(ids) if name in ids[:place])
        rule = f"{lines}: scene {twice!r} is there twice."
        raise InvalidRequestError(rule)
    return ExportableSeed(
        kind="stored",
        resource=str(records[0][1].get("resource", "cost")),
        scenes=scenes,
        chosen=tuple(ids),
        summary=_summary(
            lines.parent / _SUMMARY,
            content,
            [_UNSAID | record | {"rank": place} for place, (_, record) in enumerate(records, 1)],
        ),
    )


def _records(lines: Path, content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(content.splitlines(), start=1):
        where = f"{lines}, line {number}"
        try:
            record = json.loads(line)
        except ValueError as error:
            rule = f"{where} is no JSON."
            raise InvalidRequestError(rule) from error
        if not isinstance(record, dict) or not isinstance(record.get("scene_id"), str):
            rule = f"{where} is no scene of a seed: it is an object with a scene_id."
            raise InvalidRequestError(rule)
        yield where, record


def _scene(record: Mapping[str, Any], where: str) -> ExportScene:
    try:
        return ExportScene(
            scene_id=record["scene_id"],
            cost=float(record["cost"]),
            group=record.get("group"),
            images=tuple(
                Image(str(image["uri"]), image.get("sensor"), image.get("frame"))
                for image in record.get("images") or ()
            ),
            pointcloud=record.get("pointcloud"),
            external_ids=dict(record.get("external_ids") or {}),
            meta=dict(record.get("meta") or {}),
        )
    except (KeyError, TypeError, ValueError) as error:
        rule = f"{where} is no scene of a seed: it needs scene_id, cost and images with a uri."
        raise InvalidRequestError(rule) from error


def _summary(path: Path, lines: bytes, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the seed itself; where its file is missing, what its lines say of it."""
    try:
        summary = json.loads(path.read_bytes())
    except OSError:
        return {
            "id": hashlib.sha256(lines).hexdigest()[:32],
            "dataset_id": None,
            "scenes": records,
        }
    except ValueError as error:
        rule = f"{path} is no JSON."
        raise InvalidRequestError(rule) from error
    named = [scene.get("scene_id") for scene in summary.get("scenes", ())]
    if named != [record["scene_id"] for record in records]:
        rule = f"{path} and {LINES} beside it are of different seeds."
        raise InvalidRequestError(rule)
    return {**summary, "scenes": records}
