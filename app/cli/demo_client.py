"""``seedal demo --api``: the building is registered over HTTP, as any platform would do it."""

import json
import re
import time
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlencode

from app.cli.terminal import say
from app.errors import InvalidRequestError
from demo_world.world import WorldError, write_world

# Weights come with the package, so the demo needs no network.
BACKBONE: Final = "efficientnet_lite0"
_NAME: Final = "Demo building"
_PATIENCE_S = 60.0
_KEY: Final = re.compile(r"[!-~]+")


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
class Service:
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
        token = ""
        while True:
            query = {"page_size": 1000} | ({"page_token": token} if token else {})
            page = self._call(f"/v1/datasets?{urlencode(query)}")
            if any(dataset["name"] == _NAME for dataset in page["items"]):
                return True
            token = page["next_page_token"]
            if not token:
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
        self._call("/v1/datasets", body)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._send("/readyz")
            except OSError as error:
                if time.monotonic() >= deadline:
                    detail = f"{self.api} was not ready within {_PATIENCE_S:g} s: {error}"
                    raise InvalidRequestError(detail) from error
                time.sleep(0.2)
            except (ValueError, HTTPException) as error:
                raise self._nonsense(error) from error
            else:
                return

    def _call(self, path: str, body: object | None = None) -> Any:  # noqa: ANN401 - JSON
        try:
            return self._send(path, body)
        except HTTPError as error:
            raise InvalidRequestError(self._refusal(error)) from error
        except (OSError, ValueError, HTTPException) as error:
            raise self._nonsense(error) from error

    def _nonsense(self, error: Exception) -> InvalidRequestError:
        return InvalidRequestError(f"{self.api} did not answer as a service does: {error}")

    def _send(self, path: str, body: object | None = None) -> Any:  # noqa: ANN401 - JSON
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - whoever runs the demo names the service
            f"{self.api}{path}", data, {"Content-Type": "application/json"}
        )
        if self.key is not None:  # for this service alone, not for where it may redirect to
            request.add_unredirected_header("Authorization", f"Bearer {self.key}")
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as response:  # noqa: S310 - see above
            return json.loads(response.read())

    def _refusal(self, error: HTTPError) -> str:
        if error.code == HTTPStatus.UNAUTHORIZED and self.key is None:
            return f"{self.api} asks for an API key: name the file that holds one with --key-file."
        if error.code == HTTPStatus.UNAUTHORIZED:
            return f"{self.api} does not accept the API key that --key-file names."
        reason = _detail(error)
        if error.code == HTTPStatus.FORBIDDEN:
            return f"{self.api} does not let the API key that --key-file names do this: {reason}"
        return f"{self.api} refused: {reason}"


def _detail(error: HTTPError) -> str:
    """Return the sentence of a problem document, or the status where there is none."""
    try:
        return str(json.loads(error.read())["detail"])
    except (OSError, ValueError, KeyError, TypeError, HTTPException):
        return str(error)


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
    service = Service(api.rstrip("/"), read_key(key_file))
    if service.knows_building():
        say(f"{api} has the building already: explorer at {service.api}/")
        return
    manifest = draw(out, rooms)
    service.register(manifest)
    say(f"explorer at {service.api}/")
