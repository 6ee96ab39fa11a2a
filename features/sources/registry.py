"""The kinds of sources there are, and which one a path is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from features.errors import SourceError, StorageError
from features.redaction import redacted
from features.scenes import Pool
from features.sources.images import has_images, open_images
from features.sources.listing import list_folder
from features.sources.manifest import open_manifest
from features.sources.options import SourceOptions
from features.sources.remote import Opener, open_remote
from features.sources.s3dis import has_areas, open_s3dis
from features.sources.semantic_kitti import has_sequences, open_semantic_kitti
from features.uris import is_remote, parse, to_path

_OPENERS: Final[Mapping[str, Callable[[Path, SourceOptions], Pool]]] = {
    "manifest": open_manifest,
    "images": open_images,
    "semantic_kitti": open_semantic_kitti,
    "s3dis": open_s3dis,
}
# Kinds that are one file, which may lie anywhere.
_REMOTE: Final[Mapping[str, Opener]] = {"manifest": open_manifest}
_SIGNS: Final[Mapping[str, Callable[[Path], bool]]] = {
    "semantic_kitti": has_sequences,
    "s3dis": has_areas,
    "images": has_images,
}
_DATASETS: Final = frozenset({"semantic_kitti", "s3dis"})
_DEFAULTS: Final = SourceOptions()

KINDS: Final[tuple[str, ...]] = tuple(_OPENERS)
"""The kinds that :func:`open_source` knows."""


def open_source(kind: str | None, root: str | Path, options: SourceOptions = _DEFAULTS) -> Pool:
    """Read a source of scenes as a whole, or not at all.

    Parameters
    ----------
    kind
        One of ``KINDS``, or ``None`` to tell it from the files.
    root
        The source's folder, a local path or a ``file://`` URI; or the manifest's file, by any URI.
    options
        What the files do not tell.

    Returns
    -------
    Pool
        The scenes in the source's order, with absolute paths.

    Raises
    ------
    SourceError
        The source breaks a rule, the kind is unknown, or an option is for other kinds.
    """
    kind = detect(root) if kind is None else kind
    if kind not in _OPENERS:
        rule = f"{kind!r} is no kind of source; known: {', '.join(KINDS)}"
        raise SourceError(redacted(str(root)), rule)
    if kind not in _DATASETS and (options.split, options.images_root) != ("all", None):
        rule = f"a source of kind {kind} has no split and no images root"
        raise SourceError(redacted(str(root)), rule)
    if is_remote(str(root)) and kind in _REMOTE:
        return open_remote(_REMOTE[kind], str(root), options)
    path = _absolute(root)
    if options.images_root is not None:
        options = replace(options, images_root=_absolute(options.images_root))
    with _os_errors_named(path):
        return _OPENERS[kind](path, options)


def detect(root: str | Path) -> str:
    """Tell a source's kind from its files.

    Raises
    ------
    SourceError
        ``root`` is missing, or looks like no kind that is known.
    """
    if is_remote(str(root)):
        return _detect_remote(str(root))
    path = _absolute(root)
    with _os_errors_named(path):
        if path.is_file():
            if path.suffix.lower() == ".jsonl":
                return "manifest"
            raise SourceError(str(root), "is a file, but no manifest (its name must end in .jsonl)")
        list_folder(path)  # a folder that is missing or closed says so here
        for kind, fits in _SIGNS.items():
            if fits(path):
                return kind
    raise SourceError(
        str(root),
        "is no known source: neither sequences/NN (semantic_kitti) nor Area_N/coords (s3dis) "
        "nor a folder of images for each scene (images) is there",
    )


def _detect_remote(root: str) -> str:
    try:
        name = parse(root).path
    except StorageError as error:
        raise SourceError(error.uri, error.reason) from error
    if name.lower().endswith(".jsonl"):
        return "manifest"
    rule = "is no manifest by its name, which must end in .jsonl; other kinds are local folders"
    raise SourceError(redacted(root), rule)


def _absolute(root: str | Path) -> Path:
    try:
        return to_path(str(root)).absolute()
    except StorageError as error:
        raise SourceError(error.uri, error.reason) from error


@contextmanager
def _os_errors_named(root: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an error that names the file."""
    try:
        yield
    except OSError as error:
        place = str(error.filename or root)
        match error:
            case FileNotFoundError():
                rule = "does not exist"
            case NotADirectoryError():
                rule = "is a file where a folder is needed"
            case IsADirectoryError():
                rule = "is a folder where a file is needed"
            case _:
                rule = f"cannot be read ({error.strerror})"
        raise SourceError(place, rule) from error
