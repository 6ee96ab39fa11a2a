"""Projects of a Label Studio server: who asks, which are there, what their tasks must show."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.platforms.client import PlatformClient
from app.platforms.seam import PlatformError

KIND: Final = "label_studio"
NAME: Final = "Label Studio"
SEQUENTIAL: Final = "Sequential sampling"
UNCERTAINTY: Final = "Uncertainty sampling"
PAGE: Final = 1000
"""Rows of a page, and tasks of an import."""

_TAG: Final = re.compile(r"<(\w+)\b([^<>]*)>")
_SHOWN_BY: Final = re.compile(r"\b(value|valueList)\s*=\s*[\"']\$(\w+)")

Exchange = Callable[[str], str]
"""Sends a personal token and returns one that works five minutes."""


@dataclass(slots=True)
class Authorization:
    """The headers of a token.

    A personal access token (a JWT, with two dots) is exchanged for one that works five minutes; a
    legacy token (40 hexadecimal digits) is sent as it is.

    Parameters
    ----------
    token
        As Label Studio shows it.
    exchange
        Sends a personal token and returns the answer.
    """

    token: str
    exchange: Exchange
    _access: str | None = None

    def __call__(self, renew: bool) -> Mapping[str, str]:  # noqa: FBT001 `PlatformClient` calls it
        """Return the headers; new ones where the last were refused."""
        if self.token.count(".") != 2:  # noqa: PLR2004 a JWT has three parts
            return {"Authorization": f"Token {self.token}"}
        if self._access is None or renew:
            self._access = self.exchange(self.token)
        return {"Authorization": f"Bearer {self._access}"}


def connect(url: str, token: str, **how: Any) -> PlatformClient:  # noqa: ANN401 `PlatformClient`'s
    """Return a client of a Label Studio server.

    Parameters
    ----------
    url
        Where it is.
    token
        A personal access token or a legacy token.
    how
        As :class:`app.platforms.client.PlatformClient` has it.
    """

    def exchange(personal: str) -> str:
        with PlatformClient(NAME, url, lambda _: {}, **how) as plain:
            answer = plain.ask("POST", "/api/token/refresh/", body={"refresh": personal})
        return str(answer["access"])

    return PlatformClient(NAME, url, Authorization(token.strip(), exchange), **how)


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its server describes it.

    Parameters
    ----------
    id
        None as long as it is not made.
    title, label_config, sampling, model_version
        Label Studio's own.
    members
        Users of its organisation.
    """

    id: int | None
    title: str
    label_config: str
    sampling: str = SEQUENTIAL
    model_version: str = ""
    members: int = 1

    def keys(self) -> Mapping[str, str]:
        """Return what tasks must have for this configuration: key to the tag that shows it."""
        found: dict[str, str] = {}
        for tag, attributes in _TAG.findall(self.label_config):
            for attribute, key in _SHOWN_BY.findall(attributes):
                found.setdefault(key, f"{tag} {attribute}")
        return found


def find_project(client: PlatformClient, project: str, label_config: str) -> Project:
    """Return a project of a server.

    Parameters
    ----------
    client
        The server.
    project
        Its number, or ``new:TITLE``: the project of that title, or one that is not made yet.
    label_config
        Labelling configuration of one that is to be made.

    Raises
    ------
    PlatformError
        There is no such project, or there are several of that title.
    """
    kind, _, title = project.partition(":")
    if kind == "new":
        return _titled(client, title.strip(), label_config)
    if not (project.isascii() and project.isdecimal()):
        rule = f"{project!r} is no project of {NAME}: give its number, or new:TITLE."
        raise PlatformError(rule)
    return _described(client, client.ask("GET", f"/api/projects/{project}/"))


def _titled(client: PlatformClient, title: str, label_config: str) -> Project:
    """Return the project of a title; one that is not made yet where there is none."""
    if len(title) < 3:  # noqa: PLR2004 Label Studio's rule
        rule = f"A title of {NAME} has at least 3 characters; {title!r} has fewer."
        raise PlatformError(rule)
    found, page = [], 1
    while True:
        params = {"page": page, "page_size": PAGE, "include": "id,title"}
        answer = client.ask("GET", "/api/projects/", params=params)
        found += [row["id"] for row in answer["results"] if row["title"] == title]
        if not answer.get("next"):
            break
        page += 1
    if len(found) > 1:
        rule = f"{len(found)} projects are called {title!r}: give the number of one."
        raise PlatformError(rule)
    if found:
        return _described(client, client.ask("GET", f"/api/projects/{found[0]}/"))
    return Project(None, title, label_config)


def make_project(client: PlatformClient, project: Project) -> Project:
    """Make a project that is not there yet; it serves tasks in the order of their import."""
    body = {
        "title": project.title,
        "label_config": project.label_config,
        "sampling": SEQUENTIAL,
    }
    return replace(project, id=int(client.ask("POST", "/api/projects/", body=body)["id"]))


def _described(client: PlatformClient, row: Mapping[str, Any]) -> Project:
    members = 1
    path = f"/api/organizations/{row.get('organization')}/memberships"
    try:
        members = int(client.ask("GET", path)["count"])
    except (PlatformError, KeyError):  # a token that may not see it
        members = 1
    return Project(
        id=int(row["id"]),
        title=str(row["title"]),
        label_config=str(row.get("label_config") or ""),
        sampling=str(row.get("sampling") or ""),
        model_version=str(row.get("model_version") or ""),
        members=members,
    )
