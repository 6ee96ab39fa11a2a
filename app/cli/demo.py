"""``seedal demo``: a generated building through the real pipeline, everything offline.

``seedal demo --api``: the building is registered over HTTP, as any platform would do it.
"""

import re
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx2

from app.cli.options import Hint, Rules, Scenes, SeedFiles
from app.cli.terminal import say
from app.errors import AppError, InvalidRequestError
from app.settings import Settings
from demo_world.world import WorldError, write_world
from features.settings import FeatureSettings
from solver.model.options import SolverOptions

# Weights come with the package, so the demo needs no network.
BACKBONE: Final = "efficientnet_lite0"
_NAME: Final = "Demo building"
_PATIENCE_S = 60.0
_KEY: Final = re.compile(r"[!-~]+")

_NOT_READY: Final = (
    httpx2.NetworkError,
    httpx2.TimeoutException,
    httpx2.RemoteProtocolError,  # a proxy that accepts connections before the service does
)
_NONSENSE: Final = (httpx2.HTTPError, httpx2.InvalidURL, ValueError)


def read_key(path: Path | None) -> str | None:
    """Return the API key in a file, or None where no file is named.

    Raises
    ------
    InvalidRequestError
        The file cannot be read, or does not hold a key and nothing else.
    """
    if path is None:
        return None
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        key = ""
    if _KEY.fullmatch(key) is None:  # which is not shown: it may hold a secret all the same
        detail = f"--key-file: {path} cannot be read, or does not hold one API key."
        raise InvalidRequestError(detail)
    return key


@dataclass(frozen=True, slots=True)
class DemoService:
    """A service that runs.

    Parameters
    ----------
    api
        Its address.
    key
        An API key with the scopes ``datasets:read`` and ``datasets:write``; none where the service
        asks for none.
    """

    api: str
    key: str | None = field(default=None, repr=False)

    def knows_building(self) -> bool:
        """Wait until the service is ready, and tell whether it has the building already.

        Raises
        ------
        InvalidRequestError
            It is not ready in time, or refuses to say.
        """
        self._wait_until_ready()
        query: dict[str, str | int] = {"page_size": 1000}
        while True:
            page = self._call("GET", "/v1/datasets", params=query)
            if any(dataset["name"] == _NAME for dataset in page["items"]):
                return True
            query["page_token"] = page["next_page_token"]
            if not query["page_token"]:
                return False

    def register(self, manifest: Path) -> None:
        """Register the building; the service reads its files where they lie.

        Raises
        ------
        InvalidRequestError
            The service refuses it.
        """
        source = {"kind": "manifest", "uri": manifest.resolve().as_uri()}
        body = {"name": _NAME, "source": source, "features": {"backbone": BACKBONE}}
        self._call("POST", "/v1/datasets", json=body)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                response = self._send("GET", "/readyz")
                if response.is_success:
                    response.json()  # a page for people is no answer of a service
                    return
                reason = _status(response)
            except _NOT_READY as error:
                reason = str(error)
            except _NONSENSE as error:
                raise self._nonsense(error) from error
            if time.monotonic() >= deadline:
                detail = f"{self.api} was not ready within {_PATIENCE_S:g} s: {reason}"
                raise InvalidRequestError(detail)
            time.sleep(0.2)

    def _call(self, method: str, path: str, **content: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            response = self._send(method, path, **content)
            if response.is_success:
                return response.json()
        except _NONSENSE as error:
            raise self._nonsense(error) from error
        raise InvalidRequestError(self._refusal(response))

    def _send(self, method: str, path: str, **content: Any) -> httpx2.Response:  # noqa: ANN401 - JSON
        # Where the service redirects to another host, the key does not go along.
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        with httpx2.Client(headers=headers, timeout=_PATIENCE_S, follow_redirects=True) as client:
            return client.request(method, f"{self.api}{path}", **content)

    def _nonsense(self, error: Exception) -> InvalidRequestError:
        return InvalidRequestError(f"{self.api} did not answer as a service does: {error}")

    def _refusal(self, response: httpx2.Response) -> str:
        if response.status_code == HTTPStatus.UNAUTHORIZED and self.key is None:
            return f"{self.api} asks for an API key: name the file that holds one with --key-file."
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            return f"{self.api} does not accept the API key that --key-file names."
        try:
            reason = response.json()["detail"]
        except (ValueError, KeyError, TypeError):  # no problem document
            reason = _status(response)
        if response.status_code == HTTPStatus.FORBIDDEN:
            return f"{self.api} does not let the API key that --key-file names do this: {reason}"
        return f"{self.api} refused: {reason}"


def _status(response: httpx2.Response) -> str:
    return f"HTTP Error {response.status_code}: {response.reason_phrase}"


def draw(out: Path, rooms: int) -> Path:
    """Draw the building into ``world/`` of a folder, if it is not there, and return its manifest.

    Raises
    ------
    InvalidRequestError
        There cannot be so many rooms, or the folder holds something else.
    """
    try:
        manifest = write_world(out / "world", rooms=rooms)
    except WorldError as error:
        raise InvalidRequestError(str(error)) from error
    say(f"a building lies in {manifest.parent}")
    return manifest


def add_to(api: str, *, key_file: Path | None, out: Path, rooms: int) -> None:
    """Register the building with a service that runs already, and may read it there.

    Nothing is drawn where the service has the building already, or the files are there.

    Parameters
    ----------
    api
        The service's address.
    key_file
        Holds an API key, where the service asks for one.
    out
        Gets ``world/``.
    rooms
        Number of rooms, which are the scenes.

    Raises
    ------
    InvalidRequestError
        The service does not answer or refuses, or there is no key in the file.
    """
    service = DemoService(api.rstrip("/"), read_key(key_file))
    if service.knows_building():
        say(f"{api} has the building already: explorer at {service.api}/")
        return
    manifest = draw(out, rooms)
    service.register(manifest)
    say(f"explorer at {service.api}/")


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
    from app.cli import select  # noqa: PLC0415  `--api` needs no solver

    key = read_key(key_file)
    manifest = draw(out, rooms)
    scenes = Scenes(
        kind="manifest",
        root=str(manifest),
        features=FeatureSettings(backbone=BACKBONE),
    )
    files = SeedFiles(out=out / "seed", form="contact_sheet")
    select.run((budget,), scenes, Rules(), Hint(), SolverOptions(), files)
    if serving:
        service = DemoService(f"http://{settings.host}:{settings.port}", key)
        threading.Thread(target=_register, args=(service, manifest), daemon=True).start()
        from app.main import serve  # noqa: PLC0415  `--api` needs no service of its own

        serve(settings, worker=True)
