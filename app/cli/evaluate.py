"""``seedal evaluate``: whether a seed makes a better first model than random ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from app.choosing.budgets import parse_budget
from app.choosing.objectives import OBJECTIVES
from app.cli.evaluate_options import Comparison, Labelled
from app.cli.files import require_folder, write_files
from app.cli.terminal import ImageProgress, answer, answer_json, say
from app.errors import InvalidRequestError
from app.evaluation.costs import parse_cost
from app.evaluation.cuts import parse_cut
from app.evaluation.experiment import evaluate
from app.evaluation.figure import grid
from app.evaluation.methods import BASELINE_METHODS
from app.evaluation.outcome import Evaluation
from app.evaluation.plan import ComparisonPlan
from app.evaluation.report import as_json, as_text, json_bytes, pictures
from app.labelled.folder import LabelledPool, read_labelled
from app.labelled.point_clouds import VALIDATION, read_semantic_kitti_labelled
from features.settings import FeatureSettings


def plan_of(cuts: Sequence[str], asked: Comparison, labelled: Labelled) -> ComparisonPlan:
    """Return what is to be compared.

    Raises
    ------
    AppError, FeatureError
        A text is none of its kind, or a value breaks a rule; names it.
    """
    usual_cost = "pixels" if labelled.semantic_kitti is None else "points"
    return ComparisonPlan(
        cuts=tuple(map(parse_cut, cuts)),
        budgets=tuple(map(parse_budget, _listed(asked.budgets))),
        objectives=tuple(OBJECTIVES) if asked.objectives == "all" else _listed(asked.objectives),
        baselines=BASELINE_METHODS if asked.baselines == "all" else _listed(asked.baselines),
        backbones=_listed(asked.backbone),
        first_model=_first_model(asked),
        random=asked.random,
        repetitions=asked.repetitions,
        starts=asked.starts,
        cost=parse_cost(usual_cost if asked.cost is None else asked.cost),
        features=FeatureSettings(
            token=asked.token,  # type: ignore[arg-type]  # checked there
            weights=asked.weights,
            device=asked.device,
        ),
        rounds=asked.rounds,
        acquisitions=_listed(asked.acquisitions),
        time_limit_s=asked.time_limit,
        random_seed=asked.random_seed,
    )


def _first_model(asked: Comparison) -> FeatureSettings | None:
    """Return the backbone of a second first model.

    Raises
    ------
    InvalidRequestError
        It has weights, and no name.
    """
    if asked.first_model is not None:
        return FeatureSettings(
            backbone=asked.first_model, weights=asked.first_weights, device=asked.device
        )
    if asked.first_weights is not None:
        message = "--first-weights are a checkpoint of --first-model, which is missing."
        raise InvalidRequestError(message)
    return None


def _listed(text: str) -> tuple[str, ...]:
    """Split a list such as ``a,b``; ``none`` is the empty one."""
    parts = tuple(part.strip() for part in text.split(","))
    return () if parts == ("none",) else parts


def _read(asked: Labelled) -> LabelledPool:
    """Find the labelled data and check it.

    Raises
    ------
    InvalidRequestError
        A part is missing, or breaks a rule.
    """
    folder = {name: getattr(asked, name) for name in ("images", "labels", "train", "test")}
    if asked.semantic_kitti is not None:
        beside = {"ignore_label": asked.ignore_label or None, "classes": asked.classes}
        _refuse("--semantic-kitti takes the place of", _given(folder | beside, given=True))
        sequences = asked.test_sequences
        scored = VALIDATION if sequences is None else _listed(sequences)
        return read_semantic_kitti_labelled(asked.semantic_kitti, test_sequences=scored)
    rule = "Labelled data are --images, --labels, --train and --test, or --semantic-kitti"
    _refuse(f"{rule}; missing:", _given(folder, given=False))
    if asked.test_sequences is not None:
        _refuse("Only --semantic-kitti has", ["--test-sequences"])
    return read_labelled(
        folder["images"],
        folder["labels"],
        ignore=frozenset(asked.ignore_label),
        train=folder["train"],
        test=folder["test"],
        classes=asked.classes,
    )


def _given(flags: Mapping[str, object], *, given: bool) -> list[str]:
    """Return the flags that were given, or that were not."""
    return [
        f"--{name.replace('_', '-')}"
        for name, value in flags.items()
        if (value is not None) == given
    ]


def _refuse(rule: str, flags: Sequence[str]) -> None:
    """Raise the rule and the flags that break it, where there are any."""
    if flags:
        detail = f"{rule} {', '.join(flags)}."
        raise InvalidRequestError(detail)


def run(
    labelled: Labelled, plan: ComparisonPlan, *, cache: Path, out: Path, printing_json: bool
) -> Evaluation:
    """Evaluate, write ``evaluation.json``, ``evaluation.txt`` and pictures, and print the answer.

    Raises
    ------
    AppError, FeatureError
        See `app.evaluation.experiment.evaluate`; nothing has been written to `out` then.
    """
    require_folder(out)
    evaluation = evaluate(_read(labelled), plan, cache, progress=ImageProgress(), say=say)
    text = as_text(evaluation)
    files = {"evaluation.json": json_bytes(evaluation), "evaluation.txt": f"{text}\n".encode()}
    paths = write_files(files, out)
    for name, drawn in pictures(evaluation).items():
        for suffix in (".png", ".svg"):
            paths.append(out / f"{name}{suffix}")
            grid(drawn, paths[-1])
    for note in evaluation.notes:
        say(note)
    if printing_json:
        answer_json(as_json(evaluation) | {"files": [str(path) for path in paths]})
    else:
        answer(text)
        answer("\n".join(f"wrote {path}" for path in paths))
    return evaluation
