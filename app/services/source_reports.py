"""What a source holds, without registering it: read in a process of its own, with a deadline."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api_schemas.validation import ResourceSummary, SourceMistake, SourceReport
from app.errors import SourceRefusedError
from app.services.solve_process import Watch
from app.settings import Settings
from app.translate.access import permitted
from features.errors import SourceError
from features.scenes import Pool
from features.sources import SourceOptions, find_mistakes, open_source
from features.uris import is_remote, to_path

_SHOWN: Final = 20
_LOOKED_AT: Final = 2_000
"""Images whose files are looked for: enough to see a wrong root, quick on a network drive."""

_LINES: Final = (".jsonl", ".ndjson")


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

    def run(self, watch: Watch) -> SourceReport:
        """Look at it in this process."""
        del watch
        try:
            pool = open_source(self.kind, self.root, self.options)
        except SourceError as error:
            return _broken(self.kind, self._mistakes(error))
        return describe(pool, self.settings)

    def _mistakes(self, first: SourceError) -> list[SourceError]:
        if self.kind == "manifest" and not is_remote(self.root):
            path = Path(to_path(self.root))
            if path.suffix.lower() in _LINES:
                with suppress(SourceError, OSError):  # of the file itself: `first` says it
                    return find_mistakes(path, _SHOWN) or [first]
        return [first]


def _broken(kind: str, mistakes: list[SourceError]) -> SourceReport:
    return SourceReport(
        valid=False,
        kind=kind,
        scene_count=0,
        image_count=0,
        group_count=0,
        scenes_without_images=0,
        resource=None,
        resources={},
        cost_origin=None,
        images_looked_at=0,
        missing_images=(),
        missing_image_count=0,
        errors=tuple(SourceMistake(place=error.place, detail=error.rule) for error in mistakes),
        notes=(),
    )


def describe(pool: Pool, settings: Settings) -> SourceReport:
    """Return what a pool holds, and which of its first images are not there."""
    images = [image.uri for scene in pool.scenes for image in scene.images]
    refused: list[SourceMistake] = []
    missing: list[str] = []
    for uri in images[:_LOOKED_AT]:
        try:
            name = permitted(uri, settings)
        except SourceRefusedError as error:
            refused.append(SourceMistake(place=uri, detail=error.detail))
            continue
        if not is_remote(name) and not Path(name).is_file():
            missing.append(uri)
    shared = set.intersection(*(set(scene.costs) for scene in pool.scenes))
    return SourceReport(
        valid=not refused,
        kind=pool.kind,
        scene_count=len(pool.scenes),
        image_count=len(images),
        group_count=len({scene.group for scene in pool.scenes} - {None}),
        scenes_without_images=sum(not scene.images for scene in pool.scenes),
        resource=pool.resource,
        resources={name: _summary(pool, name) for name in sorted(shared)},
        cost_origin=pool.cost_origin,
        images_looked_at=min(len(images), _LOOKED_AT),
        missing_images=tuple(missing[:_SHOWN]),
        missing_image_count=len(missing),
        errors=tuple(refused[:_SHOWN]),
        notes=tuple(pool.notes),
    )


def _summary(pool: Pool, resource: str) -> ResourceSummary:
    costs = [scene.costs[resource] for scene in pool.scenes]
    return ResourceSummary(total=sum(costs), lowest=min(costs), highest=max(costs))
