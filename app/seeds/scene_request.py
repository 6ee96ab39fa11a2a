"""Which scenes there are to choose from, as a person says it; nothing is read to say it."""

from dataclasses import dataclass, field
from pathlib import Path

from app.choosing.objectives import RECOMMENDED
from features.settings import FeatureSettings
from features.sources.options import SourceOptions


@dataclass(frozen=True, kw_only=True)
class SceneRequest:
    """Which scenes there are to choose from, and what makes a choice a good one.

    Parameters
    ----------
    root
        The source's folder, or the path or URI of a manifest.
    kind
        ``"manifest"`` or a :data:`features.sources.options.FolderKind`; detected if not given.
    options
        What the source's files do not tell.
    vectors
        A file of vectors, instead of reading images.
    vector_ids
        The scene of each vector, if that file does not say it.
    strict
        Fail if any image cannot be read.
    features
        How images become signatures.
    objective
        What a seed maximises: a name of :data:`app.choosing.objectives.OBJECTIVES`.
    """

    root: str
    kind: str | None = None
    options: SourceOptions = field(default_factory=SourceOptions)
    vectors: Path | None = None
    vector_ids: Path | None = None
    strict: bool = False
    features: FeatureSettings = field(default_factory=FeatureSettings)
    objective: str = RECOMMENDED
