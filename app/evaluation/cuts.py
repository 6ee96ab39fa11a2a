"""How images become scenes, as the user says it.

======================  ==========================================================================
``frame``               every image is a scene
``window:LO-HI``        consecutive images of a clip, LO to HI of them; the clip is the stem without
                        the number at its end, see :func:`app.labelled.stems.clip_of`
``window:LO-HI:REGEX``  the same; the clip is what REGEX finds in the stem
``group:REGEX``         all images in whose stems REGEX finds the same
``group:REGEX@LO-HI``   such groups, shuffled and cut into parts of LO to HI images
======================  ==========================================================================

What an expression finds is its first group, or all of it where it has none. An expression that ends
like ``@2-5`` itself is written ``@[2]-5``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from app.labelled.errors import LabelledDataError
from app.labelled.stems import clip_of
from features.errors import count
from features.sources.expressions import MAX_NAME, Expression, ExpressionError

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
    expression
        What finds the clip or group in a stem; ``None`` takes :func:`app.labelled.stems.clip_of`.
    lengths
        The fewest and most images of a scene; ``None`` leaves clips and groups whole.
    frames
        Every image is a scene; the rest does not matter.
    shuffled
        Parts are drawn at random from a group; otherwise they are consecutive images.
    """

    spec: str
    expression: Expression | None = None
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
        LabelledDataError
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
        name_of = clip_of if self.expression is None else _finder(self.expression)
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
    LabelledDataError
        The text describes none; LO is 0 or larger than HI; an expression is not sure to end soon,
        see :class:`features.sources.expressions.Expression`.
    """
    kind, _, rest = spec.partition(":")
    match kind:
        case "frame" if spec == kind:
            return Cut(spec, frames=True)
        case "window":
            lengths, colon, text = rest.partition(":")
            expression = _compile(spec, text) if colon else None
            return Cut(spec, expression, _lengths(spec, lengths))
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


def _finder(expression: Expression) -> Callable[[str], str | None]:
    def find(stem: str) -> str | None:
        if len(stem) > MAX_NAME:
            rule = f"has more than {MAX_NAME} characters, too many to search"
            raise LabelledDataError(place=f"stem {stem[:32]}...", rule=rule)
        return expression.find(stem)

    return find


def _lengths(spec: str, text: str) -> tuple[int, int]:
    match = _LENGTHS.fullmatch(text)
    if match is None:
        _refuse(spec, f"lengths must be LO-HI, for example 1-8, not {text!r}")
    least, most = int(match[1]), int(match[2])
    if not 1 <= least <= most:
        _refuse(spec, f"lengths must be from 1 and ascend, not {text}")
    return least, most


def _compile(spec: str, text: str) -> Expression:
    if not text:
        _refuse(spec, "must have an expression after its last colon")
    try:
        return Expression(text, groups={0, 1})
    except ExpressionError as error:
        _refuse(spec, f"the expression {error}")


def _refuse(spec: str, rule: str) -> NoReturn:
    raise LabelledDataError(place=f"cut {spec!r}", rule=rule)
