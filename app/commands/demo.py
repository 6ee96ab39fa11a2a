"""``seedal demo``: a generated building through the real pipeline, everything offline."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.commands import select
from app.commands.terminal import say
from app.demo.world import write_world
from app.errors import InvalidRequestError
from app.main import serve
from app.services.budgets import parse_budget
from app.services.selection import SelectionRequest
from app.settings import Settings
from features.pipeline import FeatureSettings

# Weights come with the package, so the demo needs no network.
_BACKBONE = "efficientnet_lite0"
_NAME = "Demo building"
_PATIENCE_S = 60.0


class DemoError(Exception):
    """The demo's own server did not answer as it should."""


def _call(url: str, body: object | None = None) -> Any:  # noqa: ANN401 - JSON
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own http server
    with urllib.request.urlopen(request, timeout=_PATIENCE_S) as response:  # noqa: S310 - see above
        return json.loads(response.read())


def _wait_until_ready(api: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            _call(f"{api}/readyz")
        except OSError:
            time.sleep(0.2)
        else:
            return
    message = f"{api} was not ready within {_PATIENCE_S:.0f} s"
    raise DemoError(message)


def register(api: str, manifest: Path) -> None:
    """Register the world with a running server, once, as any platform would: over HTTP.

    Raises
    ------
    DemoError
        When the server does not come up.
    OSError
        When it refuses the dataset.
    """
    _wait_until_ready(api)
    known = _call(f"{api}/v1/datasets?page_size=1000")["items"]
    if not any(dataset["name"] == _NAME for dataset in known):
        source = {"kind": "manifest", "uri": manifest.resolve().as_uri()}
        body = {"name": _NAME, "source": source, "features": {"backbone": _BACKBONE}}
        _call(f"{api}/v1/datasets", body)
    say(f"explorer at {api}/")


def add_to(api: str, *, out: Path, rooms: int) -> None:
    """Generate the world and register it with a service that runs already, and may read it there.

    Raises
    ------
    InvalidRequestError
        The service does not answer, or does not take it.
    """
    manifest = write_world(out / "world", rooms=rooms)
    try:
        register(api.rstrip("/"), manifest)
    except (DemoError, OSError, ValueError) as error:
        detail = f"The building is in {manifest.parent}, but {api} did not take it: {error}"
        raise InvalidRequestError(detail) from error


def _in_background(task: Callable[[], None]) -> None:
    def guarded() -> None:
        try:
            task()
        except (DemoError, OSError) as error:
            say(f"the demo world could not be registered: {error}")

    threading.Thread(target=guarded, daemon=True).start()


def run(*, out: Path, rooms: int, budget: str, serving: bool, settings: Settings) -> None:
    """Generate the world, choose its seed, draw the contact sheet, and serve the world.

    Parameters
    ----------
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
        See `app.commands.select.run`.
    """
    manifest = write_world(out / "world", rooms=rooms)
    say(f"a building lies in {manifest.parent}")
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
        api = f"http://{settings.host}:{settings.port}"
        _in_background(lambda: register(api, manifest))
        serve(settings, worker=True)
