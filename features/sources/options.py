"""What a caller may choose about a source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from features.errors import SourceError

Split = Literal["all", "train"]


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Choices that a source's files do not make themselves.

    Parameters
    ----------
    images_root
        Where the images lie, if not under the source's root (SemanticKITTI, S3DIS).
    split
        ``"train"`` keeps the benchmark's training split (SemanticKITTI, S3DIS), ``"all"``
        everything that is labelled.
    resource
        The resource that a budget limits; every scene must have a cost for it. Without a name the
        source decides, see :func:`features.sources.pool.build_pool`.

    Raises
    ------
    SourceError
        An unknown split.
    """

    images_root: Path | None = None
    split: Split = "all"
    resource: str | None = None

    def __post_init__(self) -> None:
        if self.split not in get_args(Split):
            raise SourceError(place="split", rule=f"must be 'all' or 'train', not {self.split!r}")
