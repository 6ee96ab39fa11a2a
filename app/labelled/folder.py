"""Labelled images as an experiment sees them: stems, and counts of labels by cell and class.

A survey reads every label once: which classes there are, and how many pixels each image has of
them.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.labelled.errors import LabelledDataError
from app.labelled.label_files import (
    LABEL_SUFFIX,
    UNLABELLED,
    Counts,
    count_pixels,
    count_segments,
    image_size,
    read_label,
)
from app.labelled.stems import ImageFiles, StemList, clip_of, read_stems
from features.errors import count
from features.images.pixels import SUFFIXES

MAX_CLASSES: Final = 1024
"""Most classes that are told apart: more is a label of something else, such as instances."""

_FEWEST_CLASSES: Final = 2
_MAX_THREADS: Final = 8

# Values that occur in a label and are not ignored, ascending, and the number of pixels of each.
_Histogram = tuple[NDArray[np.intp], NDArray[np.int64]]


def survey(
    labels: Mapping[str, Path], ignore: frozenset[int], classes: int | None
) -> dict[str, NDArray[np.int64]]:
    """Count the pixels of each label by class.

    Parameters
    ----------
    labels
        The label of each stem.
    ignore
        Values that are no class.
    classes
        Number of classes; ``None`` is one more than the largest value that is not ignored.

    Returns
    -------
    dict of (classes,) int64
        In the order of ``labels``; a class that is ignored has no pixels.

    Raises
    ------
    LabelledDataError
        A label cannot be read or has a value that is no class, or ``classes`` is out of range.
    """
    if classes is not None and not _FEWEST_CLASSES <= classes <= MAX_CLASSES:
        rule = f"must be from {_FEWEST_CLASSES} to {MAX_CLASSES:,}, not {classes}"
        raise LabelledDataError(place="classes", rule=rule)
    histograms = _histograms(labels, ignore)
    found = _classes_found(labels, histograms, MAX_CLASSES if classes is None else classes)
    pixels = np.zeros((len(labels), found if classes is None else classes), dtype=np.int64)
    for row, (values, numbers) in zip(pixels, histograms.values(), strict=True):
        row[values] = numbers
    return dict(zip(labels, pixels, strict=True))


def _histograms(labels: Mapping[str, Path], ignore: frozenset[int]) -> dict[str, _Histogram]:
    """Read the labels in threads: while one decodes, others run."""
    ignored = np.array(sorted(ignore), dtype=np.int64)

    def histogram(path: Path) -> _Histogram:
        numbers = np.bincount(read_label(path).ravel())
        values = np.setdiff1d(np.flatnonzero(numbers), ignored)
        return values, numbers[values]

    with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as threads:
        return dict(zip(labels, threads.map(histogram, labels.values()), strict=True))


def _classes_found(
    labels: Mapping[str, Path], histograms: Mapping[str, _Histogram], limit: int
) -> int:
    """Return one more than the largest value, which must be below the limit."""
    found = 0
    for stem, (values, _) in histograms.items():
        largest = int(values[-1]) if values.size else -1
        if largest >= limit:
            rule = f"has the value {largest}, and with {limit:,} classes at most the largest is "
            rule += f"{limit - 1}; ignore it, or map the labels"
            raise LabelledDataError(str(labels[stem]), rule)
        found = max(found, largest + 1)
    return found


_VALUES: Final = 2**16  # a label has at most 16 bits


class LabelledPool(Protocol):
    """What an experiment sees of a labelled dataset, photos or point clouds alike."""

    @property
    def name(self) -> str:
        """The dataset's name, for people."""

    @property
    def train(self) -> tuple[str, ...]:
        """Stems that may be chosen, in their list's order."""

    @property
    def test(self) -> tuple[str, ...]:
        """Stems that scores are computed on; none is in ``train``."""

    @property
    def classes(self) -> int:
        """Number of classes."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class."""

    @property
    def resources(self) -> tuple[str, ...]:
        """What labelling an image can cost; the first is the usual one."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences a user should read."""

    def image(self, stem: str) -> Path:
        """Return the image."""

    def counts(self, stem: str, rows: int, columns: int) -> Counts:
        """Return what is labelled of an image, as (rows * columns, classes) int64."""

    def cost(self, stem: str, resource: str) -> float:
        """Return what labelling an image costs; finite and at least 0."""

    def group(self, stem: str) -> str:
        """Return the part of the dataset that scores are reported for apart."""


@dataclass(frozen=True)
class LabelledImage:
    """An image and the index PNG of its labels, of the same size.

    Parameters
    ----------
    stem
        What both are called.
    image, label
        The files.
    """

    stem: str
    image: Path
    label: Path


@dataclass(frozen=True)
class LabelFolder:
    """A :class:`LabelledPool` of images and label PNGs.

    Parameters
    ----------
    name, train, test, classes, notes
        See :class:`LabelledPool`.
    ignore
        Values of a label that are no class.
    images
        The image of each stem.
    pixels : (classes,) int64 each
        Labelled pixels of each stem by class.
    names
        Of the classes, where anything says them.
    """

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    classes: int
    ignore: frozenset[int]
    images: Mapping[str, LabelledImage]
    pixels: Mapping[str, NDArray[np.int64]]
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes' names; their numbers where there are only PNGs."""
        return self.names or tuple(map(str, range(self.classes)))

    @property
    def resources(self) -> tuple[str, ...]:
        """Labelled pixels, or segments of one class."""
        return ("pixels", "segments")

    def image(self, stem: str) -> Path:
        """Return the image."""
        return self.images[stem].image

    def counts(self, stem: str, rows: int, columns: int) -> Counts:
        """Return the labelled pixels by cell and class, see :func:`count_pixels`.

        Raises
        ------
        LabelledDataError
            The label cannot be read, or image and label differ in size.
        """
        entry = self.images[stem]
        classes = self._classes_of(entry)
        size = image_size(entry.image)
        if classes.shape != size:
            label, image = ("{1} x {0}".format(*pair) for pair in (classes.shape, size))
            rule = f"the label has {label} pixels and its image {entry.image} has {image}"
            raise LabelledDataError(str(entry.label), rule)
        return count_pixels(classes, rows, columns, self.classes)

    def segments(self, stem: str) -> int:
        """Return the number of segments to draw, see :func:`count_segments`."""
        return count_segments(self._classes_of(self.images[stem]))

    def cost(self, stem: str, resource: str) -> float:
        """Return the labelled pixels of an image, or its segments."""
        if resource == "segments":
            return float(self.segments(stem))
        return float(self.pixels[stem].sum())

    def group(self, stem: str) -> str:
        """Return the clip, see :func:`clip_of`."""
        return clip_of(stem)

    @cached_property
    def _class_of_value(self) -> NDArray[np.intp]:
        table = np.full(_VALUES, UNLABELLED, dtype=np.intp)
        kept = [value for value in range(self.classes) if value not in self.ignore]
        table[kept] = kept
        return table

    def _classes_of(self, entry: LabelledImage) -> NDArray[np.intp]:
        classes: NDArray[np.intp] = self._class_of_value[read_label(entry.label)]
        return classes


def read_labelled(
    images: Path | Sequence[Path],
    labels: Path | Sequence[Path],
    *,
    ignore: frozenset[int],
    train: Path,
    test: Path,
    classes: int | None = None,
    name: str = "",
) -> LabelFolder:
    """Find the images and labels that two lists name, and read all labels once.

    Parameters
    ----------
    images, labels
        Folders of images and of index PNGs with the same stems. What is not directly in a folder is
        looked for in those below it. Both may be the same, where images are no PNGs.
    ignore
        Values of a label that are no class (often 255, or 0).
    train, test
        Files of stems, one a line: those that may be chosen, and those that are scored.
    classes
        Number of classes; by default one more than the largest value that is not ignored.
    name
        The dataset's name; by default that of the folder of images.

    Raises
    ------
    LabelledDataError
        A stem is in both lists, twice in one, has no image or no label or several; a label cannot
        be read or has a value that is no class; train's labels have fewer than two classes, test's
        none.
    SourceError
        A list cannot be read.
    """
    train_list, test_list = read_stems(train), read_stems(test)
    for stem in test_list.lines:
        if stem in train_list.lines:
            rule = f"the stem {stem!r} is also in {train_list.place(stem)}"
            raise LabelledDataError(test_list.place(stem), rule)
    image_folders, label_folders = _several(images), _several(labels)
    entries = _entries(image_folders, label_folders, (train_list, test_list))
    pixels = survey({stem: entry.label for stem, entry in entries.items()}, ignore, classes)
    without = [stem for stem in train_list.lines if not pixels[stem].any()]
    kept = tuple(stem for stem in train_list.lines if pixels[stem].any())
    _check_train(train, kept, pixels)
    if not any(pixels[stem].any() for stem in test_list.lines):
        raise LabelledDataError(str(test), "the labels of its images have no pixel of any class")
    return LabelFolder(
        name=name or image_folders[0].resolve().name,
        train=kept,
        test=tuple(test_list.lines),
        classes=pixels[kept[0]].size,
        ignore=ignore,
        images=entries,
        pixels=pixels,
        notes=(f"left out without a labelled pixel: {count(without, 'image')}",) if without else (),
    )


def _several(folders: Path | Sequence[Path]) -> Sequence[Path]:
    return [folders] if isinstance(folders, Path) else folders


def _entries(
    images: Sequence[Path], labels: Sequence[Path], lists: Iterable[StemList]
) -> dict[str, LabelledImage]:
    label_files, image_files = ImageFiles(labels, {LABEL_SUFFIX}), ImageFiles(images, SUFFIXES)
    entries = {}
    for stems in lists:
        label_of = label_files.of(stems, "label")
        image_of = image_files.of(stems, "image", but=label_of)
        for stem in stems.lines:
            entries[stem] = LabelledImage(stem, image_of[stem], label_of[stem])
    return entries


def _check_train(path: Path, kept: Sequence[str], pixels: Mapping[str, NDArray[np.int64]]) -> None:
    match sorted({int(value) for stem in kept for value in np.flatnonzero(pixels[stem])}):
        case []:
            raise LabelledDataError(
                str(path), "the labels of its images have no pixel of any class"
            )
        case [only]:
            rule = f"the labels of its images have a single class ({only}): nothing to tell apart"
            raise LabelledDataError(str(path), rule)
        case _:
            pass
