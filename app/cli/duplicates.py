"""``seedal duplicates``: which scenes of a source look so alike that one of them would do."""

from dataclasses import asdict
from typing import Final

from app.choosing.constraints import ConstraintsFile
from app.choosing.duplicates import Duplicates, find_duplicates
from app.cli.options import Scenes, settings_of
from app.cli.terminal import ImageProgress, answer, answer_json, say
from app.errors import InvalidRequestError
from app.seeds.selection import open_scenes
from features.settings import DUPLICATE_FLOOR

_SHOWN: Final = 8  # scenes of a group in a line for a person


def run(scenes: Scenes, threshold: float, *, as_json: bool) -> None:
    """Print the groups of near duplicates of a source.

    Raises
    ------
    InvalidRequestError
        The threshold lies outside of 0.9 to 1; nothing has been read then.
    AppError, FeatureError
        See `app.seeds.selection`.
    """
    if not DUPLICATE_FLOOR <= threshold <= 1:
        detail = f"A threshold lies between {DUPLICATE_FLOOR:g} and 1, not at {threshold:g}."
        raise InvalidRequestError(detail)
    source = open_scenes(scenes)
    source.require_sense((), ConstraintsFile())
    cache = settings_of(data_dir=scenes.data_dir).cache_dir
    prepared = source.prepare(cache, ImageProgress()).prepared
    for note in (*source.pool.notes, *prepared.notes):
        say(note)
    scene_ids = prepared.signatures.scene_ids
    found = find_duplicates(prepared.index, scene_ids, threshold)
    if as_json:
        answer_json({"threshold": threshold, **asdict(found)})
    else:
        answer(_told(found, len(scene_ids), threshold))


def _told(found: Duplicates, n: int, threshold: float) -> str:
    """Return the groups in a line each for a person."""
    spared = found.scene_count - found.group_count
    groups = "1 group" if found.group_count == 1 else f"{found.group_count} groups"
    told = f"{found.scene_count} of {n} scenes are in {groups} of near duplicates"
    lines = [f"{told} (similarity of at least {threshold:g}); one of each would leave out {spared}"]
    if found.recall < 1:
        lines.append(f"an approximate search found {100 * found.recall:.1f} % of what is nearest")
    for group in found.groups:
        names = [scene.scene_id for scene in group.scenes[:_SHOWN]]
        more = f" and {group.size - len(names)} more" if group.size > len(names) else ""
        lines.append(f"{group.size:>5}  {group.weakest:.4f}  {', '.join(names)}{more}")
    return "\n".join(lines)
