"""SemanticKITTI as labelled images: points are counted in the cells of the image that sees them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.labelled.errors import LabelledDataError
from app.labelled.kitti import CLASS_NAMES, classes_of, project, read_calibration
from app.labelled.label_files import Counts, count_points, image_size
from features.errors import count
from features.files.arrays import count_items
from features.readers.scenes import open_source
from features.sources.scenes import PoolScene

VALIDATION: Final = ("08",)
"""The sequences that the dataset's authors set apart for validation."""

_POINT_BYTES: Final = 16  # x, y, z, remission as float32
_LABEL_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class LabelledScan:
    """A scan, its labels and the image that sees it.

    Parameters
    ----------
    image, cloud, labels
        The files.
    matrix : (3, 4)
        See :func:`app.labelled.kitti.read_calibration`.
    points
        Number of points of the full scan, which is what labelling it costs.
    """

    image: Path
    cloud: Path
    labels: Path
    matrix: NDArray[np.float64]
    points: float


@dataclass(frozen=True)
class LabelledScans:
    """A :class:`app.labelled.folder.LabelledPool` of scans; stems are ``"00/000000"``.

    Parameters
    ----------
    name, train, test, notes
        See :class:`app.labelled.folder.LabelledPool`.
    scans
        The scan of each stem.
    """

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    scans: Mapping[str, LabelledScan]
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """SemanticKITTI's 19 classes."""
        return len(CLASS_NAMES)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Their names."""
        return CLASS_NAMES

    @property
    def resources(self) -> tuple[str, ...]:
        """The points of the full scan."""
        return ("points",)

    def image(self, stem: str) -> Path:
        """Return the image."""
        return self.scans[stem].image

    def counts(self, stem: str, rows: int, columns: int) -> Counts:
        """Return the labelled points that the image sees, by cell and class.

        Raises
        ------
        LabelledDataError
            The image cannot be read, a point is not finite, or a label is none of the dataset's.
        SourceError
            A file does not hold whole points.
        """
        scan = self.scans[stem]
        size = image_size(scan.image)
        points = _read_points(scan.cloud)
        classes = classes_of(_read_labels(scan.labels, len(points)), scan.labels)
        pixels, seen = project(points, scan.matrix, size)
        return count_points(pixels, classes[seen], size, (rows, columns), self.classes)

    def cost(self, stem: str, resource: str) -> float:  # noqa: ARG002 - there is one resource
        """Return the number of points of the full scan."""
        return self.scans[stem].points

    def group(self, stem: str) -> str:
        """Return the sequence."""
        return stem.partition("/")[0]


def read_semantic_kitti_labelled(
    root: Path,
    train_sequences: Sequence[str] | None = None,
    test_sequences: Sequence[str] = VALIDATION,
) -> LabelledScans:
    """Find the scans of two sets of sequences.

    Layout: ``sequences/NN/{velodyne/NNNNNN.bin, labels/NNNNNN.label, image_2/NNNNNN.png,
    calib.txt}``. What a scan costs is decided as for ``seedal select``, see
    :func:`features.sources.semantic_kitti.survey`: ``points_full`` of a ``frames.json`` where
    there is one, else the points of its file. Scans without an image are left out.

    Parameters
    ----------
    root
        The folder of ``sequences``.
    train_sequences
        Sequences to choose from, for example ``["00", "01"]``; by default all that have labels and
        are not in ``test_sequences``.
    test_sequences
        Sequences that scores are computed on.

    Raises
    ------
    LabelledDataError
        A sequence has no scan with an image or is in both sets, labels are missing or are not one
        for each point, or a ``calib.txt`` breaks a rule.
    SourceError
        There are no scans, or a file is cut.
    """
    pool = open_source("semantic_kitti", root)
    scenes: dict[str, list[PoolScene]] = {}
    without_image = []
    for scene in pool.scenes:
        if scene.images:
            scenes.setdefault(scene.group or "", []).append(scene)
        else:
            without_image.append(scene.scene_id)
    if train_sequences is None:
        train_sequences = [name for name in scenes if name not in test_sequences]
    _check_sequences(root, train_sequences, test_sequences, scenes)
    chosen = [scene for name in (*train_sequences, *test_sequences) for scene in scenes[name]]
    scans = _labelled_scans(chosen)
    notes = [f"costs come from {pool.cost_origin}"]
    if without_image:
        notes.append(f"left out without an image: {count(without_image, 'scan')}")
    return LabelledScans(
        name=root.resolve().name,
        train=tuple(scene.scene_id for name in train_sequences for scene in scenes[name]),
        test=tuple(scene.scene_id for name in test_sequences for scene in scenes[name]),
        scans=scans,
        notes=tuple(notes),
    )


def _check_sequences(
    root: Path, train: Sequence[str], test: Sequence[str], present: Mapping[str, object]
) -> None:
    for kind, names in (("train", train), ("test", test)):
        if not names:
            raise LabelledDataError(str(root), f"no sequence is left for {kind}")
        if len(set(names)) < len(names):
            raise LabelledDataError(str(root), f"a sequence stands twice for {kind}")
        missing = [name for name in names if name not in present]
        if missing:
            rule = f"has no labelled scans with images in {count(missing, 'sequence')}"
            raise LabelledDataError(str(root), rule)
    both = [name for name in train if name in test]
    if both:
        raise LabelledDataError(str(root), f"{count(both, 'sequence')} for both train and test")


def _labelled_scans(scenes: Iterable[PoolScene]) -> dict[str, LabelledScan]:
    matrices: dict[Path, NDArray[np.float64]] = {}
    scans = {}
    for scene in scenes:
        cloud = Path(scene.pointcloud or "")
        sequence = cloud.parents[1]
        if sequence not in matrices:
            matrices[sequence] = read_calibration(sequence / "calib.txt")
        labels = sequence / "labels" / f"{cloud.stem}.label"
        _check_labels(labels, count_items(cloud, _POINT_BYTES))
        image, points = Path(scene.images[0].uri), scene.costs["points"]
        scans[scene.scene_id] = LabelledScan(image, cloud, labels, matrices[sequence], points)
    return scans


def _check_labels(path: Path, points: int) -> None:
    """Refuse labels that are not one a point; their size tells."""
    if not path.is_file():
        raise LabelledDataError(str(path), "is missing; every scan needs its labels")
    labels = count_items(path, _LABEL_BYTES)
    if labels != points:
        raise LabelledDataError(str(path), f"has {labels:,} labels for {points:,} points")


def _read_points(path: Path) -> NDArray[np.float64]:
    """Return the points, (n, 3), metres."""
    count_items(path, _POINT_BYTES)
    points = np.fromfile(path, dtype="<f4").reshape(-1, 4)[:, :3].astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if bad.size:
        raise LabelledDataError(str(path), f"point {bad[0]} has a coordinate that is not finite")
    return points


def _read_labels(path: Path, points: int) -> NDArray[np.uint32]:
    _check_labels(path, points)
    return np.fromfile(path, dtype="<u4")
