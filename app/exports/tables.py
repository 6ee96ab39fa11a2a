"""The seed for people and scripts: JSON as the service answers it, and CSV."""

import csv
import io

from app.exports.seed import ExportableSeed, json_bytes

# A cell that starts with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def seed_json(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``seed.json``: the seed as the service answers it."""
    return {"seed.json": json_bytes(seed.summary)}


def _text(value: str) -> str:
    """Return a name as a cell that no spreadsheet evaluates."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def seed_csv(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``seed.csv``: one row a chosen scene, in rank order.

    Names that a spreadsheet would take for a formula get a leading apostrophe.
    """
    groups = {scene.scene_id: scene.group for scene in seed.scenes}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["rank", "scene_id", "group", f"cost_{seed.resource}", "gain", "represents"])
    for scene in seed.summary["scenes"]:
        name = scene["scene_id"]
        writer.writerow(
            [
                scene["rank"],
                _text(name),
                _text(groups[name] or ""),
                scene["cost"],
                scene["gain"],
                scene["represents"],
            ]
        )
    return {"seed.csv": stream.getvalue().encode()}
