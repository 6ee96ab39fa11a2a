"""The options of ``seedal evaluate``, as people write them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from app.cli.options import FEATURES, QUESTION, SOLVER, SOURCE, RandomSeed


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Where labelled data lies: images with label PNGs and two lists, or a SemanticKITTI root.

    Parameters
    ----------
    images
        Folder of images.
    labels
        Folder of index PNGs with the same names.
    train
        File of the stems that may be chosen, one a line.
    test
        File of the stems that are scored, one a line.
    ignore_label
        A label that is no class; repeatable.
    classes
        Number of classes; by default the largest label plus 1.
    semantic_kitti
        SemanticKITTI's root, in place of images and lists.
    test_sequences
        Sequences of SemanticKITTI that are scored: a,b; by default 08.
    """

    images: Path | None = None
    labels: Path | None = None
    train: Path | None = None
    test: Path | None = None
    ignore_label: tuple[int, ...] = ()
    classes: int | None = None
    semantic_kitti: Path | None = None
    test_sequences: str | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared, and how often.

    Parameters
    ----------
    budgets
        Amounts or percentages, separated by commas.
    cost
        What labelling costs: pixels, segments, images, points or column:FILE:NAME; by default
        pixels, for SemanticKITTI points.
    objectives
        Names as in select, or NAME/STRATEGY, separated by commas; all; none. recommended+hint:N
        (also P% or all) has N labelled images from outside the pool, or spends P % of the budget
        on images that are its hint.
    baselines
        Names of baselines, separated by commas; all; none.
    random
        Number of random seeds, at least 2.
    repetitions
        How often a cut with lengths LO-HI is drawn.
    starts
        How often a method that chance decides is asked, with other random seeds.
    rounds
        Rounds of active learning after each seed.
    acquisitions
        How further rounds choose, separated by commas.
    backbone
        A backbone's name, auto, or several separated by commas.
    weights
        A checkpoint of the backbone.
    first_model
        Another backbone; first models on its features judge the same seeds too.
    first_weights
        A checkpoint of --first-model.
    token
        As in select; auto is what each method wants.
    device
        auto, cpu or cuda.
    time_limit
        Seconds for the solver, each seed.
    random_seed
        The only source of randomness.
    """

    budgets: str = "3%,6%,12%"
    cost: str | None = None
    objectives: str = "all"
    baselines: str = "all"
    random: int = 20
    repetitions: int = 3
    starts: int = 1
    rounds: int = 0
    acquisitions: str = "random,entropy,margin,core_set"
    backbone: Annotated[str, Parameter(group=FEATURES)] = "auto"
    weights: Annotated[Path | None, Parameter(group=FEATURES)] = None
    first_model: Annotated[str | None, Parameter(group=FEATURES)] = None
    first_weights: Annotated[Path | None, Parameter(group=FEATURES)] = None
    token: Annotated[str, Parameter(group=FEATURES)] = "auto"  # noqa: S105 - not a secret
    device: Annotated[str, Parameter(group=FEATURES)] = "auto"
    time_limit: Annotated[float, Parameter(group=SOLVER)] = 10.0
    random_seed: Annotated[RandomSeed, Parameter(group=SOLVER)] = 0


LabelledFlags = Annotated[Labelled, Parameter(name="*", group=SOURCE)]
ComparisonFlags = Annotated[Comparison, Parameter(name="*", group=QUESTION)]
