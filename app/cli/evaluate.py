"""``seedal evaluate``: whether a seed makes a better first model than random ones."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli.select import write_files
from app.cli.terminal import ImageProgress, answer, answer_json, say
from app.errors import InvalidRequestError
from app.evaluation.experiment import evaluate
from app.evaluation.figure import grid
from app.evaluation.labelled import LabelledPool, read_labelled
from app.evaluation.outcome import Evaluation
from app.evaluation.plan import ComparisonPlan
from app.evaluation.point_clouds import VALIDATION, read_semantic_kitti_labelled
from app.evaluation.report import as_json, as_text, json_bytes, pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSource:
    """Where labelled data lies: images with label PNGs and two lists, or a SemanticKITTI root.

    Parameters
    ----------
    images, labels, train, test, ignore, classes
        As in :func:`app.evaluation.labelled.read_labelled`.
    semantic_kitti
        A root in SemanticKITTI's layout, in place of all of these.
    test_sequences
        Its sequences that are scored; None is its validation sequence.
    """

    images: Path | None = None
    labels: Path | None = None
    train: Path | None = None
    test: Path | None = None
    ignore: frozenset[int] = frozenset()
    classes: int | None = None
    semantic_kitti: Path | None = None
    test_sequences: tuple[str, ...] | None = None

    def read(self) -> LabelledPool:
        """Find the data and check it.

        Raises
        ------
        InvalidRequestError
            A part is missing, or breaks a rule.
        """
        folder = {name: getattr(self, name) for name in ("images", "labels", "train", "test")}
        if self.semantic_kitti is not None:
            kitti_has = folder | {"ignore_label": self.ignore or None, "classes": self.classes}
            _refuse("--semantic-kitti takes the place of", _given(kitti_has, given=True))
            scored = VALIDATION if self.test_sequences is None else self.test_sequences
            return read_semantic_kitti_labelled(self.semantic_kitti, test_sequences=scored)
        rule = "Labelled data are --images, --labels, --train and --test, or --semantic-kitti"
        _refuse(f"{rule}; missing:", _given(folder, given=False))
        if self.test_sequences is not None:
            _refuse("Only --semantic-kitti has", ["--test-sequences"])
        return read_labelled(
            folder["images"],
            folder["labels"],
            ignore=self.ignore,
            train=folder["train"],
            test=folder["test"],
            classes=self.classes,
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
    source: LabelledSource, plan: ComparisonPlan, *, cache: Path, out: Path, json: bool
) -> Evaluation:
    """Evaluate, write ``evaluation.json``, ``evaluation.txt`` and pictures, and print the answer.

    Raises
    ------
    AppError, FeatureError
        See `app.evaluation.experiment.evaluate`; nothing has been written to `out` then.
    """
    _require_folder(out)
    evaluation = evaluate(source.read(), plan, cache, progress=ImageProgress(), say=say)
    text = as_text(evaluation)
    files = {"evaluation.json": json_bytes(evaluation), "evaluation.txt": f"{text}\n".encode()}
    paths = write_files(files, out)
    for name, drawn in pictures(evaluation).items():
        for suffix in (".png", ".svg"):
            paths.append(out / f"{name}{suffix}")
            grid(drawn, paths[-1])
    for note in evaluation.notes:
        say(note)
    if json:
        answer_json(as_json(evaluation) | {"files": [str(path) for path in paths]})
    else:
        answer(text)
        answer("\n".join(f"wrote {path}" for path in paths))
    return evaluation


def _require_folder(out: Path) -> None:
    """Refuse at once a folder that could not be written hours later."""
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "may not be written to" if there.is_dir() else "is no folder"
        detail = f"{out}: cannot be written ({there} {reason})."
        raise InvalidRequestError(detail)
