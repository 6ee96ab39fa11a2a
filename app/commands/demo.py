"""``seedal demo``: a generated building through the real pipeline, everything offline."""

from pathlib import Path

from app.commands import select
from app.commands.terminal import say
from app.demo.world import write_world
from app.services.budgets import parse_budget
from app.services.selection import SelectionRequest
from app.settings import Settings
from features.pipeline import FeatureSettings

# Weights come with the package, so the demo needs no network.
_BACKBONE = "efficientnet_lite0"


def run(*, out: Path, budget: str, serving: bool, settings: Settings) -> None:
    """Generate the world, choose its seed, draw the contact sheet, and serve the world.

    Raises
    ------
    AppError, FeatureError
        See `app.commands.select.run`.
    """
    manifest = write_world(out / "world")
    say(f"a building of rooms lies in {manifest.parent}")
    request = SelectionRequest(
        kind="manifest",
        root=str(manifest),
        budget=parse_budget(budget),
        features=FeatureSettings(backbone=_BACKBONE),
    )
    select.run(
        request, cache=settings.cache_dir, form="contact_sheet", out=out / "seed", as_json=False
    )
    if serving:
        raise NotImplementedError
