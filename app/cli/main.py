"""The command line: reads words, calls one command, turns errors into one sentence and exit 2.

Results go to stdout; progress, notes and errors to stderr.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from app.cli.demo_flags import demo
from app.cli.evaluate_flags import evaluate
from app.cli.flags import DataDir, settings_of
from app.cli.keys_flags import app as _keys
from app.cli.migrate import migrate
from app.cli.terminal import say
from app.errors import AppError
from features.errors import FeatureError
from solver.model.errors import SolverError

USER_MISTAKE = 2
INTERRUPTED = 130

_app = typer.Typer(
    name="seedal",
    help="Which 3D scenes to label first: the most diverse set that a budget pays for.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from app.seeds.translate import versions

        typer.echo(f"seedal {versions().get('seedal-service', '0')}")
        raise typer.Exit


@_app.callback()
def _top(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Its version.")
    ] = False,
) -> None:
    """Take what concerns no command in particular."""


@_app.command("select")
def _select(  # noqa: PLR0913, PLR0917 - one parameter a flag
    budget: Annotated[str, typer.Option(help="An amount such as 6500000, or a percentage: 3%.")],
    root: Annotated[
        str, typer.Option(help="The source's folder, or the path or URI of a manifest.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the seed's files.")],
    source: Annotated[
        str | None,
        typer.Option(
            help="manifest, images, coco, semantic_kitti, s3dis, nuscenes, scannet or kitti_360; "
            "detected if not given."
        ),
    ] = None,
    images_root: Annotated[
        Path | None, typer.Option(help="Where the images are, if not under the root.")
    ] = None,
    split: Annotated[str, typer.Option(help="all, or the dataset's own train split.")] = "all",
    scene_from: Annotated[
        str | None, typer.Option(help="COCO: key:NAME, or a regular expression with one group.")
    ] = None,
    unit: Annotated[str, typer.Option(help="nuScenes: scene (a drive) or keyframe.")] = "scene",
    resource: Annotated[str | None, typer.Option(help="What the budget limits.")] = None,
    backbone: Annotated[str, typer.Option(help="A backbone's name, or auto.")] = "auto",
    weights: Annotated[Path | None, typer.Option(help="A checkpoint of the backbone.")] = None,
    weights_sha256: Annotated[
        str | None, typer.Option(help="What the weights' SHA-256 must be.")
    ] = None,
    token: Annotated[str, typer.Option(help="auto, cls, patch_keys or patches.")] = "auto",  # noqa: S107 - not a secret
    clusters: Annotated[int, typer.Option(help="Centres per scene.")] = 13,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    precision: Annotated[
        str, typer.Option(help="float32, float16, bfloat16, or auto: float16 on CUDA.")
    ] = "float32",
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the network: slower to start, then faster.")
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option(help="Images encoded at once; by default what is fast.")
    ] = None,
    sparsify: Annotated[
        float | None,
        typer.Option(help="Drop frames of a sequence more alike than this cosine (paper: 0.75)."),
    ] = None,
    sparsify_tail: Annotated[
        str, typer.Option(help="keep or drop (the released code) a sequence's last frames.")
    ] = "keep",
    engine: Annotated[str, typer.Option(help="local, or ray: a cluster of GPUs.")] = "local",
    actors: Annotated[int | None, typer.Option(help="Networks on the Ray cluster.")] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="A file of vectors, instead of reading images.")
    ] = None,
    vector_ids: Annotated[
        Path | None, typer.Option(help="The scene of each vector, if that file does not say it.")
    ] = None,
    objective: Annotated[
        str,
        typer.Option(
            help="seedal, pairwise, centred, facility_location, k_center, coverage, spread, "
            "balanced or auto (recommended)."
        ),
    ] = "seedal",
    strategy: Annotated[
        str, typer.Option(help="auto, greedy, local_search, exact, cp_sat, scip, highs or pulp.")
    ] = "auto",
    time_limit: Annotated[float, typer.Option(help="Seconds for the solver.")] = 10.0,
    gap: Annotated[float, typer.Option(help="Stop at this certified relative gap.")] = 0.0,
    random_seed: Annotated[int, typer.Option(min=0, help="The only source of randomness.")] = 0,
    form: Annotated[
        str, typer.Option("--format", help="json, csv, redal or contact_sheet.")
    ] = "json",
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if any image cannot be read.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the seed as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Choose the scenes to label first, from a source of scenes and a budget."""
    from app.choosing.budgets import parse_budget
    from app.choosing.selection import SelectionRequest
    from app.cli import select
    from features.settings import FeatureSettings, Sparsification
    from features.sources import SourceOptions

    if sparsify is None and sparsify_tail != "keep":
        message = "--sparsify-tail says nothing without --sparsify"
        raise FeatureError(message)
    request = SelectionRequest(
        kind=source,
        root=root,
        options=SourceOptions(
            images_root=images_root,
            split=split,  # type: ignore[arg-type]  # checked there
            resource=resource,
            scene_from=scene_from,
            unit=unit,  # type: ignore[arg-type]  # checked there
        ),
        features=FeatureSettings(
            backbone=backbone,
            token=token,  # type: ignore[arg-type]  # checked there
            clusters=clusters,
            weights=weights,
            weights_sha256=weights_sha256,
            device=device,
            precision=precision,
            compiled=compiled,
            batch_size=batch_size,
            sparsify=None if sparsify is None else Sparsification(sparsify, sparsify_tail),  # type: ignore[arg-type]  # checked there
            engine=engine,  # type: ignore[arg-type]  # checked there
            actors=actors,
        ),
        vectors=vectors,
        vector_ids=vector_ids,
        budget=parse_budget(budget),
        objective=objective,
        strategy=strategy,
        time_limit_s=time_limit,
        gap=gap,
        random_seed=random_seed,
        strict=strict,
    )
    cache = settings_of(data_dir=data_dir).cache_dir
    select.run(request, cache=cache, form=form, out=out, as_json=as_json)


@_app.command("duplicates")
def _duplicates(  # noqa: PLR0913, PLR0917 - one parameter a flag
    root: Annotated[
        str, typer.Option(help="The source's folder, or the path or URI of a manifest.")
    ],
    threshold: Annotated[
        float, typer.Option(help="Least cosine of two duplicates, from 0.9 to 1.")
    ] = 0.95,
    source: Annotated[str | None, typer.Option(help="As in select.")] = None,
    images_root: Annotated[Path | None, typer.Option(help="As in select.")] = None,
    backbone: Annotated[str, typer.Option(help="As in select.")] = "auto",
    token: Annotated[str, typer.Option(help="As in select.")] = "auto",  # noqa: S107 - not a secret
    vectors: Annotated[Path | None, typer.Option(help="As in select.")] = None,
    vector_ids: Annotated[Path | None, typer.Option(help="As in select.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the scenes of a source that look so alike that one of each group would do."""
    from app.cli import duplicates
    from features.settings import FeatureSettings
    from features.sources import SourceOptions

    options = duplicates.DuplicatesOptions(
        kind=source,
        root=root,
        source=SourceOptions(images_root=images_root),
        features=FeatureSettings(backbone=backbone, token=token),  # type: ignore[arg-type]  # checked there
        vectors=vectors,
        vector_ids=vector_ids,
        threshold=threshold,
    )
    duplicates.run(options, cache=settings_of(data_dir=data_dir).cache_dir, as_json=as_json)


_app.command("evaluate")(evaluate)


ProblemPath = Annotated[
    Path,
    typer.Argument(
        help="A .npz, a folder of .npy, or a quadratic knapsack (.txt, .xz).", metavar="FILE"
    ),
]
ConstraintsPath = Annotated[
    Path | None, typer.Option(help="A JSON file: include, exclude, labelled, groups and so on.")
]
SolverSeconds = Annotated[float, typer.Option("--time-limit", help="Seconds for the solver.")]
RandomSeed = Annotated[int, typer.Option(min=0, help="The only source of randomness.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@_app.command("solve")
def _solve(  # noqa: PLR0913, PLR0917 - one parameter a flag
    file: ProblemPath,
    budget: Annotated[
        str | None, typer.Option(help="An amount or a percentage; the file's own if not given.")
    ] = None,
    time_limit: SolverSeconds = 10.0,
    gap: Annotated[float, typer.Option(help="Stop at this certified relative gap.")] = 0.0,
    strategy: Annotated[str, typer.Option(help="As in select.")] = "auto",
    random_seed: RandomSeed = 0,
    certificate: Annotated[
        Path | None, typer.Option(help="Where to write a certificate for `seedal verify`.")
    ] = None,
    constraints: ConstraintsPath = None,
    as_json: AsJson = False,
) -> None:
    """Solve one problem from a file."""
    from app.choosing.budgets import parse_budget
    from app.cli import solve

    request = solve.SolveRequest(
        path=file,
        budget=None if budget is None else parse_budget(budget),
        time_limit_s=time_limit,
        gap=gap,
        strategy=strategy,
        random_seed=random_seed,
        constraints=constraints,
    )
    solve.run(request, certificate=certificate, as_json=as_json)


@_app.command("verify")
def _verify(
    file: ProblemPath,
    certificate: Annotated[Path, typer.Argument(help="What `seedal solve` wrote.")],
    budget: Annotated[
        str | None, typer.Option(help="Insist on this budget; the certificate's if not given.")
    ] = None,
    constraints: ConstraintsPath = None,
    as_json: AsJson = False,
) -> None:
    """Check a certificate: exit 0 if feasibility, objective and bound hold, 1 if one does not."""
    from app.choosing.budgets import parse_budget
    from app.cli import verify

    asked = None if budget is None else parse_budget(budget)
    status = verify.run(file, certificate, budget=asked, constraints=constraints, as_json=as_json)
    raise typer.Exit(status)


@_app.command("frontier")
def _frontier(  # noqa: PLR0913, PLR0917 - one parameter a flag
    file: ProblemPath,
    budgets: Annotated[
        str | None, typer.Option(help="Amounts or percentages, separated by commas.")
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="The smallest budget.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="The largest budget.")] = None,
    steps: Annotated[int | None, typer.Option(help="Number of budgets between the two.")] = None,
    nested: Annotated[
        bool, typer.Option("--nested", help="A larger budget only adds items.")
    ] = False,
    gap: Annotated[float, typer.Option(help="Certify each point to this relative gap.")] = 0.01,
    time_limit: SolverSeconds = 10.0,
    random_seed: RandomSeed = 0,
    constraints: ConstraintsPath = None,
    as_json: AsJson = False,
) -> None:
    """Solve one problem for many budgets."""
    from app.cli import frontier

    request = frontier.FrontierQuestion(
        path=file,
        budgets=budgets,
        first=first,
        last=last,
        steps=steps,
        nested=nested,
        gap=gap,
        time_limit_s=time_limit,
        random_seed=random_seed,
        constraints=constraints,
    )
    frontier.run(request, as_json=as_json)


@_app.command("serve")
def _serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (SEEDAL_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (SEEDAL_PORT).")] = None,
    file_root: Annotated[
        list[Path] | None, typer.Option(help="Folder that sources may lie under; repeatable.")
    ] = None,
    url_root: Annotated[
        list[str] | None,
        typer.Option(help="URI prefix that remote sources may lie under; repeatable."),
    ] = None,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also run a worker process.")
    ] = True,
    data_dir: DataDir = None,
) -> None:
    """Serve the HTTP API and the explorer page."""
    from app.main import serve

    roots = tuple(file_root) if file_root else None
    prefixes = tuple(url_root) if url_root else None
    settings = settings_of(
        host=host, port=port, file_roots=roots, url_roots=prefixes, data_dir=data_dir
    )
    serve(settings, worker=worker)


@_app.command("worker")
def _worker(data_dir: DataDir = None) -> None:
    """Run a worker process: it extracts the features of registered datasets."""
    from app.worker import run

    run(settings_of(data_dir=data_dir))


_weights = typer.Typer(help="The weights of backbones.", no_args_is_help=True)
_app.add_typer(_weights, name="weights")
_app.add_typer(_keys, name="keys")
_app.command("demo")(demo)
_app.command("migrate")(migrate)

BackboneName = Annotated[str, typer.Argument(help="A backbone's name.", metavar="NAME")]


@_weights.command("fetch")
def _weights_fetch(name: BackboneName, as_json: AsJson = False) -> None:
    """Download the weights of a backbone where they are not there yet."""
    from app.cli import weights

    weights.fetch(name, as_json=as_json)


@_weights.command("check")
def _weights_check(
    name: BackboneName,
    weights: Annotated[Path | None, typer.Option(help="A checkpoint of the backbone.")] = None,
    sha256: Annotated[str | None, typer.Option(help="What its SHA-256 must be.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    precision: Annotated[str, typer.Option(help="As in select.")] = "float32",
    as_json: AsJson = False,
) -> None:
    """Load a backbone's weights and encode one image with them."""
    from app.cli import weights as command
    from features.backbones import Compute

    compute = Compute(device, precision)
    command.check(name, weights=weights, sha256=sha256, compute=compute, as_json=as_json)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        The words after ``seedal``; the process's own where None.

    Returns
    -------
    int
        The exit status: 0, 2 for a user's mistake (one sentence on stderr), 130 if interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stderr is None:  # closed by the caller: print() would take stdout in its place
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  for good
    try:
        status = _app(words, standalone_mode=False)
    except TyperException as error:
        say(error.format_message())
        return USER_MISTAKE
    except ValidationError as error:
        first = error.errors()[0]
        say(f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}")
        return USER_MISTAKE
    except (AppError, FeatureError, SolverError) as error:
        say(str(error))
        return USER_MISTAKE
    except OSError as error:  # a cache that cannot be written, a port that is taken
        say(f"{error.filename or 'the system refuses'}: {error.strerror or error}")
        return USER_MISTAKE
    except KeyboardInterrupt:
        say("interrupted; what is stored is kept, and the same command goes on from there")
        return INTERRUPTED
    return int(status or 0)


if __name__ == "__main__":
    sys.exit(main())
