"""SemanticKITTI on KITTI odometry: a scene is one scan, seen by the left colour camera.

Layout: ``sequences/NN/{velodyne/NNNNNN.bin, image_2/NNNNNN.png}``, see
http://semantic-kitti.org/dataset.html.

How many points of a SemanticKITTI scan are to be labelled, from the best source there is.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from features.errors import SourceError, count, plural
from features.files.arrays import count_items
from features.files.json_values import Fields
from features.files.paths import list_folder, open_regular
from features.sources.labelling import POINTS, Labelling, Survey, labelling_of
from features.sources.options import SourceOptions, Split
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool

FRAMES_FILE: Final = "frames.json"
SUPERVOXELS: Final = "supervoxel_large"
_POINT_BYTES: Final = 16  # x, y, z, remission as float32
_SUPERVOXEL_BYTES: Final = 4  # int32


@dataclass(frozen=True, slots=True)
class KittiScan:
    """One scan: its sequence (``"05"``), its frame (``"001429"``) and its file."""

    sequence: str
    frame: str
    path: Path

    @property
    def scene_id(self) -> str:
        """The scan's id, for example ``"05/001429"``."""
        return f"{self.sequence}/{self.frame}"

    @property
    def supervoxels(self) -> Path:
        """Where ReDAL's preparation puts the scan's supervoxels."""
        return self.path.parents[1] / SUPERVOXELS / self.path.name


def survey(scans: Sequence[KittiScan], folders: Sequence[Path]) -> Survey:
    """Return what there is to label in each scan.

    The first of these that is there counts: supervoxels of every scan; ``points_full`` in a
    ``frames.json``, which copies with cropped scans carry; the scans' sizes.

    Parameters
    ----------
    scans
        The scans.
    folders
        Where ``frames.json`` may lie.

    Raises
    ------
    SourceError
        A file has an impossible size, or ``frames.json`` breaks a rule or lacks a scan.
    """
    without = [scan.scene_id for scan in scans if not scan.supervoxels.is_file()]
    if not without:
        labellings = tuple(_from_supervoxels(scan.supervoxels) for scan in scans)
        return Survey(labellings, f"{SUPERVOXELS} (points with a region)")
    partial = len(without) < len(scans)
    notes = (f"{SUPERVOXELS} is not used: it lacks {count(without, 'scan')}",) if partial else ()
    for frames in (folder / FRAMES_FILE for folder in folders):
        if frames.exists():
            return Survey(_from_frames(frames, scans), f"{FRAMES_FILE} (points_full)", notes)
    labellings = tuple(Labelling(count_items(scan.path, _POINT_BYTES)) for scan in scans)
    return Survey(labellings, f"file sizes ({_POINT_BYTES} bytes a point)", notes)


def _from_supervoxels(path: Path) -> Labelling:
    count_items(path, _SUPERVOXEL_BYTES)
    return labelling_of(np.fromfile(path, dtype="<i4"))


def _from_frames(frames: Path, scans: Sequence[KittiScan]) -> tuple[Labelling, ...]:
    points = _points_full(frames)
    missing = [scan.scene_id for scan in scans if scan.scene_id not in points]
    if missing:
        raise SourceError(str(frames), f"has no entry for {count(missing, 'scan')}")
    return tuple(Labelling(points[scan.scene_id]) for scan in scans)


def _points_full(frames: Path) -> dict[str, int]:
    """Return the number of points by scene id."""
    try:
        with open_regular(frames) as file:
            entries: object = json.load(file)
    except (ValueError, RecursionError) as error:
        raise SourceError(str(frames), f"not JSON ({error})") from error
    if not isinstance(entries, list):
        raise SourceError(str(frames), "must be a list of frames")
    points: dict[str, int] = {}
    for index, entry in enumerate(entries):
        fields = Fields.of(entry, f"{frames}[{index}]")
        scene_id = f"{fields.text('seq')}/{fields.whole('frame', least=0):06}"
        if scene_id in points:
            raise SourceError(fields.place, f"frame {scene_id} is already in the list")
        points[scene_id] = fields.whole("points_full", least=1)
    return points


CAMERA: Final = "image_2"
_VALIDATION: Final = "08"
_LABELLED: Final = tuple(f"{number:02}" for number in range(11))
_SEQUENCE: Final = re.compile(r"[0-9]{2}")
_FRAME: Final = re.compile(r"[0-9]{6}")
_IMAGE_SUFFIXES: Final = (".jpeg", ".jpg", ".png")  # where a frame has several, the last is taken
# KITTI's archives start with dataset/, and people unpack them into a folder of that name.
_PLACES: Final = ("sequences", "dataset/sequences", "dataset/dataset/sequences")


def open_semantic_kitti(root: Path, options: SourceOptions) -> ScenePool:
    """Return one scene for each scan of the labelled sequences.

    The id is ``"05/001429"``, the group ``"05"``; a scan without an image has ``images=()``. Costs
    are points, see :func:`features.sources.semantic_kitti.survey`.

    Raises
    ------
    SourceError
        There is no folder of sequences, no scan, or a file that costs come from is unusable.
    """
    sequences = sequences_folder(root)
    image_sequences = (
        sequences if options.images_root is None else sequences_folder(options.images_root)
    )
    names, notes = _choose(sequences, options.split)
    scans = [scan for name in names for scan in _scans(sequences / name)]
    if not scans:
        raise SourceError(str(sequences), "has no scans (NN/velodyne/NNNNNN.bin) to choose from")
    images = {name: _images(image_sequences / name) for name in names}
    costs = survey(scans, [root, sequences.parent])
    without_scan = {(name, frame) for name, frames in images.items() for frame in frames}
    without_scan -= {(scan.sequence, scan.frame) for scan in scans}
    if without_scan:
        notes.append(f"{plural(len(without_scan), 'image')} without a scan left out")
    return build_pool(
        "semantic_kitti",
        str(root),
        (
            (
                str(scan.path),
                PoolScene(
                    scene_id=scan.scene_id,
                    costs={POINTS: float(cost.points)},
                    images=_image_of(scan, images[scan.sequence]),
                    group=scan.sequence,
                    regions=cost.regions,
                    pointcloud=str(scan.path),
                ),
            )
            for scan, cost in zip(scans, costs.labellings, strict=True)
        ),
        resource=options.resource,
        cost_origin=costs.origin,
        notes=[*notes, *costs.notes],
    )


def has_sequences(root: Path) -> bool:
    """Tell whether ``root`` holds a folder of sequences with two-digit names."""
    return any(map(_holds_sequences, _candidates(root)))


def sequences_folder(root: Path) -> Path:
    """Return the folder of sequences under ``root``, or ``root`` where it is that folder itself.

    Raises
    ------
    SourceError
        There is none, or more than one has sequences.
    """
    folders = _candidates(root)
    match [folder for folder in folders if _holds_sequences(folder)] or folders[:1]:
        case [folder]:
            return folder
        case []:
            raise SourceError(str(root), "has no folder sequences or dataset/sequences")
        case found:
            names = " and ".join(folder.relative_to(root).as_posix() for folder in found)
            rule = f"has {names}; name the one with scans as the root, that with images apart"
            raise SourceError(str(root), rule)


def _candidates(root: Path) -> list[Path]:
    """Return the folders that may hold sequences, each once, however often links name it."""
    places = [root / place for place in _PLACES]
    if root.name == "sequences":
        places.append(root)
    found: dict[Path, Path] = {}
    for place in places:
        if place.is_dir():
            found.setdefault(place.resolve(), place)
    return list(found.values())


def _holds_sequences(folder: Path) -> bool:
    return any(map(_is_sequence, list_folder(folder).folders))


def _is_sequence(folder: Path) -> bool:
    return _SEQUENCE.fullmatch(folder.name) is not None


def _choose(sequences: Path, split: Split) -> tuple[list[str], list[str]]:
    """Return the sequences to read and the notes on those left out and in."""
    present = [folder.name for folder in list_folder(sequences).folders if _is_sequence(folder)]
    chosen = [
        name
        for name in present
        if name in _LABELLED and not (split == "train" and name == _VALIDATION)
    ]
    notes = []
    unlabelled = [name for name in present if name not in _LABELLED]
    if unlabelled and split == "all":
        notes.append(f"{count(unlabelled, 'sequence')} without labels left out")
    if _VALIDATION in chosen:
        notes.append(
            f"the validation sequence {_VALIDATION} is included; --split train leaves it out"
        )
    return chosen, notes


def _scans(sequence: Path) -> Iterator[KittiScan]:
    velodyne = sequence / "velodyne"
    if velodyne.is_dir():
        for path in list_folder(velodyne).files:
            if path.suffix == ".bin" and _FRAME.fullmatch(path.stem):
                yield KittiScan(sequence.name, path.stem, path)


def _images(sequence: Path) -> dict[str, Path]:
    """Return a sequence's images by frame."""
    folder = sequence / CAMERA
    if not folder.is_dir():
        return {}
    files = list_folder(folder).files
    return {
        path.stem: path
        for suffix in _IMAGE_SUFFIXES
        for path in files
        if path.suffix.lower() == suffix and _FRAME.fullmatch(path.stem)
    }


def _image_of(scan: KittiScan, images: Mapping[str, Path]) -> tuple[Image, ...]:
    if scan.frame not in images:
        return ()
    return (Image(str(images[scan.frame]), sensor=CAMERA, frame=int(scan.frame)),)
