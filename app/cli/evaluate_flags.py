"""The flags of ``seedal evaluate``: words to one call."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.flags import DataDir, settings_of
from features.extra import features_extra


def _listed(text: str) -> tuple[str, ...]:
    """Split a list such as ``a,b``; ``none`` is the empty one."""
    parts = tuple(part.strip() for part in text.split(","))
    return () if parts == ("none",) else parts


def evaluate(  # noqa: PLR0913, PLR0917 - one parameter a flag
    out: Annotated[Path, typer.Option(help="Folder for the JSON, the tables and the pictures.")],
    cut: Annotated[
        list[str],
        typer.Option(
            help="How images become scenes: frame, window:LO-HI[:REGEX] or group:REGEX[@LO-HI]; "
            "may be given several times."
        ),
    ],
    images: Annotated[Path | None, typer.Option(help="Folder of images.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Folder of index PNGs with the same names.")
    ] = None,
    train: Annotated[
        Path | None, typer.Option(help="File of the stems that may be chosen, one a line.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="File of the stems that are scored, one a line.")
    ] = None,
    ignore_label: Annotated[
        list[int] | None, typer.Option(help="A label that is no class; may be given several times.")
    ] = None,
    classes: Annotated[
        int | None,
        typer.Option(help="Number of classes; by default the largest label plus 1."),
    ] = None,
    semantic_kitti: Annotated[
        Path | None, typer.Option(help="SemanticKITTI's root, in place of images and lists.")
    ] = None,
    test_sequences: Annotated[
        str | None,
        typer.Option(help="Sequences of SemanticKITTI that are scored: a,b; by default 08."),
    ] = None,
    budgets: Annotated[
        str, typer.Option(help="Amounts or percentages, separated by commas.")
    ] = "3%,6%,12%",
    cost: Annotated[
        str | None,
        typer.Option(
            help="What labelling costs: pixels, segments, images, points or column:FILE:NAME; "
            "by default pixels, for SemanticKITTI points."
        ),
    ] = None,
    backbone: Annotated[
        str, typer.Option(help="A backbone's name, auto, or several separated by commas.")
    ] = "auto",
    weights: Annotated[Path | None, typer.Option(help="A checkpoint of the backbone.")] = None,
    token: Annotated[
        str, typer.Option(help="As in select; auto is what each method wants.")
    ] = "auto",  # noqa: S107 - not a secret
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    objectives: Annotated[
        str,
        typer.Option(help="Names as in select, or NAME/STRATEGY, separated by commas; all; none."),
    ] = "all",
    baselines: Annotated[
        str, typer.Option(help="Names of baselines, separated by commas; all; none.")
    ] = "all",
    random: Annotated[int, typer.Option(help="Number of random seeds, at least 2.")] = 20,
    repetitions: Annotated[
        int, typer.Option(help="How often a cut with lengths LO-HI is drawn.")
    ] = 3,
    rounds: Annotated[int, typer.Option(help="Rounds of active learning after each seed.")] = 0,
    acquisitions: Annotated[
        str, typer.Option(help="How further rounds choose, separated by commas.")
    ] = "random,entropy,margin,core_set",
    time_limit: Annotated[float, typer.Option(help="Seconds for the solver, each seed.")] = 10.0,
    random_seed: Annotated[int, typer.Option(min=0, help="The only source of randomness.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the evaluation as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Compare seeds by the models that their labels make, on images that are labelled already."""
    with features_extra("seedal evaluate", "evaluation"):
        import matplotlib as mpl  # noqa: F401 - pictures come last; what they lack is said first

        from app.cli import evaluate as command
    from app.choosing.budgets import parse_budget
    from app.choosing.objectives import OBJECTIVES
    from app.evaluation.costs import parse_cost
    from app.evaluation.cuts import parse_cut
    from app.evaluation.methods import BASELINE_METHODS
    from app.evaluation.plan import ComparisonPlan
    from features.settings import FeatureSettings

    source = command.LabelledSource(
        images=images,
        labels=labels,
        train=train,
        test=test,
        ignore=frozenset(ignore_label or ()),
        classes=classes,
        semantic_kitti=semantic_kitti,
        test_sequences=None if test_sequences is None else _listed(test_sequences),
    )
    usual_cost = "pixels" if semantic_kitti is None else "points"
    plan = ComparisonPlan(
        cuts=tuple(map(parse_cut, cut)),
        budgets=tuple(map(parse_budget, _listed(budgets))),
        objectives=tuple(OBJECTIVES) if objectives == "all" else _listed(objectives),
        baselines=BASELINE_METHODS if baselines == "all" else _listed(baselines),
        backbones=_listed(backbone),
        random=random,
        repetitions=repetitions,
        cost=parse_cost(usual_cost if cost is None else cost),
        features=FeatureSettings(
            token=token,  # type: ignore[arg-type]  # checked there
            weights=weights,
            device=device,
        ),
        rounds=rounds,
        acquisitions=_listed(acquisitions),
        time_limit_s=time_limit,
        random_seed=random_seed,
    )
    cache = settings_of(data_dir=data_dir).cache_dir
    command.run(source, plan, cache=cache, out=out, json=as_json)
