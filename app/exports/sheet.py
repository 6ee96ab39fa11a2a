"""The chosen scenes as one picture, in rank order."""

from app.exports.contact_sheet import Tile, contact_sheet_png
from app.exports.seed import ExportableSeed


def seed_sheet(seed: ExportableSeed) -> dict[str, bytes]:
    """Return ``contact_sheet.png``."""
    chosen, _ = seed.split()
    unit = seed.resource
    tiles = [Tile(scene.images, scene.scene_id, f"{scene.cost:,.10g} {unit}") for scene in chosen]
    spent = sum(scene.cost for scene in chosen)
    limit = seed.summary["budget"]["limit"]
    title = f"{len(chosen)} of {len(seed.scenes)} scenes to label first"
    subtitle = f"{spent:,.10g} of {limit:,.10g} {unit}"
    return {"contact_sheet.png": contact_sheet_png(tiles, title=title, subtitle=subtitle)}
