"""The commands that speak with annotation platforms, and which module does the work.

A command's docstring is its help. What does the work is imported when the command runs.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Group, Parameter

from app.cli.options import OUTPUT, AsJson, flags

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


@dataclass(frozen=True, kw_only=True)
class Server:
    """A platform's server.

    Parameters
    ----------
    url
        Where it is.
    token_file
        File with a token of it.
    name
        What the ledger of labels calls it.
    """

    url: str
    token_file: Path
    name: str = "main"


@dataclass(frozen=True, kw_only=True)
class LabelStudioProject(Server):
    """A project of Label Studio.

    Parameters
    ----------
    project
        Its number, or new:TITLE: the project of that title, made where there is none.
    match
        How tasks that no push made are known: scene_id (they have one), external_ids (the scene
        names its task) or file_name (both show a file of that name).
    """

    project: str
    match: Literal["scene_id", "external_ids", "file_name"] = "scene_id"

    def connection(self) -> "Connection":
        """Return it as the connection that an operator's file would have."""
        from app.platforms.connections import Connection

        named = {"config": "label_config"}
        given = {named.get(name, name): value for name, value in asdict(self).items()}
        return Connection.model_validate({"kind": "label_studio", **given})


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


LabelStudioFlags = Annotated[LabelStudioProject, flags(PLATFORM)]


def push_label_studio(
    seed: StoredSeed,
    /,
    *,
    to: Annotated[LabelStudioPush, flags(PLATFORM)],
    media: Media = (),
    dry_run: Annotated[bool, Parameter(group=OUTPUT)] = False,
    as_json: AsJson = False,
) -> int:
    """Put a seed into the queue of a Label Studio project.

    Doing it again changes nothing. A later seed of the same pool changes what is there. Exit
    status: 0 done, 1 some scenes were not sent, 2 nothing was done.

    Parameters
    ----------
    dry_run
        Only say what would be done.
    """
    from app.cli import push as command

    return command.run_push(to.connection(), seed, media, dry_run=dry_run, as_json=as_json)


def sync_label_studio(
    seed: Annotated[
        Path | None, Parameter(name="SEED", group=PLATFORM, help="As for push.")
    ] = None,
    /,
    *,
    of: LabelStudioFlags,
    as_json: AsJson = False,
) -> None:
    """List the scenes that are labelled in a Label Studio project, one a line.

    `seedal select --labelled @FILE` takes such a list. With --json: what is said of every task, as
    the service's ledger of labels takes it.
    """
    from app.cli import push as command

    command.run_sync(of.connection(), seed, as_json=as_json)


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
