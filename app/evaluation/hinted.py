"""Recommended seeds with a hint, as an experiment asks for them: what a few labels are worth.

``recommended+hint:9`` has nine labelled images from outside the pool: images that are scored, drawn
from those that show two classes. They are never trained on, but they stay among the scored ones.
``recommended+hint:all`` has all of them. No user has so many: it says what could be had if the
classes were known, and only the chosen scenes' own labels were not.

``recommended+hint:25%`` has no label for nothing: a quarter of the budget buys a recommended seed,
its labels are the hint, and the rest of the budget is spent by it. So it costs what any other seed
does.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.choosing.objectives import OBJECTIVES, RECOMMENDED, FeatureToken
from app.choosing.question import Question
from app.choosing.seeding import SeedAnswer, make_seed
from app.evaluation.methods import Choice, HintSize
from app.hints.describing import labelled_cells
from app.labelled.folder import LabelledPool
from features.backbones import Compute, Identity, open_backbone
from features.errors import VectorsError
from features.pseudo_tasks import LabelledCells, PseudoTasks, taught

_FEWEST_CLASSES: Final = 2


class Teachers:
    """The labelled images of a dataset, as its pool's parts are described; each looked at once.

    Parameters
    ----------
    pool
        The dataset.
    identity
        The backbone of the pool's parts.
    compute
        Where it computes.
    """

    def __init__(self, pool: LabelledPool, identity: Identity, compute: Compute) -> None:
        self._pool, self._identity, self._compute = pool, identity, compute
        self._known: dict[str, LabelledCells] = {}

    def drawn(self, size: HintSize, random_seed: int) -> list[LabelledCells]:
        """Return the cells of images that are scored, drawn from those that show two classes."""
        telling = [stem for stem in self._pool.test if self._classes(stem) >= _FEWEST_CLASSES]
        if size.images is not None and size.images < len(telling):
            rng = np.random.default_rng(random_seed)
            places = np.sort(rng.choice(len(telling), size.images, replace=False))
            telling = [telling[place] for place in places]
        return self.cells(telling)

    def cells(self, stems: Sequence[str]) -> list[LabelledCells]:
        """Return the cells of images."""
        new = [stem for stem in stems if stem not in self._known]
        if new:
            backbone = open_backbone(self._identity, self._compute)
            self._known |= dict(zip(new, labelled_cells(self._pool, new, backbone), strict=True))
        return [self._known[stem] for stem in stems]

    def _classes(self, stem: str) -> int:
        return int(np.count_nonzero(self._pool.counts(stem, 1, 1)))


@dataclass(frozen=True, slots=True)
class Hinted:
    """A method that has a hint; it needs a pool with pseudo-tasks.

    Parameters
    ----------
    size
        Of the hint.
    teachers
        Where labels come from.
    scenes
        Scene id to the stems of its images.
    """

    size: HintSize
    teachers: Teachers
    scenes: Mapping[str, Sequence[str]]

    @property
    def token(self) -> FeatureToken:
        """That of what is recommended."""
        return OBJECTIVES[RECOMMENDED].token

    @property
    def seeded(self) -> bool:
        """Whose labels are seen is chance."""
        return True

    def __call__(self, question: Question) -> Choice:
        """Return the choice; the question's random seed draws the hint."""
        question = replace(question, objective=RECOMMENDED)
        started = time.perf_counter()
        bought = self._bought(question)
        names = tuple(scene.scene_id for scene in bought.scenes) if bought else ()
        answer = make_seed(self._taught(question, names))
        return Choice(
            scenes=(*names, *(scene.scene_id for scene in answer.scenes)),
            seconds=time.perf_counter() - started,
            notes=answer.result.notes,
        )

    def _bought(self, question: Question) -> SeedAnswer | None:
        """Return the first part of a seed, whose labels are the hint, where one is bought."""
        budget = self.size.share * question.budget
        if not budget or budget < question.costs.min():
            return None
        return make_seed(replace(question, budget=budget))

    def _taught(self, question: Question, names: Sequence[str]) -> Question:
        """Return the question about the rest, with what the first part or others' labels teach."""
        if self.size.share and not names:
            return question
        seed = question.options.random_seed
        if not names:
            return replace(
                question, hint=self._tasks(question, self.teachers.drawn(self.size, seed))
            )
        place = {name: number for number, name in enumerate(question.scene_ids)}
        labelled = np.array([place[name] for name in names], dtype=np.int64)
        stems = [stem for name in names for stem in self.scenes[name]]
        return replace(
            question,
            budget=question.budget - float(question.costs[labelled].sum()),
            constraints=replace(question.constraints, labelled=labelled),
            hint=self._tasks(question, self.teachers.cells(stems)),
        )

    def _tasks(self, question: Question, cells: list[LabelledCells]) -> PseudoTasks | None:
        """Return what labels teach; None where they show too little to tell apart."""
        if question.tasks is not None:
            with suppress(VectorsError):
                return taught(question.tasks, cells, question.options.random_seed)
        return None
