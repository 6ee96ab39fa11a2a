"""How images become scenes, as the user says it.

======================  ==========================================================================
``frame``               every image is a scene
``window:LO-HI``        consecutive images of a clip, LO to HI of them; the clip is the stem without
                        the number at its end, see :func:`clip_of`
``window:LO-HI:REGEX``  the same; the clip is what REGEX finds in the stem
``group:REGEX``         all images in whose stems REGEX finds the same
``group:REGEX@LO-HI``   such groups, shuffled and cut into parts of LO to HI images
======================  ==========================================================================

What an expression finds is its first group, or all of it where it has none. An expression that ends
like ``@2-5`` itself is written ``@[2]-5``.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from app.errors import BudgetError
from app.evaluation.baselines.pool import MOST_SCENES
from app.evaluation.costs import Cost, scene_costs
from app.evaluation.errors import EvaluationError
from app.evaluation.labelled import LabelledPool
from app.evaluation.plan import ComparisonPlan
from features.sources.expressions import MAX_NAME, ExpressionError, compile_expression
from features.sources.scenes import Image, PoolScene, ScenePool
from features.wording import count

# The number of the frame, a letter before it where that stands alone (CamVid's f01230), and what
# parts both from the clip's name.
_FRAME_NUMBER: Final = re.compile(r"(?:(?<![A-Za-z0-9])[A-Za-z])?[0-9]+\Z")
_SEPARATORS: Final = "_-./ "


def clip_of(stem: str) -> str:
    """Return a stem without the number of the frame at its end.

    ``0006R0_f01230`` is of the clip ``0006R0``, ``00/000123`` of ``00``, ``000123`` of the clip
    without a name; a stem without a number at its end is a clip of its own.
    """
    match = _FRAME_NUMBER.search(stem)
    return stem if match is None else stem[: match.start()].rstrip(_SEPARATORS)


Scenes = dict[str, tuple[str, ...]]
"""Scene id to the stems of its images."""

_LENGTHS: Final = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_PARTS: Final = re.compile(r"(.*)@([0-9]{1,9}-[0-9]{1,9})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Cut:
    """A way to cut a list of images into scenes; see :func:`parse_cut`.

    Parameters
    ----------
    spec
        The user's text.
    pattern
        What finds the clip or group in a stem; ``None`` takes :func:`clip_of`.
    lengths
        The fewest and most images of a scene; ``None`` leaves clips and groups whole.
    frames
        Every image is a scene; the rest does not matter.
    shuffled
        Parts are drawn at random from a group; otherwise they are consecutive images.
    """

    spec: str
    pattern: re.Pattern[str] | None = None
    lengths: tuple[int, int] | None = None
    frames: bool = False
    shuffled: bool = False

    def scenes(self, stems: Sequence[str], random_seed: int) -> Scenes:
        """Cut a list of images into scenes; each image is in exactly one.

        Lengths are drawn uniformly; what is left at the end of a clip or group makes a last scene,
        which may be shorter. Clips and groups come in the order of their first images, and the
        images of a scene in that of the list.

        Parameters
        ----------
        stems
            Distinct stems.
        random_seed
            What lengths and shuffles are drawn from; not negative.

        Returns
        -------
        dict
            The id is the stem for ``frame``, the group's name where it is whole, and else
            ``NAME#K`` for the K-th scene, from 1, of a clip or group.

        Raises
        ------
        EvaluationError
            The expression finds nothing in a stem.
        """
        if self.frames:
            return {stem: (stem,) for stem in stems}
        parts = self._parts(stems)
        if self.lengths is None:
            return {name: tuple(members) for name, members in parts.items()}
        generator = np.random.default_rng(random_seed)
        scenes: Scenes = {}
        for name, members in parts.items():
            order = np.arange(len(members))
            if self.shuffled:
                order = generator.permutation(order)
            for number, piece in enumerate(_pieces(order, self.lengths, generator), start=1):
                scenes[f"{name}#{number}"] = tuple(members[i] for i in np.sort(piece))
        return scenes

    def _parts(self, stems: Sequence[str]) -> dict[str, list[str]]:
        """Return the stems of each clip or group."""
        name_of = clip_of if self.pattern is None else _finder(self.pattern)
        parts: dict[str, list[str]] = {}
        strangers = []
        for stem in stems:
            name = name_of(stem)
            if name is None:
                strangers.append(stem)
            else:
                parts.setdefault(name, []).append(stem)
        if strangers:
            _refuse(self.spec, f"the expression finds nothing in {count(strangers, 'stem')}")
        return parts


def parse_cut(spec: str) -> Cut:
    """Return the cut that a text describes, see the module.

    Raises
    ------
    EvaluationError
        The text describes none; LO is 0 or larger than HI; an expression is not sure to end soon,
        see :func:`features.sources.expressions.compile_expression`.
    """
    kind, _, rest = spec.partition(":")
    match kind:
        case "frame" if spec == kind:
            return Cut(spec, frames=True)
        case "window":
            lengths, colon, expression = rest.partition(":")
            pattern = _compile(spec, expression) if colon else None
            return Cut(spec, pattern, _lengths(spec, lengths))
        case "group":
            parts = _PARTS.fullmatch(rest)
            if parts is None:
                return Cut(spec, _compile(spec, rest))
            return Cut(spec, _compile(spec, parts[1]), _lengths(spec, parts[2]), shuffled=True)
        case _:
            return _refuse(spec, "must be frame, window:LO-HI[:REGEX] or group:REGEX[@LO-HI]")


def _pieces(
    order: NDArray[np.intp],
    lengths: tuple[int, int],
    generator: np.random.Generator,
) -> Sequence[NDArray[np.intp]]:
    """Cut an order into consecutive pieces of random lengths."""
    pieces = []
    start = 0
    while start < order.size:
        length = int(generator.integers(lengths[0], lengths[1], endpoint=True))
        pieces.append(order[start : start + length])
        start += length
    return pieces


def _finder(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def find(stem: str) -> str | None:
        if len(stem) > MAX_NAME:
            rule = f"has more than {MAX_NAME} characters, too many to search"
            raise EvaluationError(place=f"stem {stem[:32]}...", rule=rule)
        match = pattern.search(stem)
        return match[pattern.groups] or None if match else None

    return find


def _lengths(spec: str, text: str) -> tuple[int, int]:
    match = _LENGTHS.fullmatch(text)
    if match is None:
        _refuse(spec, f"lengths must be LO-HI, for example 1-8, not {text!r}")
    least, most = int(match[1]), int(match[2])
    if not 1 <= least <= most:
        _refuse(spec, f"lengths must be from 1 and ascend, not {text}")
    return least, most


def _compile(spec: str, expression: str) -> re.Pattern[str]:
    if not expression:
        _refuse(spec, "must have an expression after its last colon")
    try:
        return compile_expression(expression, groups={0, 1})
    except ExpressionError as error:
        _refuse(spec, f"the expression {error}")


def _refuse(spec: str, rule: str) -> NoReturn:
    raise EvaluationError(place=f"cut {spec!r}", rule=rule)


@dataclass(frozen=True, eq=False, slots=True)
class Draw:
    """The images that may be chosen, cut once into scenes.

    Parameters
    ----------
    cut
        How.
    repetition
        From 0; a cut that no chance decides is drawn once.
    scenes
        Scene id to the stems of its images.
    costs : (n,) float64
        Of the scenes, in their order.
    """

    cut: Cut
    repetition: int
    scenes: Scenes
    costs: NDArray[np.float64]

    @property
    def total(self) -> float:
        """What all scenes cost."""
        return math.fsum(self.costs)

    @property
    def price(self) -> dict[str, float]:
        """What each scene costs."""
        return dict(zip(self.scenes, self.costs.tolist(), strict=True))

    def source(self, pool: LabelledPool, cost: Cost) -> ScenePool:
        """Return the scenes as the feature pipeline takes them."""
        return ScenePool(
            kind="labelled",
            scenes=tuple(
                PoolScene(
                    scene_id=scene_id,
                    costs={cost.resource: price},
                    images=tuple(Image(str(pool.image(stem))) for stem in self.scenes[scene_id]),
                )
                for scene_id, price in self.price.items()
            ),
            resource=cost.resource,
            cost_origin=cost.spec,
        )


def draw_scenes(pool: LabelledPool, plan: ComparisonPlan) -> list[Draw]:
    """Cut the images that may be chosen, and refuse what no method could be asked.

    Everything here takes seconds; features take hours.

    Raises
    ------
    EvaluationError
        A cut or a cost cannot be had; there are too many scenes, or all of them cost nothing.
    BudgetError
        A budget buys no scene of some cut.
    """
    per_image = plan.cost.per_image(pool)
    if not any(per_image.values()):
        rule = "is 0 for every image, so every budget buys all of them"
        raise EvaluationError(place=f"cost {plan.cost.spec!r}", rule=rule)
    return [
        _draw(pool, plan, cut, repetition, per_image)
        for cut in plan.cuts
        for repetition in range(plan.repetitions if cut.lengths else 1)
    ]


def _draw(
    pool: LabelledPool,
    plan: ComparisonPlan,
    cut: Cut,
    repetition: int,
    per_image: Mapping[str, float],
) -> Draw:
    scenes = cut.scenes(pool.train, plan.stream(repetition))
    if len(scenes) > MOST_SCENES:
        rule = f"makes {len(scenes):,} scenes; baselines compare {MOST_SCENES:,} at most"
        raise EvaluationError(place=f"cut {cut.spec!r}", rule=rule)
    found = Draw(cut, repetition, scenes, scene_costs(scenes, per_image))
    cheapest = float(found.costs.min())
    for budget in plan.budgets:
        limit = budget.limit(found.total)
        if limit < cheapest:
            detail = (
                f"The budget of {limit:,.10g} {plan.cost.resource} is below the cheapest scene of "
                f"the cut {cut.spec!r} ({cheapest:,.10g})."
            )
            raise BudgetError(detail)
    return found
