"""What a user may choose about features."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from features.backbones.catalogue import require_name
from features.backbones.protocol import Token
from features.errors import FeatureError

AUTO: Final = "auto"

_DEVICE: Final = re.compile(r"auto|cpu|cuda(:\d+)?")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """How scenes become signatures.

    Parameters
    ----------
    backbone
        A name of :data:`features.backbones.BACKBONES`, ``timm/NAME``, or ``"auto"``: the paper's
        where its weights can be had, else ``efficientnet_lite0``.
    token
        ``"cls"``, ``"patch_keys"``, or ``"auto"``: patch keys where the median scene has one image,
        because one vector has no diversity of its own, else the class token.
    clusters
        Most centres per scene; the number of classes in the paper (13 for S3DIS).
    weights
        A checkpoint of the backbone, instead of the published one.
    weights_sha256
        What the SHA-256 of the weights must be, in hexadecimal.
    device
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
    batch_size
        Images that are encoded at once.

    Raises
    ------
    BackboneError
        The backbone is unknown.
    FeatureError
        Another setting breaks its rule.
    """

    backbone: str = AUTO
    token: Literal["auto", "cls", "patch_keys"] = AUTO
    clusters: int = 13
    weights: Path | None = None
    weights_sha256: str | None = None
    device: str = AUTO
    batch_size: int = 32

    def __post_init__(self) -> None:
        require_name(self.backbone, AUTO)
        sha256 = self.weights_sha256
        rules = (
            (
                self.token in {AUTO, *get_args(Token)},
                f"token must be auto, cls or patch_keys, not {self.token!r}",
            ),
            (self.clusters >= 1, f"clusters must be at least 1, not {self.clusters}"),
            (self.batch_size >= 1, f"batch_size must be at least 1, not {self.batch_size}"),
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
