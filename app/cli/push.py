"""``seedal push``, ``sync`` and ``export``: a seed goes to a platform, labels come back."""

from collections import Counter
from pathlib import Path

from app.cli.files import require_folder, staged_folder, write_files
from app.cli.stored_seeds import open_seed
from app.cli.terminal import answer, answer_json, say
from app.errors import InvalidRequestError
from app.exports import BUNDLES, export_files, require_format
from app.exports.media import MediaRules
from app.labels.wire import LabelEvent, LabelState
from app.operations.wire import PushReport
from app.platforms.connections import Connection
from app.platforms.seam import push

PARTLY = 1
"""Exit status where some scenes were not sent."""


def run_push(
    connection: Connection, seed: Path, media: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> int:
    """Send a seed to a platform; return the exit status.

    Raises
    ------
    AppError
        The seed cannot be read, or the platform did not do it.
    """
    opened = MediaRules.parse(media).opened(open_seed(seed))
    with connection.open() as platform:
        report = push(platform, opened, dry_run=dry_run)
    if as_json:
        answer_json(report.model_dump(mode="json"))
    else:
        answer(_describe(report))
        for warning in report.warnings:
            say(warning)
    return PARTLY if report.failed else 0


def _describe(report: PushReport) -> str:
    lines = [
        f"{report.platform}, project {report.project}{': a dry run' if report.dry_run else ''}",
        f"{report.created} made, {report.updated} changed, {report.unchanged} as they should be",
    ]
    lines += [f"not sent: {failed.scene_id}: {failed.reason}" for failed in report.failed]
    if report.first:
        lines.append(f"annotators get first: {', '.join(report.first)}")
    if report.view_url is not None:
        lines.append(report.view_url)
    return "\n".join(lines)


def run_sync(connection: Connection, seed: Path | None, *, as_json: bool) -> None:
    """Print which scenes a platform says are labelled, one a line; as JSON, all that it says.

    Raises
    ------
    AppError
        The seed cannot be read, or the platform did not answer.
    """
    known = None if seed is None else open_seed(seed)
    scenes = None if known is None else known.scenes
    dataset = None if known is None else known.summary["dataset_id"]
    with connection.open() as platform:
        heard = platform.heard(scenes, dataset)
    states = scene_states(heard.events)
    counts = Counter(states.values())
    if as_json:
        answer_json([event.model_dump(mode="json") for event in heard.events])
    else:
        for name, state in states.items():
            if state is LabelState.LABELLED:
                answer(name)
    summary = ", ".join(f"{counts[state]} {state}" for state in LabelState if counts[state])
    say(f"{heard.source}: {summary or 'nothing'}; {heard.ignored} tasks are of no known scene")


def scene_states(events: tuple[LabelEvent, ...]) -> dict[str, LabelState]:
    """Return the state of each scene: the weightiest that is said of it."""
    order = {state: place for place, state in enumerate(LabelState)}
    found: dict[str, LabelState] = {}
    for event in events:
        before = found.get(event.scene_id, event.state)
        found[event.scene_id] = min(before, event.state, key=order.__getitem__)
    return found


def run_export(seed: Path, form: str, out: Path, media: tuple[str, ...]) -> None:
    """Write a stored seed in another format.

    Raises
    ------
    AppError
        The seed cannot be read, or not be written in this format.
    """
    require_folder(out)
    require_format(form, "stored")
    stored = open_seed(seed)
    opened = MediaRules.parse(media).opened(stored) if media else stored
    if form in BUNDLES:
        if media:
            detail = f"{form} has the files themselves; media rules are for those that name them."
            raise InvalidRequestError(detail)
        with staged_folder(BUNDLES[form](stored), out / form) as folder:
            pass
        answer(f"wrote {folder}")
        return
    for path in write_files(export_files(opened, form), out):
        answer(f"wrote {path}")
