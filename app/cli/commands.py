"""The commands: which options each has, and which module does its work.

A command's docstring is its help. What does the work is imported when the command runs.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from app.cli.evaluate_options import Comparison, ComparisonFlags, Labelled, LabelledFlags
from app.cli.options import (
    FEATURES,
    OUTPUT,
    QUESTION,
    SERVICE,
    SOURCE,
    AnswerFiles,
    AnswerFlags,
    AsJson,
    BackboneName,
    BudgetFlags,
    Budgets,
    CurveFlags,
    DataDir,
    FrontierFiles,
    FrontierFlags,
    Hint,
    HintFlags,
    OptionalScenes,
    ProblemFile,
    RuleFlags,
    Rules,
    SceneFlags,
    SeedFlags,
    SolverFlags,
    flags,
    settings_of,
)
from app.cli.platform_commands import (
    export,
    push_cvat,
    push_label_studio,
    push_segments,
    sync_cvat,
    sync_label_studio,
    sync_segments,
)
from app.cli.service_commands import (
    keys_create,
    keys_list,
    keys_revoke,
    labels_add,
    labels_list,
    labels_remove,
    migrate,
    serve,
    worker,
)
from features.backbones.compute import Compute
from solver.model.options import FrontierOptions, SolverOptions


def select(
    *,
    budget: Annotated[tuple[str, ...], Parameter(group=QUESTION, required=True)],
    scenes: SceneFlags,
    files: SeedFlags,
    rules: RuleFlags = Rules(),
    hint: HintFlags = Hint(),
    search: SolverFlags = SolverOptions(),
) -> None:
    """Choose the scenes to label first, from a source of scenes and a budget.

    Parameters
    ----------
    budget
        An amount such as 6500000, or a percentage of what all usable scenes cost: 3%. Repeatable:
        a seed for each, after one extraction.
    """
    from features.guarded.pool import prepare

    prepare("scenes")  # it starts while the solver is imported
    from app.cli import select as command

    command.run(budget, scenes, rules, hint, search, files)


def solve(
    file: ProblemFile | None = None,
    /,
    *,
    budget: Annotated[str | None, Parameter(group=QUESTION)] = None,
    scenes: OptionalScenes = None,
    rules: RuleFlags = Rules(),
    search: SolverFlags = SolverOptions(),
    files: AnswerFlags = AnswerFiles(),
) -> None:
    """Solve one problem, from a file or from a source of scenes (--root).

    Parameters
    ----------
    budget
        An amount or a percentage; the file's own if not given.
    """
    from app.cli import solve as command
    from app.cli.problems import Asked

    command.run(Asked(file, scenes, rules), budget, search, files)


def verify(
    file: ProblemFile,
    certificate: Annotated[
        Path, Parameter(name="CERTIFICATE", group=QUESTION, help="What --certificate wrote.")
    ],
    /,
    *,
    budget: Annotated[str | None, Parameter(group=QUESTION)] = None,
    constraints: Annotated[Path | None, Parameter(group=QUESTION)] = None,
    as_json: AsJson = False,
) -> int:
    """Check a certificate: exit 0 if feasibility, objective and bound hold, 1 if one does not.

    Parameters
    ----------
    budget
        Insist on this budget; the file's, or else the certificate's, if not given.
    constraints
        Insist on the constraints in this JSON file; the problem's own, or else the certificate's,
        if not given.
    """
    from app.cli import verify as command

    return command.run(file, certificate, budget=budget, constraints=constraints, as_json=as_json)


def frontier(
    file: ProblemFile | None = None,
    /,
    *,
    budgets: BudgetFlags = Budgets(),
    scenes: OptionalScenes = None,
    rules: RuleFlags = Rules(),
    search: FrontierFlags = FrontierOptions(),
    files: CurveFlags = FrontierFiles(),
) -> None:
    """Solve one problem for many budgets, from a file or from a source of scenes (--root)."""
    from app.cli import frontier as command
    from app.cli.problems import Asked

    command.run(Asked(file, scenes, rules), budgets, search, files)


def duplicates(
    *,
    scenes: SceneFlags,
    threshold: Annotated[float, Parameter(group=QUESTION)] = 0.95,
    as_json: AsJson = False,
) -> None:
    """List the scenes of a source that look so alike that one of each group would do.

    Features are those of `seedal select`, and are not computed twice.

    Parameters
    ----------
    threshold
        Least cosine of two duplicates, from 0.9 to 1.
    """
    from app.cli import duplicates as command

    command.run(scenes, threshold, as_json=as_json)


def manifest(
    folder: Annotated[
        Path, Parameter(name="DIR", group=SOURCE, help="A folder of images, or of folders of them.")
    ],
    /,
    *,
    out: Annotated[Path | None, Parameter(group=OUTPUT)] = None,
    force: Annotated[bool, Parameter(negative=(), group=OUTPUT)] = False,
) -> None:
    """Write a manifest of a folder of images, to be edited: a scene a folder, or else an image.

    A scene costs its number of images, or what costs.csv in the folder says.

    Parameters
    ----------
    out
        The manifest: .jsonl, or .csv with a row an image; scenes.jsonl in the folder by default.
    force
        Write over a file that is there.
    """
    from app.cli import manifest as command

    command.run(folder, out, force=force)


def evaluate(
    *,
    cut: Annotated[tuple[str, ...], Parameter(group=QUESTION, required=True)],
    out: Annotated[Path, Parameter(group=OUTPUT)],
    labelled: LabelledFlags = Labelled(),
    comparison: ComparisonFlags = Comparison(),
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Compare seeds by the models that their labels make, on images that are labelled already.

    Parameters
    ----------
    cut
        How images become scenes: frame, window:LO-HI[:REGEX] or group:REGEX[@LO-HI]; repeatable.
    out
        Folder for the JSON, the tables and the pictures.
    """
    from features.extra import features_extra

    with features_extra("seedal evaluate", "evaluation"):
        import matplotlib as mpl  # noqa: F401 - pictures come last; what they lack is said first

        from app.cli import evaluate as command
    plan = command.plan_of(cut, comparison, labelled)
    cache = settings_of(data_dir=data_dir).cache_dir
    command.run(labelled, plan, cache=cache, out=out, printing_json=as_json)


def demo(
    *,
    out: Annotated[Path, Parameter(group=OUTPUT)] = Path("demo-output"),
    budget: Annotated[str, Parameter(group=QUESTION)] = "10%",
    rooms: Annotated[int, Parameter(group=QUESTION)] = 48,
    serve: Annotated[bool, Parameter(negative="--no-serve", group=SERVICE)] = True,
    port: Annotated[int | None, Parameter(group=SERVICE)] = None,
    api: Annotated[str | None, Parameter(group=SERVICE)] = None,
    key_file: Annotated[
        Path | None, Parameter(env_var="SEEDAL_DEMO_KEY_FILE", group=SERVICE)
    ] = None,
) -> None:
    """Generate a building, choose its seed, and serve both: everything offline.

    Features are kept where `seedal select` looks for them.

    Parameters
    ----------
    out
        Folder for the world and its seed.
    budget
        As in select.
    rooms
        Size of the building.
    serve
        Serve the demo world afterwards.
    port
        Port to listen on.
    api
        Only register it with the service at this address.
    key_file
        File with an API key, where the service asks for one.
    """
    from app.cli import demo as command

    if api is not None:
        command.add_to(api, key_file=key_file, out=out, rooms=rooms)
        return
    settings = settings_of(
        port=port,
        data_dir=out / "data",
        cache_dir=settings_of().cache_dir,
        file_roots=(out / "world",),
        log_level="warning",
    )
    command.run(
        key_file=key_file, out=out, rooms=rooms, budget=budget, serving=serve, settings=settings
    )


def weights_fetch(name: BackboneName, /, *, as_json: AsJson = False) -> None:
    """Download the weights of a backbone where they are not there yet."""
    from app.cli import weights

    weights.fetch(name, as_json=as_json)


def weights_check(
    name: BackboneName,
    /,
    *,
    weights: Annotated[Path | None, Parameter(group=FEATURES)] = None,
    sha256: Annotated[str | None, Parameter(group=FEATURES)] = None,
    compute: Annotated[Compute, flags(FEATURES, compiled="compile")] = Compute(),
    as_json: AsJson = False,
) -> None:
    """Load a backbone's weights and encode one image with them.

    Parameters
    ----------
    weights
        A checkpoint of the backbone.
    sha256
        What its SHA-256 must be.
    """
    from app.cli import weights as command

    command.check(name, weights=weights, sha256=sha256, compute=compute, as_json=as_json)


Command = Callable[..., object]

COMMANDS: Final[tuple[Command, ...]] = (
    *(manifest, select, export, duplicates, solve, frontier, verify, evaluate, demo),
    *(serve, worker, migrate),
)
"""Commands of their own."""

FAMILIES: Final[Mapping[str, tuple[str, Mapping[str, Command]]]] = {
    "push": (
        "Put a seed into the queue of an annotation platform.",
        {"label-studio": push_label_studio, "cvat": push_cvat, "segments": push_segments},
    ),
    "sync": (
        "What is labelled on an annotation platform.",
        {"label-studio": sync_label_studio, "cvat": sync_cvat, "segments": sync_segments},
    ),
    "keys": (
        "API keys: who may call the service.",
        {"create": keys_create, "list": keys_list, "revoke": keys_revoke},
    ),
    "labels": (
        "The ledger of labels: what is said of a dataset's scenes.",
        {"add": labels_add, "list": labels_list, "remove": labels_remove},
    ),
    "weights": ("The weights of backbones.", {"fetch": weights_fetch, "check": weights_check}),
}
"""Commands of one subject, under its name."""
