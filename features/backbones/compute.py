"""Where and how exactly a backbone computes, as it is asked for: nothing here needs torch."""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from features.errors import BackboneError

AUTO: Final = "auto"
CPU: Final = "cpu"

Token: TypeAlias = Literal["cls", "patch_keys", "patches"]
"""``cls``: one vector of the whole image; ``patch_keys``: one of each part of it, as in the paper;
``patches``: one of each part from several depths, see :mod:`features.backbones.protocol`."""

CLS: Final = "cls"
PATCH_KEYS: Final = "patch_keys"
PATCHES: Final = "patches"

Precision: TypeAlias = Literal["float32", "float16", "bfloat16"]
"""The numbers that a network multiplies. Sums that grow (residuals, norms) stay in float32."""

FLOAT32: Final = "float32"
FLOAT16: Final = "float16"

_DEVICE: Final = re.compile(r"auto|cpu|cuda(:\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Compute:
    """Where and how a network computes.

    Parameters
    ----------
    device
        ``"auto"`` (CUDA where there is one, else the CPU), ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    precision
        ``"float32"``, ``"float16"``, ``"bfloat16"``, or ``"auto"``: float16 on CUDA, float32 on
        the CPU.
    compiled
        Whether the network is compiled first (``torch.compile``): slower to start, and the same
        vectors up to rounding.

    Raises
    ------
    BackboneError
        The device is not of these forms, or the precision is unknown.
    """

    device: str = AUTO
    precision: str = FLOAT32
    compiled: bool = False

    def __post_init__(self) -> None:
        if _DEVICE.fullmatch(self.device) is None:
            message = f"device must be auto, cpu, cuda or cuda:N, not {self.device!r}"
            raise BackboneError(message)
        if self.precision not in {AUTO, *get_args(Precision)}:
            known = ", ".join((AUTO, *get_args(Precision)))
            message = f"unknown precision {self.precision!r}; known are {known}"
            raise BackboneError(message)
