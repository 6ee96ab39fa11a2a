"""Everything that can be set, from ``SEEDAL_*`` variables or the flags of the same names."""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import SettingsError
from features.errors import StorageError
from features.storage import uris

if TYPE_CHECKING:
    from sqlalchemy import URL

_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}

_ADDRESS = re.compile(
    r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?"
)
_HOST = re.compile(r"\*|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


class Settings(BaseSettings):
    """The settings of one process; immutable.

    Attributes
    ----------
    data_dir
        Holds the SQLite database, and by default ``cache/``; made where it does not exist.
    cache_dir
        Where features and signatures are kept; safe to delete, costly to make again.
    database_url
        ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``; by default, a file in `data_dir`.
    database_password_file
        File holding the database password (a container's secret); used instead of the URL's.
    file_roots
        Colon-separated folders that ``file://`` URIs and dataset roots may lie under; by default
        none.
    url_roots
        URI prefixes, separated by spaces, that remote manifests and images may lie under, such as
        ``s3://bucket/pool/``; by default none, so that nothing remote is read.
    host, port
        Where the API listens.
    metrics_port
        Where `/metrics` is served in place of `port`, so that a network can keep the two apart.
    published_on
        Address that the port of the API's container is published on; by default, `host`.
    allowed_hosts
        Host names, separated by spaces, with or without a port, that clients may call the API by
        beside those of loopback; by default, `host` and `published_on` where no key may be needed,
        and any where one is.
    public_url
        By which address others reach the API, such as ``https://seedal.example.com``: that of hooks
        and of files that other hosts open. Its host is one of the `allowed_hosts`.
    media_days
        For how many days a signed address of a file is good; it ends with a day (UTC).
    allow_unauthenticated
        Permit an address beyond loopback although there is no API key: only behind something
        that authenticates.
    solve_processes
        Processes that answer budgets, and so the number of budgets answered at once.
    max_time_limit_s
        Longest time in seconds that a request may give a solve.
    solve_queue
        Requests that may wait for a solve process; more are turned away with 429.
    max_wait_s
        Longest solve in seconds that is waited for; one that may take longer becomes an operation.
    max_body_mb
        Largest request body that is read, in MiB.
    body_timeout_s
        Longest time in seconds that a request's body may take to arrive.
    max_upload_mb
        Largest file of vectors that is taken, in MiB.
    artifacts_url
        Store that hosts share signatures, indexes and uploads through, such as
        ``s3://bucket/seedal`` or ``file:///shared``; by default they share the data directory, or
        there is one host.
    callback_allow
        Host names and networks, separated by spaces, that callbacks may go to although they are
        private, such as ``10.1.0.0/16``; by default none.
    connections_file
        TOML file of the annotation platforms that seeds are pushed to; by default, none.
    retention_days
        For how long operations that have ended are kept, files that no dataset needs, and
        certificates that nobody asks for.
    certificates_mb
        Room that certificates may take which were made and are kept, in MiB; the oldest go first.
    device
        Where the worker computes features.
    engine
        ``local``: on the worker's own device; ``ray``: on the cluster that ``RAY_ADDRESS`` names.
    actors
        Copies of the network on that cluster; by default one for each of its GPUs.
    log_level
        Least severe level that is logged.

    Raises
    ------
    pydantic.ValidationError
        A value is of the wrong type or out of range, or a file that it names cannot be read.
    """

    model_config = SettingsConfigDict(env_prefix="SEEDAL_", frozen=True, env_ignore_empty=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("seedal"))
    cache_dir: Path = Field(default_factory=lambda known: known["data_dir"] / "cache")
    database_url: SecretStr | None = None
    database_password_file: Path | None = None
    file_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    url_roots: Annotated[tuple[str, ...], NoDecode] = ()
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    published_on: str | None = None
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    public_url: str | None = None
    media_days: float = Field(default=7.0, gt=0, le=3_650)
    allow_unauthenticated: bool = False
    solve_processes: int = Field(default=2, ge=1, le=256)
    max_time_limit_s: float = Field(default=300.0, gt=0, allow_inf_nan=False)
    solve_queue: int = Field(default=16, ge=0, le=10_000)
    max_wait_s: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    max_body_mb: int = Field(default=64, ge=1)
    body_timeout_s: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    max_upload_mb: int = Field(default=1024, ge=1)
    artifacts_url: str | None = None
    callback_allow: Annotated[tuple[str, ...], NoDecode] = ()
    connections_file: Path | None = None
    retention_days: float = Field(default=30.0, gt=0, le=36_500)
    certificates_mb: int = Field(default=1024, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    engine: Literal["local", "ray"] = "local"
    actors: int | None = Field(default=None, ge=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("file_roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Accept the colon-separated form of the environment."""
        return (
            [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value
        )

    @field_validator("file_roots")
    @classmethod
    def _resolve_roots(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(root.expanduser().resolve() for root in value)

    @field_validator("url_roots", "callback_allow", "allowed_hosts", mode="before")
    @classmethod
    def _split_prefixes(cls, value: object) -> object:
        """Accept the form of the environment, separated by spaces."""
        return value.split() if isinstance(value, str) else value

    @field_validator("url_roots")
    @classmethod
    def _normalise_prefixes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(uris.prefix(root) for root in value)
        except StorageError as error:
            raise ValueError(str(error)) from error

    @field_validator("callback_allow")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if "/" in entry:
                ip_network(entry, strict=False)  # a typing error would be taken for a host's name
        return tuple(entry.lower() for entry in value)

    @field_validator("allowed_hosts")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not _HOST.fullmatch(entry):
                rule = f"{entry!r} is no host name, with or without a port; * stands for any"
                raise ValueError(rule)
        return tuple(entry.lower() for entry in value)

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is None:
            return value
        if not _ADDRESS.fullmatch(value):
            rule = "must be http:// or https:// and a host, perhaps with a port and a path"
            raise ValueError(rule)
        return value.rstrip("/")

    @field_validator("data_dir", "cache_dir")
    @classmethod
    def _resolve_folder(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return value
        from sqlalchemy import URL, make_url  # noqa: PLC0415  most commands need no database
        from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

        try:
            url = make_url(value.get_secret_value())
        except ArgumentError:
            url = URL.create("nothing")
        kind = url.drivername.partition("+")[0]
        if kind not in _DRIVERS or (kind == "sqlite" and url.database in {None, "", ":memory:"}):
            rule = "must be sqlite:///FILE or postgresql://USER@HOST/NAME"
            raise ValueError(rule)
        return value

    @field_validator("artifacts_url")
    @classmethod
    def _check_artifacts_url(cls, value: str | None) -> str | None:
        if value is None:
            return value
        from features.storage.reading import require_readable  # noqa: PLC0415  loads the stores

        try:
            if not uris.is_remote(value) and uris.to_path(value).is_absolute():
                return uris.to_path(value).resolve().as_uri()
            uris.prefix(value)
            require_readable(f"{value.rstrip('/')}/x")
        except StorageError as error:
            raise ValueError(str(error)) from error
        if uris.parse(value).scheme in uris.HTTP:
            rule = "must name a store that can be written to, such as s3://BUCKET/PREFIX"
            raise ValueError(rule)
        return value

    @field_validator("database_password_file")
    @classmethod
    def _check_password_file(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            rule = f"{value} cannot be read"
            raise ValueError(rule)
        return value

    @property
    def signatures_dir(self) -> Path:
        """Where the feature pipeline leaves signatures, a file for each key."""
        return self.cache_dir / "signatures"

    @property
    def certificates_dir(self) -> Path:
        """Where certificates that were made are kept."""
        return self.cache_dir / "certificates"

    @property
    def hints_dir(self) -> Path:
        """Where what uploaded hints show is kept."""
        return self.cache_dir / "hints"

    @property
    def uploads_dir(self) -> Path:
        """Where uploaded vectors are kept, a file for each content."""
        return self.data_dir / "uploads"

    @property
    def locks_dir(self) -> Path:
        """Where workers show that they are alive."""
        return self.data_dir / "locks"

    def database(self) -> "URL":
        """Return the database's address with its driver and password filled in."""
        from sqlalchemy import URL, make_url  # noqa: PLC0415  most commands need no database

        if self.database_url is None:
            return URL.create("sqlite", database=str(self.data_dir / "seedal.sqlite"))
        url = make_url(self.database_url.get_secret_value())
        url = url.set(drivername=_DRIVERS[url.drivername.partition("+")[0]])
        if self.database_password_file is None:
            return url
        return url.set(password=self.database_password_file.read_text(encoding="utf-8").strip())

    def require_data_dir(self) -> None:
        """Make the data directory where it is missing, before anything starts that needs it.

        Raises
        ------
        SettingsError
            It is no folder, or cannot be written to.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.data_dir):
                pass
        except OSError as error:
            rule = f"The data directory {self.data_dir} cannot be used: {error.strerror}."
            raise SettingsError(rule) from error

    def may_read(self, path: Path) -> bool:
        """Tell whether a path, with all its links followed, lies under one of the `file_roots`.

        One whose links go round in a circle lies nowhere.
        """
        try:
            real = path.resolve()
        except (OSError, RuntimeError):
            return False
        return any(real.is_relative_to(root) for root in self.file_roots)

    def holds(self, path: Path) -> bool:
        """Tell whether the name of a path lies under one of the `file_roots`, wherever it leads."""
        name = Path(os.path.normpath(path))
        return any(name.is_relative_to(root) for root in self.file_roots)

    def may_read_uri(self, uri: str) -> bool:
        """Tell whether a remote URI lies under one of the `url_roots`.

        Raises
        ------
        features.errors.StorageError
            It is malformed.
        """
        return uris.normalised(uri).startswith(self.url_roots)

    def environment(self) -> dict[str, str]:
        """Return the variables that give another process these very settings."""
        values: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None or value == ():
                continue
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            elif isinstance(value, tuple):
                separator = os.pathsep if name == "file_roots" else " "
                value = separator.join(map(str, value))
            values[f"SEEDAL_{name.upper()}"] = str(value)
        return values
