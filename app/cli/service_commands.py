"""The commands that run a service and look after it, and which module does the work.

A command's docstring is its help. What does the work is imported when the command runs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from app.cli.options import SERVICE, AsJson, DataDir, flags, settings_of


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where a service listens and what it may read.

    Parameters
    ----------
    host
        Address to listen on (SEEDAL_HOST).
    port
        Port to listen on (SEEDAL_PORT).
    file_root
        Folder that sources may lie under; repeatable.
    url_root
        URI prefix that remote sources may lie under; repeatable.
    data_dir
        Where the database and results are kept (SEEDAL_DATA_DIR).
    """

    host: str | None = None
    port: int | None = None
    file_root: tuple[Path, ...] = ()
    url_root: tuple[str, ...] = ()
    data_dir: Path | None = None


def serve(
    *,
    service: Annotated[Service, flags(SERVICE)] = Service(),
    worker: Annotated[
        bool, Parameter(negative="--no-worker", group=SERVICE, help="Also run a worker process.")
    ] = True,
) -> None:
    """Serve the HTTP API and the explorer page."""
    from app.main import serve as run

    settings = settings_of(
        host=service.host,
        port=service.port,
        file_roots=service.file_root,
        url_roots=service.url_root,
        data_dir=service.data_dir,
    )
    run(settings, worker=worker)


def worker(*, data_dir: DataDir = None) -> None:
    """Run a worker process: it extracts the features of registered datasets."""
    from app.worker import run

    run(settings_of(data_dir=data_dir))


def migrate(*, data_dir: DataDir = None) -> None:
    """Bring the database up to this version, and wait for others that do so.

    API processes and workers do the same when they start. Run alone, it shows whether it works
    before the old ones are replaced.
    """
    from app.cli.terminal import say
    from app.store.engine import open_engine
    from app.store.schema import upgrade

    engine = open_engine(settings_of(data_dir=data_dir).database(), pool_size=1)
    try:
        upgrade(engine)
    finally:
        engine.dispose()
    say("the database is up to date")


def keys_create(
    *,
    name: Annotated[str, Parameter(group=SERVICE)],
    project: Annotated[str, Parameter(group=SERVICE)] = "default",
    scopes: Annotated[
        str, Parameter(group=SERVICE)
    ] = "datasets:read,datasets:write,seeds:read,seeds:write,labels:read,labels:write",
    expires_days: Annotated[int | None, Parameter(group=SERVICE)] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once.

    Parameters
    ----------
    name
        What it is for, for people.
    project
        Whose datasets it sees; others' do not exist for it.
    scopes
        Of datasets:read, datasets:write, seeds:read, seeds:write, labels:read, labels:write;
        separated by commas.
    expires_days
        For how many days it works; by default until revoked.
    """
    from app.cli import keys

    keys.create(
        settings_of(data_dir=data_dir),
        name=name,
        project=project,
        scopes=scopes,
        days=expires_days,
        as_json=as_json,
    )


def keys_list(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all keys, without their secrets."""
    from app.cli import keys

    keys.show(settings_of(data_dir=data_dir), as_json=as_json)


def keys_revoke(
    key: Annotated[
        str, Parameter(name="KEY", group=SERVICE, help="Its id, or what it begins with.")
    ],
    /,
    *,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a key; running services notice within 5 seconds."""
    from app.cli import keys

    keys.revoke(settings_of(data_dir=data_dir), key, as_json=as_json)


DatasetName = Annotated[str, Parameter(name="DATASET", group=SERVICE, help="A dataset's id.")]


def labels_add(
    dataset: DatasetName,
    events: Annotated[
        Path, Parameter(name="EVENTS", group=SERVICE, help="JSON, or JSON Lines; - for stdin.")
    ],
    /,
    *,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write what happened to scenes into a dataset's ledger, as seedal sync --json prints it."""
    from app.cli import labels

    labels.add(settings_of(data_dir=data_dir), dataset, events, as_json=as_json)


def labels_list(
    dataset: DatasetName,
    /,
    *,
    state: Annotated[
        Literal["labelled", "skipped", "queued", "removed"] | None, Parameter(group=SERVICE)
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the scenes of which something is said.

    Parameters
    ----------
    state
        Only scenes in this state.
    """
    from app.cli import labels
    from app.labels.wire import LabelState

    wanted = None if state is None else LabelState(state)
    labels.show(settings_of(data_dir=data_dir), dataset, wanted, as_json=as_json)


def labels_remove(
    dataset: DatasetName,
    scenes: Annotated[tuple[str, ...], Parameter(name="SCENE", group=SERVICE, help="Their ids.")],
    /,
    *,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take back what was said of scenes themselves; what platforms say of them stays."""
    from app.cli import labels

    labels.remove(settings_of(data_dir=data_dir), dataset, scenes, as_json=as_json)
