"""What a user may choose about features."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from features.backbones.catalogue import require_name
from features.backbones.compute import AUTO, FLOAT32, Compute, Precision, Token
from features.errors import FeatureError

__all__ = ["AUTO", "LOCAL", "PRECOMPUTED", "RAY", "FeatureSettings", "Sparsification"]

PRECOMPUTED: Final = "precomputed"
"""What stands in place of a backbone's name where vectors were computed elsewhere."""

LOCAL: Final = "local"
RAY: Final = "ray"

_DEVICE: Final = re.compile(r"auto|cpu|cuda(:\d+)?")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")

DUPLICATE_FLOOR: Final = 0.9
"""The least similarity of near duplicates: what is less alike than that is no duplicate."""


@dataclass(frozen=True, slots=True)
class Sparsification:
    """Which frames of a sequence are kept; see :func:`features.extraction.thinning.sparsify`.

    Parameters
    ----------
    threshold
        Cosine of two class tokens below which a frame counts as another view; 0.75 in the paper.
    tail
        ``"keep"`` keeps a frame of what follows the last change of view; ``"drop"`` does as
        SeedAL's released code does.

    Raises
    ------
    FeatureError
        The threshold is no cosine, or the tail's treatment is unknown.
    """

    threshold: float
    tail: Literal["keep", "drop"] = "keep"

    def __post_init__(self) -> None:
        if not -1 <= self.threshold <= 1:  # NaN, too
            message = f"the threshold of sparsification must be in [-1, 1], not {self.threshold}"
            raise FeatureError(message)
        if self.tail not in {"keep", "drop"}:
            message = f"the tail of a sequence can be kept or dropped, not {self.tail!r}"
            raise FeatureError(message)


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """How scenes become signatures.

    Parameters
    ----------
    backbone
        A backbone's name, ``timm/NAME``, or ``"auto"``: the paper's where its weights can be had,
        else ``efficientnet_lite0``; see :data:`features.backbones.BACKBONES`.
    token
        ``"cls"``, ``"patch_keys"``, ``"patches"`` (best for the objective ``coverage``) or
        ``"auto"``: patch keys where the median scene has one image, because one vector has no
        diversity of its own, else the class token.
    clusters
        Most centres per scene; the number of classes in the paper (13 for S3DIS).
    weights
        A checkpoint of the backbone, instead of the published one.
    weights_sha256
        What the SHA-256 of the weights must be, in hexadecimal.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    precision
        Of the network's products: ``"float32"``, ``"float16"``, ``"bfloat16"``, or ``"auto"``:
        float16 on CUDA. By default the same images give the same vectors on every machine.
    compiled
        Whether the network is compiled first: slower to start, faster after.
    batch_size
        Images that are encoded at once; by default what is fast on the device, and fits.
    sparsify
        Compare only some frames of each sequence (the scenes of a group); by default all.
    engine
        ``"local"``: this process and its device. ``"ray"``: the Ray cluster that ``RAY_ADDRESS``
        names, or one on this machine; the result is the same.
    actors
        Copies of the network on the Ray cluster; by default one for each GPU, or one.

    Raises
    ------
    BackboneError
        The backbone is unknown.
    FeatureError
        Another setting breaks its rule.
    """

    backbone: str = AUTO
    token: Literal["auto", "cls", "patch_keys", "patches"] = AUTO
    clusters: int = 13
    weights: Path | None = None
    weights_sha256: str | None = None
    device: str = AUTO
    precision: str = FLOAT32
    compiled: bool = False
    batch_size: int | None = None
    sparsify: Sparsification | None = None
    engine: Literal["local", "ray"] = LOCAL
    actors: int | None = None

    @property
    def compute(self) -> Compute:
        """Where and how a network computes."""
        return Compute(self.device, self.precision, self.compiled)

    def __post_init__(self) -> None:
        require_name(self.backbone, AUTO)
        sha256 = self.weights_sha256
        rules = (
            (
                self.token in {AUTO, *get_args(Token)},
                f"token must be auto, cls, patch_keys or patches, not {self.token!r}",
            ),
            (self.clusters >= 1, f"clusters must be at least 1, not {self.clusters}"),
            (self.engine in {LOCAL, RAY}, f"engine must be local or ray, not {self.engine!r}"),
            (self.actors is None or self.engine == RAY, "actors need the engine ray"),
            (
                self.actors is None or self.actors >= 1,
                f"actors must be at least 1, not {self.actors}",
            ),
            (
                self.precision in {AUTO, *get_args(Precision)},
                f"precision must be auto, float32, float16 or bfloat16, not {self.precision!r}",
            ),
            (
                self.batch_size is None or self.batch_size >= 1,
                f"batch_size must be at least 1, not {self.batch_size}",
            ),
            (
                _DEVICE.fullmatch(self.device) is not None,
                f"device must be auto, cpu, cuda or cuda:N, not {self.device!r}",
            ),
            (
                sha256 is None or _SHA256.fullmatch(sha256) is not None,
                f"weights_sha256 must be 64 hexadecimal digits, not {sha256!r}",
            ),
        )
        for holds, message in rules:
            if not holds:
                raise FeatureError(message)
