"""The platforms that an operator has connected: one file, which no request can change.

A caller names a connection and nothing else. So no request brings a token, and none makes this
service call an address that its operator did not write down.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import httpx2
from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from app.errors import NotFoundError, SettingsError
from app.exports.media import MediaRules
from app.platforms import cvat, label_studio_projects, segments
from app.platforms.cvat import Cvat, TaskSetup
from app.platforms.cvat_files import Storage
from app.platforms.label_studio import LabelStudio, ProjectSetup
from app.platforms.label_studio_plans import Mode
from app.platforms.seam import Match, Platform, PlatformError
from app.platforms.segments import Segments
from app.wire import Wire

Kind = Literal["label_studio", "cvat", "segments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectTarget:
    """What of a connection is meant; what is not said is as the connection has it.

    Parameters
    ----------
    project
        Which.
    mode, match
        How it is told the order, and how its tasks are known.
    known
        What the ledger says of its tasks: reference to scene id.
    transport
        Carries requests, in tests.
    """

    project: str | None = None
    mode: Mode | None = None
    match: Match | None = None
    known: Mapping[str, str] | None = None
    transport: httpx2.BaseTransport | None = None


class Connection(Wire):
    """A platform's server, and what goes there.

    Parameters
    ----------
    name
        What callers and the ledger of labels call it.
    kind
        Of platform.
    url
        Where its server is.
    token_file
        File with a token of it.
    project
        Where a push goes that names no project.
    mode, match
        See `app.platforms.label_studio_plans.Mode` and `app.platforms.seam.Match`.
    label_config
        File with the labelling configuration of projects that are made.
    browser_url
        What browsers call the server, where that is another name than ours for it.
    tells
        The address by which the platform reaches this service: its projects are made to tell of
        labels there.
    webhook, webhook_secret
        Where its projects are made to tell of labels otherwise.
    local_files
        Label Studio: folders of its host that projects are made to show.
    cloud_storage, manifest
        CVAT: the storage that files lie in, and its ``manifest.jsonl``.
    organization
        CVAT: whose project it is.
    service_url
        CVAT: the address of this service, for the link from a task to its seed.
    labelset
        Segments.ai: whose labels count.
    media
        See `app.exports.media.MediaRules`.
    signed_media
        Whether files that no rule is for get signed addresses of this service.
    projects
        Whose keys may use it; by default everybody's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "main"
    kind: Kind
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")]
    token_file: Path
    project: str | None = None
    mode: Mode = Mode.AUTO
    match: Match = Match.SCENE_ID
    label_config: Path | None = None
    browser_url: str | None = None
    webhook: str | None = None
    webhook_secret: str | None = None
    tells: Annotated[str, Field(pattern=r"^https?://[^\s/]+/?$")] | None = None
    local_files: tuple[str, ...] = ()
    cloud_storage: int | None = None
    manifest: str | None = None
    organization: str | None = None
    service_url: str | None = None
    labelset: str = segments.LABELSET
    media: Mapping[str, str] = Field(default_factory=dict)
    signed_media: bool = False
    projects: tuple[str, ...] = ()

    @field_validator("project", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        """Accept a number as people write it."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _tells_who_can_be_heard(self) -> Self:
        if self.tells is not None and self.kind == segments.KIND:
            rule = "tells is for platforms whose webhooks are read: label_studio and cvat"
            raise ValueError(rule)
        return self

    def rules(self) -> MediaRules:
        """Return where the platform finds a pool's files."""
        return MediaRules.parse(f"{root}={url}" for root, url in self.media.items())

    def is_for(self, project: str) -> bool:
        """Tell whether the keys of a project of ours may use it; nobody may where it has no token.

        So a file may name platforms that are not always there, as the one of compose does.
        """
        return self.token_file.exists() and (not self.projects or project in self.projects)

    def open(self, where: ProjectTarget = ProjectTarget()) -> Platform:
        """Return the platform's project, connected.

        Raises
        ------
        PlatformError
            There is no such project, it cannot be reached, or its token cannot be read.
        """
        project = where.project or self.project
        if project is None:
            rule = f"Connection {self.name!r} has no project of its own: name one."
            raise PlatformError(rule)
        return _OPENERS[self.kind](self, project, where)

    def token(self) -> str:
        """Return the token.

        Raises
        ------
        PlatformError
            Its file cannot be read, or has something else.
        """
        token = _text(self.token_file, "token")
        if not token.isascii() or not token.isprintable() or " " in token:
            rule = f"The token file {self.token_file} has more than a token: one word of ASCII."
            raise PlatformError(rule)
        return token


def _label_studio(connection: Connection, project: str, where: ProjectTarget) -> Platform:
    setup = ProjectSetup(
        webhook=connection.webhook,
        webhook_secret=connection.webhook_secret,
        local_files=connection.local_files,
    )
    if connection.label_config is not None:
        text = _text(connection.label_config, "labelling configuration")
        setup = replace(setup, label_config=text)
    return LabelStudio(
        label_studio_projects.connect(
            connection.url, connection.token(), transport=where.transport
        ),
        project,
        name=connection.name,
        mode=where.mode or connection.mode,
        by=where.match or connection.match,
        browser_url=connection.browser_url,
        setup=setup,
    )


def _cvat(connection: Connection, project: str, where: ProjectTarget) -> Platform:
    setup = TaskSetup(
        storage=Storage(connection.cloud_storage, connection.manifest),
        service_url=connection.service_url,
        webhook=connection.webhook,
        webhook_secret=connection.webhook_secret,
    )
    client = cvat.connect(
        connection.url,
        connection.token(),
        organization=connection.organization,
        transport=where.transport,
    )
    return Cvat(
        client,
        project,
        name=connection.name,
        setup=setup,
        browser_url=connection.browser_url,
        known=where.known,
    )


def _segments(connection: Connection, project: str, where: ProjectTarget) -> Platform:
    client = segments.connect(connection.url, connection.token(), transport=where.transport)
    browser = {} if connection.browser_url is None else {"browser_url": connection.browser_url}
    return Segments(
        client,
        project,
        name=connection.name,
        by=where.match or connection.match,
        labelset=connection.labelset,
        **browser,
    )


_OPENERS: Final[Mapping[str, Callable[[Connection, str, ProjectTarget], Platform]]] = {
    label_studio_projects.KIND: _label_studio,
    cvat.KIND: _cvat,
    segments.KIND: _segments,
}


def _text(path: Path, what: str) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        rule = f"The {what} file {path} cannot be read."
        raise PlatformError(rule) from error
    if not text:
        rule = f"The {what} file {path} is empty."
        raise PlatformError(rule)
    return text


_FORM: Final = "[connections.NAME] tables with kind, url and token_file"


def read_connections(path: Path | None) -> dict[str, Connection]:
    """Return an operator's connections by name; none where there is no file.

    Parameters
    ----------
    path
        A TOML file of ``[connections.NAME]`` tables, read anew each time: an operator changes it
        while the service runs.

    Raises
    ------
    SettingsError
        It cannot be read, or a connection breaks a rule; names both.
    """
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        rule = f"{path}: the file of connections cannot be read ({error})."
        raise SettingsError(rule) from error
    tables = content.pop("connections", {})
    if content or not isinstance(tables, dict):
        rule = f"{path}: the file of connections has {_FORM}, and nothing else."
        raise SettingsError(rule)
    return {name: _connection(path, name, table) for name, table in tables.items()}


def _connection(path: Path, name: str, table: Any) -> Connection:  # noqa: ANN401 whatever TOML has
    if not isinstance(table, dict):
        rule = f"{path}: the file of connections has {_FORM}; {name!r} is none."
        raise SettingsError(rule)
    try:
        connection = Connection.model_validate({**table, "name": name})
        connection.rules()
    except ValidationError as error:
        first = error.errors()[0]
        member = ".".join(map(str, first["loc"]))
        rule = f"{path}: connection {name!r}: {member}: {first['msg']}."
        raise SettingsError(rule) from error
    return connection


def connection_named(path: Path | None, name: str, project: str) -> Connection:
    """Return a connection that the keys of a project may use.

    Raises
    ------
    NotFoundError
        There is none of this name for them.
    SettingsError
        See `read_connections`.
    """
    found = read_connections(path).get(name)
    if found is None or not found.is_for(project):
        raise NotFoundError(kind="connection", name=name)
    return found
