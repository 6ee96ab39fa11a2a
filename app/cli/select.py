"""``seedal select``: run the main job and write the seeds' files."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.choosing.budgets import AskedBudget, parse_budget
from app.choosing.certificates import Claim, certify_claim, problem_file
from app.choosing.constraints import UsablePool
from app.choosing.hints import NEEDS, TOKEN, require_hintable, teach
from app.choosing.question import Question
from app.choosing.seeding import SeedAnswer
from app.cli.files import require_folder, staged_folder, write_files
from app.cli.options import Hint, Rules, Scenes, SeedFiles, settings_of
from app.cli.rules import rules_of
from app.cli.terminal import ImageProgress, answer, answer_json, say
from app.errors import BudgetError, InvalidRequestError
from app.exports import BUNDLES, REDAL, export_files, require_format
from app.exports.seed import json_bytes
from app.hints.describing import labelled_cells, untaught
from app.hints.reading import open_hint, require_outside
from app.processes.child import Cancellation
from app.seeds.selection import OpenSource, PreparedSource, Selection, open_scenes
from app.settings import Settings
from features.backbones import identify, open_backbone
from features.errors import redacted
from features.prepared import Prepared
from features.settings import AUTO
from features.sources.scenes import ScenePool
from solver.model.options import SolverOptions

# Unreadable images that are named one by one on the terminal; seed.json has them all.
_NAMED = 10


def run(
    budgets: Sequence[str],
    scenes: Scenes,
    rules: Rules,
    shown: Hint,
    search: SolverOptions,
    files: SeedFiles,
) -> list[Selection]:
    """Select for each budget, write ``seed.json`` and the other files, and print the answers.

    Raises
    ------
    AppError, FeatureError
        See `app.seeds.selection`; what can be refused before an image is read is refused then.
        Nothing has been written to the folder.
    """
    asked = _parsed(budgets)
    kept = rules_of(rules)
    require_folder(files.out)
    require_format(files.form)
    source = open_scenes(scenes)
    require_format(files.form, source.pool.kind)
    source.require_sense(asked, kept)
    known = _prepare(source, shown, frozenset(kept.labelled), settings_of(data_dir=scenes.data_dir))
    selections = [known.select(budget, kept, search) for budget in asked]
    contents = [_contents(selection, known.usable, files) for selection in selections]
    folders = [files.out if len(asked) == 1 else files.out / str(budget) for budget in asked]
    bundles = _bundle(selections, folders, files.form)
    _report(source.pool, known.prepared)
    documents = []
    for place, (selection, content) in enumerate(zip(selections, contents, strict=True)):
        _report_seed(source.pool, known.prepared, selection)
        if files.form == REDAL and not any("region" in name for name in content):
            say("the source has no supervoxels, so ReDAL's region files are not written")
        paths = [*bundles[place : place + 1], *write_files(content, folders[place])]
        documents.append(selection.summary | {"files": [str(path) for path in paths]})
        if not files.as_json:
            answer(_describe(source.pool, selection))
            answer("\n".join(f"wrote {path}" for path in paths))
    if files.as_json:
        answer_json(documents[0] if len(documents) == 1 else documents)
    return selections


def _prepare(
    source: OpenSource, shown: Hint, labelled: frozenset[str], settings: Settings
) -> PreparedSource:
    """Compute the features, and what a hint makes of them where one is given.

    What no features could make one of is refused before they are computed.
    """
    if shown.hint is None:
        return source.prepare(settings.cache_dir, ImageProgress())
    require_hintable(source.request.objective)
    if source.request.vectors is not None or source.request.features.token not in {AUTO, TOKEN}:
        raise InvalidRequestError(NEEDS)
    with open_hint(shown.hint, frozenset(shown.hint_ignore)) as hint:
        require_outside(hint, source.pool, labelled)
        known = source.prepare(settings.cache_dir, ImageProgress())
        if known.prepared.tasks is None:
            raise InvalidRequestError(NEEDS)
        chosen = source.request.features
        identity = identify(
            known.prepared.backbone, weights=chosen.weights, weights_sha256=chosen.weights_sha256
        )
        cells = labelled_cells(hint, hint.train, open_backbone(identity, chosen.compute))
        for note in untaught(hint, cells):
            say(note)
    return replace(known, hint=teach(known.prepared.tasks, cells))


def _parsed(budgets: Sequence[str]) -> list[AskedBudget]:
    asked = [parse_budget(text) for text in budgets]
    named = [str(budget) for budget in asked]  # like their folders: 10.0000001% would take 10%'s
    for place, name in enumerate(named):
        if name in named[:place]:
            detail = f"The budget {name} is given twice."
            raise BudgetError(detail)
    return asked


def _contents(selection: Selection, pool: UsablePool, files: SeedFiles) -> dict[str, bytes]:
    """Return what is written for a seed, by file name."""
    bundled = files.form in BUNDLES
    contents = {} if bundled else export_files(selection.exportable, files.form)
    contents["seed.json"] = json_bytes(selection.summary)
    question = replace(selection.question, objective=selection.answer.objective)
    if files.problem:
        contents["problem.npz"] = problem_file(
            question, question.budget, pool.groups, pool.resources
        )
    if files.certificate:
        contents["proof.json"] = json_bytes(_proof(question, selection.answer))
    return contents


def _bundle(selections: Sequence[Selection], folders: Sequence[Path], form: str) -> list[Path]:
    """Write the seeds' folders of images and point clouds, all of them or none."""
    if form not in BUNDLES:
        return []
    with ExitStack() as stack:
        return [
            stack.enter_context(staged_folder(BUNDLES[form](selection.exportable), folder / form))
            for selection, folder in zip(selections, folders, strict=True)
        ]


def _proof(question: Question, seed: SeedAnswer) -> dict[str, Any]:
    claim = Claim(
        budget=question.budget,
        selected=tuple(scene.scene_id for scene in seed.scenes),
        upper_bound=seed.result.upper_bound,
    )
    certificate = certify_claim(question, claim, Cancellation())
    if certificate["upper_bound"] > seed.result.upper_bound:
        say("the certificate proves a larger bound than the answer's; give it more --time-limit")
    return certificate


def _report(pool: ScenePool, prepared: Prepared) -> None:
    """Tell a person what was left out and what to know."""
    for note in (*pool.notes, *prepared.notes):
        say(note)
    left_out = prepared.left_out
    missing = {scene.scene_id for scene in left_out}  # each says itself which image is to blame
    failures = [failure for failure in prepared.failures if failure.scene_id not in missing]
    for failure in failures[:_NAMED]:
        say(f"{redacted(failure.uri)}: {failure.reason} (scene {failure.scene_id})")
    if len(failures) > _NAMED:
        say(f"{len(failures) - _NAMED} more images cannot be read; seed.json names them")
    for scene in left_out[:_NAMED]:
        say(f"scene {scene.scene_id} is left out: {scene.reason}")
    if len(left_out) > _NAMED:
        say(f"{len(left_out) - _NAMED} more scenes are left out; seed.json names them")
    if sparsified := prepared.sparsified:
        say(f"{len(sparsified)} scenes look like others of their sequence and are not compared")


def _report_seed(pool: ScenePool, prepared: Prepared, selection: Selection) -> None:
    """Tell a person what to know about one seed."""
    usable, every = len(prepared.signatures.scene_ids), len(pool.scenes)
    if selection.is_share and usable < every:
        say(
            f"the budget is a share of what the {usable} scenes that can be chosen cost, of {every}"
        )
    for note in selection.answer.result.notes:
        say(note)


def _describe(pool: ScenePool, selection: Selection) -> str:
    """Return the answer in a few lines for a person."""
    result = selection.answer.result
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
