"""What goes through the pipe from a guarded process: frames of JSON and of plain numbers.

A frame is the length of a JSON text and of the arrays behind it (:data:`HEAD`), the text, and the
arrays' bytes. Nothing in it is code: who reads a frame trusts the process no more than its file.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import (
    AbsentError,
    FeatureError,
    ImageError,
    SourceError,
    StorageError,
    VectorsError,
)

HEAD: Final = Struct(">QQ")
_KINDS: Final = "biufSU"
MORE: Final = "more"
LAST: Final = "last"
FAILED: Final = "failed"


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A part of an answer.

    Parameters
    ----------
    value
        What JSON can say.
    arrays
        Numbers or texts of a fixed width.
    """

    value: Any
    arrays: Sequence[NDArray[Any]] = ()


def write(stream: BinaryIO, state: str, frame: Frame) -> None:
    """Write a frame.

    Parameters
    ----------
    stream
        The pipe.
    state
        :data:`MORE`; at the end :data:`LAST`, of an empty frame, or :data:`FAILED`.
    frame
        The value of one that has failed is :func:`describe`.
    """
    arrays = [np.ascontiguousarray(array) for array in frame.arrays]
    shapes = [(array.dtype.str, array.shape) for array in arrays]
    text = json.dumps((state, frame.value, shapes)).encode()
    stream.write(HEAD.pack(len(text), sum(array.nbytes for array in arrays)))
    stream.write(text)
    for array in arrays:
        if array.nbytes:
            stream.write(array.reshape(-1).view(np.uint8).data)
    stream.flush()


def read(fill: Callable[[memoryview], None], room: int) -> tuple[str, Frame, int]:
    """Read a frame.

    Parameters
    ----------
    fill
        Fills a buffer from the pipe.
    room
        Most bytes that it may have.

    Returns
    -------
    str, Frame, int
        Its state, itself and its bytes.

    Raises
    ------
    ValueError
        It is longer than `room`, or no frame.
    """
    head = bytearray(HEAD.size)
    fill(memoryview(head))
    length, rest = HEAD.unpack(head)
    if length + rest > room:
        message = "it answers with too much"
        raise ValueError(message)
    text = bytearray(length)
    fill(memoryview(text))
    state, value, shapes = json.loads(text)
    arrays = []
    for name, shape in shapes:
        dtype = np.dtype(name)
        rest -= math.prod(shape) * dtype.itemsize
        if dtype.kind not in _KINDS or rest < 0:
            message = "it answers with no plain numbers"
            raise ValueError(message)
        array = np.empty(shape, dtype)
        if array.nbytes:
            fill(array.reshape(-1).view(np.uint8).data)
        arrays.append(array)
    return state, Frame(value, arrays), length + HEAD.size + sum(a.nbytes for a in arrays)


_ERRORS: Final[Mapping[str, Callable[..., FeatureError]]] = {
    "SourceError": SourceError,
    "StorageError": StorageError,
    "AbsentError": AbsentError,
    "ImageError": ImageError,
    "VectorsError": VectorsError,
}


def describe(error: FeatureError) -> list[str]:
    """Return an error as JSON: its kind, and what it is made of."""
    match error:
        case SourceError(place=place, rule=rule):
            return [SourceError.__name__, place, rule]
        case StorageError(uri=uri, reason=reason) | ImageError(uri=uri, reason=reason):
            return [type(error).__name__, uri, reason]
        case _:
            return [VectorsError.__name__, str(error)]


def rebuilt(value: Sequence[str]) -> FeatureError:
    """Return the error that :func:`describe` has described."""
    kind, *parts = value
    return _ERRORS[kind](*parts)
