"""What a source holds, without registering it: read in a process of its own, with a deadline.

A source is located first: as a request names it, if this server may read it. A manifest that was
uploaded is named ``upload:`` and a hash of its content, so only its owner knows the name.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any, Final

from app.access.files import permitted, permitted_path, strays
from app.datasets.validation_wire import (
    DuplicateImage,
    GroupSummary,
    ResourceSummary,
    SourceMistake,
    SourceReport,
)
from app.errors import InvalidRequestError, SourceRefusedError
from app.processes.child import Cancellation
from app.settings import Settings
from app.store.artifacts import Artifacts
from app.store.identifiers import FILE_NAME
from features.errors import SourceError, StorageError, redacted
from features.files.paths import confined
from features.readers.scenes import open_source, open_upload
from features.sources import Mistakes, SourceOptions, unfit_option
from features.sources.scenes import ScenePool
from features.storage.reading import state
from features.storage.remote import Limits
from features.storage.uris import is_remote

UPLOAD: Final = "upload:"
_MANIFESTS: Final = (".jsonl", ".json", ".csv", ".parquet", ".jsonl.gz", ".json.gz", ".csv.gz")


def located(
    source: Mapping[str, Any], resource: str | None, settings: Settings
) -> tuple[str | Path, SourceOptions]:
    """Return the root of a source and what its files do not tell.

    Parameters
    ----------
    source
        Members of a request's ``source``: ``kind``, ``uri`` or ``root``, and options.
    resource
        What budgets limit.
    settings
        Name the places that may be read.

    Raises
    ------
    SourceRefusedError
        It lies where this server may not read.
    InvalidRequestError
        ``scene_from`` is no rule, ``columns`` says nothing, an option is for other kinds of
        sources, or nothing of this name was uploaded.
    UnavailableError
        What was uploaded is damaged.
    """
    images_root = source.get("images_root")
    try:
        options = SourceOptions(
            images_root=(
                None
                if images_root is None
                else permitted_path(images_root, settings, "#/source/images_root")
            ),
            split=source.get("split", "all"),
            scene_from=source.get("scene_from"),
            unit=source.get("unit", "scene"),
            column=tuple(f"{key}={name}" for key, name in (source.get("columns") or {}).items()),
            resource=resource,
        )
    except SourceError as error:
        member = "columns" if error.place == "column" else error.place
        raise InvalidRequestError(str(error), f"#/source/{member}") from error
    unfit = unfit_option(source["kind"], options)
    if unfit is not None:
        rule = f"A source of kind {source['kind']} has no option {unfit}."
        raise InvalidRequestError(rule, f"#/source/{unfit}")
    if source.get("uri", "").startswith(UPLOAD):
        manifest = uploaded(
            source["uri"], _MANIFESTS, settings, door="POST /v1/manifests", pointer="#/source/uri"
        )
        return manifest, options
    if "uri" in source:
        return permitted(source["uri"], settings, "#/source/uri"), options
    return permitted_path(source["root"], settings, "#/source/root"), options


def read_source(
    kind: str,
    root: str | Path,
    options: SourceOptions,
    settings: Settings,
    mistakes: Mistakes | None = None,
) -> ScenePool:
    """Read a source that :func:`located` has found; `mistakes` collects rows that break rules.

    Raises
    ------
    features.errors.SourceError
        It breaks a rule.
    """
    if Path(root).parent == settings.uploads_dir:
        places = (*settings.file_roots, settings.uploads_dir.resolve())
        with confined(places):
            return open_upload(Path(root), f"{UPLOAD}{Path(root).name}", options, mistakes)
    remote = is_remote(str(root))  # it is read from a copy, and has nothing beside it
    with confined(None if remote else settings.file_roots):
        return open_source(kind, root, options, mistakes)


def uploaded(
    uri: str, endings: Collection[str], settings: Settings, *, door: str, pointer: str
) -> Path:
    """Return a file that was uploaded.

    Parameters
    ----------
    uri
        What the upload was answered with.
    endings
        Of files that will do.
    settings
        Name the folder of uploads.
    door
        What gives out such URIs, for the error.
    pointer
        Where the request has the URI.

    Raises
    ------
    InvalidRequestError
        Nothing of this name was uploaded.
    UnavailableError
        What was uploaded is damaged.
    """
    name = uri.removeprefix(UPLOAD)
    path = settings.uploads_dir / name
    is_name = (
        FILE_NAME.fullmatch(name) and uri.startswith(UPLOAD) and "".join(path.suffixes) in endings
    )
    artifacts = Artifacts(settings.data_dir, settings.artifacts_url)
    if not is_name or not artifacts.fetch_content(path).is_file():
        rule = f"{uri[:100]} was not uploaded here; {door} gives out such URIs."
        raise InvalidRequestError(rule, pointer)
    return path


_SHOWN: Final = 20
_LOOKED_AT: Final = 2_000
"""Images whose files are looked for: enough to see a wrong root, quick on a network drive."""

_ROWS: Final = 1_000_000
_READING_S: Final = 30.0
_LOOKING_S: Final = 20.0
_AT_ONCE: Final = 16
_QUICK: Final = Limits(connect_s=3, silence_s=5, total_s=8, retries=0)
_LINE: Final = re.compile(r"(?::| row )([0-9]+)\Z")


def new_mistakes() -> Mistakes:
    """Return what collects the mistakes of one source."""
    return Mistakes(_SHOWN, rows=_ROWS, seconds=_READING_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTask:
    """A source to be looked at.

    Parameters
    ----------
    kind, root, options
        As in `features.sources.open_source`.
    settings
        Say what may be read.
    time_limit_s
        For how long at most.
    """

    kind: str
    root: str
    options: SourceOptions
    settings: Settings
    time_limit_s: float = 60.0

    def run(self, watch: Cancellation) -> SourceReport:
        """Look at it in this process."""
        del watch
        mistakes = new_mistakes()
        return report(
            self.kind,
            lambda: read_source(self.kind, self.root, self.options, self.settings, mistakes),
            mistakes,
            self.settings,
        )


def report(
    kind: str, read: Callable[[], ScenePool], mistakes: Mistakes, settings: Settings
) -> SourceReport:
    """Read a source and return what it holds.

    Parameters
    ----------
    kind
        The source's.
    read
        Gives its scenes; those that break a rule are told to `mistakes` and left out.
    mistakes
        Collects them.
    settings
        Say what may be read.
    """
    try:
        pool = read()
    except SourceError as error:
        if mistakes.complete:  # else it is the mistake at which reading was given up
            mistakes.note(error)
        return _broken(kind, mistakes)
    return _described(pool, mistakes, settings)


def _broken(kind: str, mistakes: Mistakes) -> SourceReport:
    return SourceReport(
        valid=False,
        complete=mistakes.complete,
        kind=kind,
        scene_count=0,
        image_count=0,
        group_count=0,
        groups=(),
        scenes_without_images=0,
        resource=None,
        resources={},
        cost_origin=None,
        duplicate_images=(),
        duplicate_image_count=0,
        images_looked_at=0,
        missing_images=(),
        missing_image_count=0,
        errors=_told(mistakes),
        error_count=mistakes.count,
        notes=(),
    )


def _described(pool: ScenePool, mistakes: Mistakes, settings: Settings) -> SourceReport:
    uses = Counter(image.uri for scene in pool.scenes for image in scene.images)
    _refuse_foreign(pool, mistakes, settings)
    looked_at, missing = _look([*uses], settings)
    groups = Counter(scene.group for scene in pool.scenes if scene.group is not None)
    twice = [DuplicateImage(uri=redacted(uri), count=n) for uri, n in uses.items() if n > 1]
    shared = set.intersection(*(set(scene.costs) for scene in pool.scenes))
    return SourceReport(
        valid=not mistakes.count,
        complete=mistakes.complete,
        kind=pool.kind,
        scene_count=len(pool.scenes),
        image_count=uses.total(),
        group_count=len(groups),
        groups=tuple(
            GroupSummary(group=name, scene_count=n) for name, n in groups.most_common(_SHOWN)
        ),
        scenes_without_images=sum(not scene.images for scene in pool.scenes),
        resource=pool.resource,
        resources={name: _summary(pool, name) for name in sorted(shared)},
        cost_origin=pool.cost_origin,
        duplicate_images=tuple(twice[:_SHOWN]),
        duplicate_image_count=len(twice),
        images_looked_at=looked_at,
        missing_images=tuple(missing[:_SHOWN]),
        missing_image_count=len(missing),
        errors=_told(mistakes),
        error_count=mistakes.count,
        notes=tuple(pool.notes),
    )


def _refuse_foreign(pool: ScenePool, mistakes: Mistakes, settings: Settings) -> None:
    """Note every image that would have the source refused: its name lies outside.

    Names alone are compared first; links are followed only where that is not enough.
    """
    for scene in pool.scenes:
        for image in scene.images:
            if strays(image.uri, settings):
                continue
            try:
                permitted(image.uri, settings)
            except SourceRefusedError as error:
                place = redacted(image.uri)
                mistakes.note(SourceError(place, error.detail), scene.scene_id)


def _look(uris: list[str], settings: Settings) -> tuple[int, list[str]]:
    """Return how many files were looked for, and those that are not there or may not be read."""
    end = time.monotonic() + _LOOKING_S
    missing: list[str] = []
    looked_at = 0
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for start in range(0, min(len(uris), _LOOKED_AT), _AT_ONCE):
            if time.monotonic() > end:
                break
            part = uris[start : min(start + _AT_ONCE, _LOOKED_AT)]
            there = threads.map(lambda uri: _is_there(uri, settings), part)
            missing += [redacted(uri) for uri, found in zip(part, there, strict=True) if not found]
            looked_at += len(part)
    return looked_at, missing


def _is_there(uri: str, settings: Settings) -> bool:
    try:
        name = permitted(uri, settings)
        if not is_remote(name):
            return Path(name).is_file()
        state(name, _QUICK)
    except (SourceRefusedError, StorageError):
        return False
    return True


def _told(mistakes: Mistakes) -> tuple[SourceMistake, ...]:
    return tuple(
        SourceMistake(
            place=mistake.error.place,
            line=_line(mistake.error.place),
            scene_id=mistake.scene_id,
            detail=mistake.error.rule,
        )
        for mistake in mistakes.found
    )


def _line(place: str) -> int | None:
    found = _LINE.search(place)
    return int(found[1]) if found else None


def _summary(pool: ScenePool, resource: str) -> ResourceSummary:
    costs = [scene.costs[resource] for scene in pool.scenes]
    return ResourceSummary(total=fsum(costs), lowest=min(costs), highest=max(costs))
