"""``seedal select``: run the main job and write the seed's files."""

from pathlib import Path

from app.choosing.selection import Selection, SelectionRequest, select
from app.cli.terminal import ImageProgress, answer, answer_json, say
from app.errors import InvalidRequestError
from app.exports import export_files, require_format
from app.exports.seed import json_bytes
from features.errors import redacted
from features.files.paths import atomic_write

# Unreadable images that are named one by one on the terminal; seed.json has them all.
_NAMED = 10


def write_files(files: dict[str, bytes], out: Path) -> list[Path]:
    """Write files into a folder, each all at once; return their paths.

    Raises
    ------
    InvalidRequestError
        When the folder cannot be written.
    """
    paths = []
    try:
        for name, content in files.items():
            path = out / name
            with atomic_write(path) as stream:
                stream.write(content)
            paths.append(path)
    except OSError as error:
        detail = f"{out}: cannot be written ({error.strerror or error})."
        raise InvalidRequestError(detail) from error
    return paths


def report(selection: Selection) -> None:
    """Tell a person what was left out and what to know."""
    for note in (*selection.pool.notes, *selection.prepared.notes):
        say(note)
    failures, left_out = selection.prepared.failures, selection.prepared.left_out
    for failure in failures[:_NAMED]:
        say(f"{redacted(failure.uri)}: {failure.reason} (scene {failure.scene_id})")
    if len(failures) > _NAMED:
        say(f"{len(failures) - _NAMED} more images cannot be read; seed.json names them")
    for scene in left_out[:_NAMED]:
        say(f"scene {scene.scene_id} is left out: {scene.reason}")
    if len(left_out) > _NAMED:
        say(f"{len(left_out) - _NAMED} more scenes are left out; seed.json names them")
    if sparsified := selection.prepared.sparsified:
        say(f"{len(sparsified)} scenes look like others of their sequence and are not compared")
    usable, every = len(selection.prepared.signatures.scene_ids), len(selection.pool.scenes)
    if selection.is_share and usable < every:
        say(
            f"the budget is a share of what the {usable} scenes that can be chosen cost, of {every}"
        )
    for note in selection.answer.result.notes:
        say(note)


def describe(selection: Selection) -> str:
    """Return the answer in a few lines for a person."""
    result, pool = selection.answer.result, selection.pool
    quality = (
        "proven: no other choice is better"
        if result.gap == 0
        else f"no other choice can be more than {100 * result.gap:.3g} % better"
    )
    cost = f"{result.total_cost:,.10g} of {result.budget:,.10g} {pool.resource}"
    lines = [
        f"{len(selection.answer.scenes)} of {len(pool.scenes)} scenes, {cost}",
        f"objective {result.objective:.6g}; {quality} ({result.used}, {result.seconds:.2f} s)",
    ]
    lines += [f"{s.rank:>5}  {s.scene_id}  {s.cost:,.10g}" for s in selection.answer.scenes]
    return "\n".join(lines)


def run(
    request: SelectionRequest, *, cache: Path, form: str, out: Path, as_json: bool
) -> Selection:
    """Select, write ``seed.json`` and the format's files into `out`, and print the answer.

    Raises
    ------
    AppError, FeatureError
        See `app.choosing.selection.select`; nothing has been written to `out` then.
    """
    require_format(form)
    selection = select(request, cache, ImageProgress())
    report(selection)
    files = export_files(selection.exportable, form)
    if form == "redal" and not any("region" in name for name in files):
        say("the source has no supervoxels, so ReDAL's region files are not written")
    files["seed.json"] = json_bytes(selection.summary)
    paths = write_files(files, out)
    if as_json:
        answer_json(selection.summary | {"files": [str(path) for path in paths]})
    else:
        answer(describe(selection))
        answer("\n".join(f"wrote {path}" for path in paths))
    return selection
