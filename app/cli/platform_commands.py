"""The commands that speak with annotation platforms, and which module does the work.

A command's docstring is its help. What does the work is imported when the command runs.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Group, Parameter

from app.cli.options import OUTPUT, AsJson, flags
from app.errors import InvalidRequestError

if TYPE_CHECKING:
    from app.platforms.connections import Connection

PLATFORM: Final = Group("Platform", sort_key=1)

StoredSeed = Annotated[
    Path,
    Parameter(
        name="SEED",
        group=PLATFORM,
        help="Folder that seedal select wrote, or a seed.jsonl of the service.",
    ),
]
Media = Annotated[
    tuple[str, ...],
    Parameter(
        group=PLATFORM,
        help="Where the platform finds files: ROOT=URL, such as /scenes=https://host/scenes; "
        "repeatable.",
    ),
]


_Named = Literal["scene_id", "external_ids", "file_name"]
_MATCHES: Final = (
    "How tasks that no push made are known: scene_id (they have one), external_ids (the scene "
    "names its task) or file_name (both show a file of that name)."
)


@dataclass(frozen=True, kw_only=True)
class LabelStudioProject:
    """A project of Label Studio.

    Parameters
    ----------
    url
        Where it is.
    token_file
        File with a token of it.
    name
        What the ledger of labels calls it.
    project
        Its number, or new:TITLE: the project of that title, made where there is none.
    """

    url: str
    token_file: Path
    name: str = "main"
    project: str
    match: Annotated[_Named, Parameter(help=_MATCHES)] = "scene_id"


@dataclass(frozen=True, kw_only=True)
class CvatProject:
    """A project of CVAT.

    Parameters
    ----------
    url
        Where it is.
    token_file
        File with a personal access token of it.
    name
        What the ledger of labels calls it.
    project
        Its number.
    organization
        Short name of the organization that it belongs to, if it does to one.
    """

    url: str
    token_file: Path
    name: str = "main"
    project: str
    organization: str | None = None


@dataclass(frozen=True, kw_only=True)
class CvatPush(CvatProject):
    """What a task of CVAT is made of.

    Parameters
    ----------
    cloud_storage
        Number of the storage that CVAT has the files in; without it, they come from its share or
        the web.
    manifest
        Key or URI of that storage's manifest.jsonl.
    service_url
        Address of the service, for the link from a task to its seed.
    webhook
        URL that the project is to tell of jobs, as the service's hooks have it.
    """

    cloud_storage: int | None = None
    manifest: str | None = None
    service_url: str | None = None
    webhook: str | None = None


@dataclass(frozen=True, kw_only=True)
class SegmentsDataset:
    """A dataset of Segments.ai.

    Parameters
    ----------
    url
        Where its API is.
    token_file
        File with an API key.
    name
        What the ledger of labels calls it.
    dataset
        Its owner and name: me/kitti.
    labelset
        Whose labels count.
    """

    url: str = "https://api.segments.ai"
    token_file: Path
    name: str = "main"
    dataset: str
    labelset: str = "ground-truth"
    match: Annotated[_Named, Parameter(help=_MATCHES)] = "scene_id"


@dataclass(frozen=True, kw_only=True)
class LabelStudioPush(LabelStudioProject):
    """What a project of Label Studio gets.

    Parameters
    ----------
    mode
        tasks: the scenes become tasks in rank order. scores: tasks that are there get scores, and
        the project serves the lowest first. auto: scores where the tasks are there already.
    config
        Labelling configuration (XML) of a project that is made.
    webhook
        URL that the project is to tell of labels, as the service's hooks have it.
    local_files
        Folder of Label Studio's host that the project is to show files of; repeatable.
    """

    mode: Literal["auto", "tasks", "scores"] = "auto"
    config: Path | None = None
    webhook: str | None = None
    local_files: tuple[str, ...] = ()


Place = LabelStudioProject | CvatProject | SegmentsDataset
_CALLED: Final = {"config": "label_config", "dataset": "project"}
"""What a connection calls what a flag calls otherwise."""

DryRun = Annotated[bool, Parameter(group=OUTPUT, help="Only say what would be done.")]
Known = Annotated[Path | None, Parameter(name="SEED", group=PLATFORM, help="As for push.")]


def _connection(kind: str, place: Place) -> "Connection":
    """Return a place as the connection that an operator's file would have."""
    from app.platforms.connections import Connection

    given = {_CALLED.get(name, name): value for name, value in asdict(place).items()}
    try:
        return Connection.model_validate({"kind": kind, **given})
    except ValueError as error:
        rule = f"--url {place.url}: an address begins with http:// or https://."
        raise InvalidRequestError(rule) from error


def push_label_studio(
    seed: StoredSeed,
    /,
    *,
    to: Annotated[LabelStudioPush, flags(PLATFORM)],
    media: Media = (),
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Put a seed into the queue of a Label Studio project.

    Doing it again changes nothing. A later seed of the same pool changes what is there. Exit
    status: 0 done, 1 some scenes were not sent, 2 nothing was done.
    """
    from app.cli import push as command

    place = _connection("label_studio", to)
    return command.run_push(place, seed, media, dry_run=dry_run, as_json=as_json)


def push_cvat(
    seed: StoredSeed,
    /,
    *,
    to: Annotated[CvatPush, flags(PLATFORM)],
    media: Media = (),
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Make a task of a seed in a CVAT project, one job a scene, in rank order.

    Doing it again changes nothing. Exit status: 0 done, 1 some scenes were not sent, 2 nothing was
    done.
    """
    from app.cli import push as command

    place = _connection("cvat", to)
    return command.run_push(place, seed, media, dry_run=dry_run, as_json=as_json)


def push_segments(
    seed: StoredSeed,
    /,
    *,
    to: Annotated[SegmentsDataset, flags(PLATFORM)],
    media: Media = (),
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Give the scenes of a seed priorities in a dataset of Segments.ai; new ones become samples.

    Doing it again changes nothing. Exit status: 0 done, 1 some scenes were not sent, 2 nothing was
    done.
    """
    from app.cli import push as command

    place = _connection("segments", to)
    return command.run_push(place, seed, media, dry_run=dry_run, as_json=as_json)


def sync_label_studio(
    seed: Known = None,
    /,
    *,
    of: Annotated[LabelStudioProject, flags(PLATFORM)],
    as_json: AsJson = False,
) -> None:
    """List the scenes that are labelled in a Label Studio project, one a line.

    `seedal select --labelled @FILE` takes such a list. With --json: what is said of every task, as
    the service's ledger of labels takes it.
    """
    from app.cli import push as command

    command.run_sync(_connection("label_studio", of), seed, as_json=as_json)


def sync_cvat(
    seed: Known = None,
    /,
    *,
    of: Annotated[CvatProject, flags(PLATFORM)],
    as_json: AsJson = False,
) -> None:
    """List the scenes that are labelled in a CVAT project, one a line.

    Which scene a job shows is known by its files' names, so the seed must be named.
    """
    from app.cli import push as command

    command.run_sync(_connection("cvat", of), seed, as_json=as_json)


def sync_segments(
    seed: Known = None,
    /,
    *,
    of: Annotated[SegmentsDataset, flags(PLATFORM)],
    as_json: AsJson = False,
) -> None:
    """List the scenes that are labelled in a dataset of Segments.ai, one a line."""
    from app.cli import push as command

    command.run_sync(_connection("segments", of), seed, as_json=as_json)


def export(
    seed: StoredSeed,
    /,
    *,
    form: Annotated[str, Parameter(name="--format", group=OUTPUT)],
    out: Annotated[Path, Parameter(group=OUTPUT)],
    media: Media = (),
) -> None:
    """Write a seed that is there in another format.

    Parameters
    ----------
    form
        As in select, but for redal, which needs the whole pool.
    out
        Folder for the files.
    """
    from app.cli import push as command

    command.run_export(seed, form, out, media)
