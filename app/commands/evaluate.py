"""``seedal evaluate``: whether a seed makes a better first model than random ones."""

from dataclasses import dataclass
from pathlib import Path

from app.commands.select import write_files
from app.commands.terminal import ImageProgress, answer, answer_json, say
from app.errors import InvalidRequestError
from app.evaluation.experiment import Evaluation, evaluate
from app.evaluation.figure import grid
from app.evaluation.labelled import LabelledPool, read_labelled
from app.evaluation.plan import Plan
from app.evaluation.point_clouds import read_semantic_kitti_labelled
from app.evaluation.report import as_json, as_text, json_bytes, panels, round_panels


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
        Its sequences that are scored.
    """

    images: Path | None = None
    labels: Path | None = None
    train: Path | None = None
    test: Path | None = None
    ignore: frozenset[int] = frozenset()
    classes: int | None = None
    semantic_kitti: Path | None = None
    test_sequences: tuple[str, ...] = ("08",)

    def read(self) -> LabelledPool:
        """Find the data and check it.

        Raises
        ------
        InvalidRequestError
            A part is missing, or breaks a rule.
        """
        parts = (self.images, self.labels, self.train, self.test)
        if self.semantic_kitti is not None:
            if any(parts):
                detail = "--semantic-kitti takes the place of --images, --labels, --train, --test."
                raise InvalidRequestError(detail)
            return read_semantic_kitti_labelled(
                self.semantic_kitti, test_sequences=self.test_sequences
            )
        if not (self.images and self.labels and self.train and self.test):
            detail = (
                "Labelled data are --images, --labels, --train and --test, or --semantic-kitti."
            )
            raise InvalidRequestError(detail)
        return read_labelled(
            self.images,
            self.labels,
            ignore=self.ignore,
            train=self.train,
            test=self.test,
            classes=self.classes,
        )


def run(source: LabelledSource, plan: Plan, *, cache: Path, out: Path, json: bool) -> Evaluation:
    """Evaluate, write ``evaluation.json``, ``evaluation.txt`` and pictures, and print the answer.

    Raises
    ------
    AppError, FeatureError
        See `app.evaluation.experiment.evaluate`; nothing has been written to `out` then.
    """
    evaluation = evaluate(source.read(), plan, cache, progress=ImageProgress(), say=say)
    text = as_text(evaluation)
    files = {"evaluation.json": json_bytes(evaluation), "evaluation.txt": f"{text}\n".encode()}
    paths = write_files(files, out)
    bold = frozenset(plan.objectives)
    for name, drawn in (
        ("evaluation", panels(evaluation, bold)),
        ("rounds", round_panels(evaluation, bold)),
    ):
        for suffix in (".png", ".svg") if drawn else ():
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
