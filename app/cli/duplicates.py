"""``seedal duplicates``: which scenes of a source look so alike that one of them would do."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from app.choosing.duplicates import Duplicates, find_duplicates
from app.choosing.objectives import require_objective
from app.cli.terminal import ImageProgress, answer, answer_json, say
from app.errors import InvalidRequestError
from features.index import FLOOR
from features.pipeline import FeatureSettings, Prepared, prepare
from features.precomputed import prepare_precomputed
from features.settings import AUTO
from features.sources import SourceOptions, open_source
from features.vectors import read_vectors

_SHOWN: Final = 8  # scenes of a group in a line for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatesOptions:
    """What `seedal duplicates` was asked.

    Parameters
    ----------
    kind, root, source
        The source; `kind` is None where it is to be detected.
    features
        How images become signatures; as `seedal select` makes them, so that its cache is reused.
    vectors, vector_ids
        A file of vectors that takes the place of images, and a file of their scene ids.
    threshold
        Least cosine of a pair.
    """

    kind: str | None
    root: str
    source: SourceOptions = field(default_factory=SourceOptions)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    vectors: Path | None = None
    vector_ids: Path | None = None
    threshold: float = 0.95


def run(options: DuplicatesOptions, *, cache: Path, as_json: bool) -> None:
    """Print the groups of near duplicates of a source.

    Raises
    ------
    InvalidRequestError
        The threshold lies outside of 0.9 to 1; nothing has been read then.
    FeatureError
        The source, the backbone or the vectors are unusable.
    """
    if not FLOOR <= options.threshold <= 1:
        detail = f"A threshold lies between {FLOOR:g} and 1, not at {options.threshold:g}."
        raise InvalidRequestError(detail)
    prepared = _prepare(options, cache)
    for note in prepared.notes:
        say(note)
    scene_ids = prepared.signatures.scene_ids
    found = find_duplicates(prepared.index, scene_ids, options.threshold)
    if as_json:
        answer_json({"threshold": options.threshold, **asdict(found)})
    else:
        answer(_told(found, len(scene_ids), options.threshold))


def _prepare(options: DuplicatesOptions, cache: Path) -> Prepared:
    pool = open_source(options.kind, options.root, options.source)
    features = options.features
    if options.vectors is not None:
        ids = tuple(scene.scene_id for scene in pool.scenes)
        vectors = read_vectors(options.vectors, ids, options.vector_ids)
        return prepare_precomputed(pool, vectors, features.clusters, cache)
    if features.token == AUTO:  # what `select` takes
        features = replace(features, token=require_objective("seedal").token)
    return prepare(pool, features, cache, ImageProgress())


def _told(found: Duplicates, n: int, threshold: float) -> str:
    """Return the groups in a line each for a person."""
    spared = found.scene_count - found.group_count
    told = f"{found.scene_count} of {n} scenes are in {found.group_count} groups of near duplicates"
    lines = [f"{told} (similarity of at least {threshold:g}); one of each would leave out {spared}"]
    if found.recall < 1:
        lines.append(f"an approximate search found {100 * found.recall:.1f} % of what is nearest")
    for group in found.groups:
        names = [scene.scene_id for scene in group.scenes[:_SHOWN]]
        more = f" and {group.size - len(names)} more" if group.size > len(names) else ""
        lines.append(f"{group.size:>5}  {group.weakest:.4f}  {', '.join(names)}{more}")
    return "\n".join(lines)
