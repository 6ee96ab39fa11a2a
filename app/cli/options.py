"""Options that several commands have: each is named, typed and explained in one place.

A group of options is a dataclass, and its docstring is the help. Where the product has a dataclass
for what is asked (how images become features, how a source is read, how is searched), that one is
the group. Nothing here loads numpy: ``seedal select --help`` is as quick as ``seedal --version``.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from app.choosing.objectives import OBJECTIVES, RECOMMENDED
from app.errors import SettingsError
from app.seeds.scene_request import SceneRequest
from features.settings import FeatureSettings
from features.sources.options import FolderKind, SourceOptions
from solver.model.options import FrontierOptions, SolverOptions

if TYPE_CHECKING:
    from app.settings import Settings

# In the order of the help.
QUESTION: Final = Group("Question", sort_key=1)
SOURCE: Final = Group("Source", sort_key=2)
CONSTRAINTS: Final = Group("Constraints", sort_key=3)
SOLVER: Final = Group("Solver", sort_key=4)
FEATURES: Final = Group("Features", sort_key=5)
OUTPUT: Final = Group("Output", sort_key=6)
SERVICE: Final = Group("Service", sort_key=7)
MESSAGES: Final = Group("Messages", sort_key=8)

_KINDS: Final = ("manifest", *get_args(FolderKind))

# Hooks of a dataclass that are no options.
_OPTIONS: Final = r"^(?!refuse$|go_on$)"


def flags(group: Group, **names: str) -> Parameter:
    """Return how a dataclass becomes flags.

    Parameters
    ----------
    group
        Where the help shows them.
    names
        Flags of the fields that are not called like their flag; ``"*"`` puts the fields of a
        dataclass within among the others.
    """
    return Parameter(
        name="*",
        group=group,
        parse=_OPTIONS,
        name_transform=lambda name: names.get(name, name.replace("_", "-")),
    )


RandomSeed = Annotated[int, Parameter(validator=Number(gte=0))]
"""A random seed; negative ones are refused."""


@dataclass(frozen=True, kw_only=True)
class Scenes(SceneRequest):
    """The scenes of a source, as a command is asked about them.

    Parameters
    ----------
    data_dir
        Where features and results are kept (SEEDAL_DATA_DIR).
    """

    kind: Annotated[
        str | None,
        Parameter(help=f"{', '.join(_KINDS[:-1])} or {_KINDS[-1]}; detected if not given."),
    ] = None
    options: Annotated[SourceOptions, flags(SOURCE)] = field(default_factory=SourceOptions)
    features: Annotated[
        FeatureSettings,
        flags(
            FEATURES, compiled="compile", sparsify="*", threshold="sparsify", tail="sparsify-tail"
        ),
    ] = field(default_factory=FeatureSettings)
    objective: Annotated[str, Parameter(group=QUESTION, help=f"{', '.join(OBJECTIVES)}.")] = (
        RECOMMENDED
    )
    data_dir: Annotated[Path | None, Parameter(group=OUTPUT)] = None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Rules besides the budget.

    Parameters
    ----------
    constraints
        A JSON file with the members of a seed request: include, exclude, labelled, min_scenes,
        max_scenes, groups, side_budgets and one_of_each_duplicate. The flags of this group add to
        it.
    include
        A scene that must be chosen, or @FILE with one id a line; repeatable.
    exclude
        A scene that must not be chosen, or @FILE; repeatable.
    labelled
        A scene that is labelled already, or @FILE: it counts for diversity, costs nothing, and is
        not in the seed; repeatable.
    min_scenes
        The fewest scenes of a seed.
    max_scenes
        The most scenes of a seed.
    group_limit
        How many scenes of a group are chosen, as GROUP=MIN:MAX; either number may be left out;
        repeatable.
    side_budget
        A limit on another resource, as RESOURCE=AMOUNT; repeatable.
    one_of_each_duplicate
        Of scenes that are at least so similar, from 0.9 to 1, at most one is chosen; seedal
        duplicates lists them.
    """

    constraints: Path | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()
    min_scenes: int | None = None
    max_scenes: int | None = None
    group_limit: tuple[str, ...] = ()
    side_budget: tuple[str, ...] = ()
    one_of_each_duplicate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What a user can show of the things that count.

    Parameters
    ----------
    hint
        A folder, or ZIP archive, of a few labelled images that are not in the pool or in scenes
        that are --labelled, each with an index PNG of its name, or with one .json of COCO: the
        recommended seed is the one for what they show.
    hint_ignore
        A label in the hint that is no class; repeatable.
    """

    hint: Path | None = None
    hint_ignore: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SeedFiles:
    """What a seed is written into.

    Parameters
    ----------
    out
        Folder for the seed's files; several budgets get a folder each in it.
    form
        What is written beside seed.json: jsonl, csv, parquet, priorities, label_studio, coco,
        redal, contact_sheet, cvat, supervisely, or json for nothing else.
    certificate
        Also write proof.json, a proof that ``seedal verify problem.npz proof.json`` checks.
    problem
        Also write problem.npz, the problem that the proof is about.
    as_json
        Print the seed as JSON; a list where there are several budgets.
    """

    out: Path
    form: str = "jsonl"
    certificate: bool = False
    problem: bool = False
    as_json: bool = False


@dataclass(frozen=True, kw_only=True)
class AnswerFiles:
    """What an answer is written into.

    Parameters
    ----------
    certificate
        Where to write a certificate for ``seedal verify``.
    problem
        Where to write the problem (.npz) that the certificate is about.
    as_json
        Print JSON.
    """

    certificate: Path | None = None
    problem: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Many budgets: a list, or so many steps from one to another.

    Parameters
    ----------
    budgets
        Amounts or percentages, separated by commas.
    first
        The smallest budget.
    last
        The largest budget.
    steps
        Number of budgets between the two.
    nested
        A larger budget only adds scenes.
    """

    budgets: str | None = None
    first: str | None = None
    last: str | None = None
    steps: int | None = None
    nested: bool = False


@dataclass(frozen=True, kw_only=True)
class FrontierFiles:
    """What a frontier is written into.

    Parameters
    ----------
    certificates
        Folder for problem.npz and a proof of each point for ``seedal verify``: proof-0.json of the
        smallest budget, and so on.
    as_json
        Print JSON.
    """

    certificates: Path | None = None
    as_json: bool = False


SceneFlags = Annotated[Scenes, flags(SOURCE, kind="source")]
OptionalScenes = Annotated[Scenes | None, flags(SOURCE, kind="source")]
RuleFlags = Annotated[Rules, flags(CONSTRAINTS)]
HintFlags = Annotated[Hint, Parameter(name="*", group=QUESTION)]
SolverFlags = Annotated[SolverOptions, flags(SOLVER, time_limit_s="time-limit")]
FrontierFlags = Annotated[FrontierOptions, flags(SOLVER, time_limit_s="time-limit")]
SeedFlags = Annotated[SeedFiles, flags(OUTPUT, form="format", as_json="json")]
AnswerFlags = Annotated[AnswerFiles, flags(OUTPUT, as_json="json")]
CurveFlags = Annotated[FrontierFiles, flags(OUTPUT, as_json="json")]
BudgetFlags = Annotated[Budgets, flags(QUESTION, first="from", last="to")]
ProblemFile = Annotated[
    Path,
    Parameter(
        name="FILE",
        group=QUESTION,
        help="A problem: a .npz, a folder of .npy, or a quadratic knapsack (.txt, .xz).",
    ),
]
BackboneName = Annotated[str, Parameter(name="NAME", group=FEATURES, help="A backbone's name.")]
AsJson = Annotated[bool, Parameter(name="--json", group=OUTPUT, help="Print JSON.")]
DataDir = Annotated[
    Path | None,
    Parameter(group=SERVICE, help="Where the database and results are kept (SEEDAL_DATA_DIR)."),
]


def settings_of(**given: object) -> "Settings":
    """Return the settings of the environment, with the flags that were given on top.

    Raises
    ------
    SettingsError
        A value is of the wrong type or out of range; names the setting.
    """
    from pydantic import ValidationError

    from app.settings import Settings

    try:
        return Settings.model_validate(
            {name: value for name, value in given.items() if value not in (None, ())}
        )
    except ValidationError as error:
        first = error.errors()[0]
        detail = f"setting {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise SettingsError(detail) from error
