"""``seedal demo``: a generated building through the real pipeline, everything offline."""

import threading
from pathlib import Path

from app.cli import select
from app.cli.demo_client import BACKBONE, DemoService, draw, read_key
from app.cli.options import Rules, Scenes, SeedFiles
from app.cli.terminal import say
from app.errors import AppError
from app.main import serve
from app.settings import Settings
from features.settings import FeatureSettings
from solver.model.options import SolverOptions


def _register(service: DemoService, manifest: Path) -> None:
    try:
        if not service.knows_building():
            service.register(manifest)
        say(f"explorer at {service.api}/")
    except AppError as error:
        say(f"the demo world could not be registered: {error}")


def run(
    *,
    key_file: Path | None,
    out: Path,
    rooms: int,
    budget: str,
    serving: bool,
    settings: Settings,
) -> None:
    """Generate the world, choose its seed, draw the contact sheet, and serve the world.

    Parameters
    ----------
    key_file
        Holds an API key, where one was made for the data of an earlier run.
    out
        Gets ``world/`` and ``seed/``.
    rooms
        Number of rooms, which are the scenes.
    budget
        As in `seedal select`.
    serving
        Whether to serve the world afterwards, until interrupted.
    settings
        Where results are kept and the server listens.

    Raises
    ------
    AppError, FeatureError
        See `app.cli.select.run`; or there is no key in the file.
    """
    key = read_key(key_file)
    manifest = draw(out, rooms)
    scenes = Scenes(
        kind="manifest",
        root=str(manifest),
        features=FeatureSettings(backbone=BACKBONE),
    )
    files = SeedFiles(out=out / "seed", form="contact_sheet")
    select.run((budget,), scenes, Rules(), SolverOptions(), files)
    if serving:
        service = DemoService(f"http://{settings.host}:{settings.port}", key)
        threading.Thread(target=_register, args=(service, manifest), daemon=True).start()
        serve(settings, worker=True)
