"""The files that ReDAL's training reads (``dataloader/<dataset>/init_data``).

The labelled and the unlabelled files together hold every scene of the training set exactly once,
those that could not be chosen included.

Source: ReDAL (Wu et al., ICCV 2021) as used by SeedAL.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from app.exports.seed import ExportableSeed, ExportError, ExportScene, json_bytes

REDAL: Final = "redal"


@dataclass(frozen=True, slots=True)
class _Names:
    """How a dataset's scenes are called in ReDAL's files.

    Parameters
    ----------
    scan
        Scene id to the scan's path.
    region_key
        Scene id to the key of its regions.
    region_file
        What comes before ``.json`` in the name of the region file.
    """

    scan: Callable[[str], str]
    region_key: Callable[[str], str]
    region_file: str


def _s3dis_scan(scene_id: str) -> str:
    area, _, room = scene_id.partition("/")
    return f"{area}/coords/{room}.npy"


def _semantic_kitti_scan(scene_id: str) -> str:
    sequence, _, frame = scene_id.partition("/")
    return f"{sequence}/velodyne/{frame}.bin"


_DATASETS = {
    "s3dis": _Names(_s3dis_scan, lambda name: name.replace("/", "#"), "region"),
    "semantic_kitti": _Names(
        _semantic_kitti_scan, lambda name: name.replace("/", "_"), "large_region"
    ),
}


def _info(labelled: Sequence[ExportScene], *, with_regions: bool) -> bytes:
    regions = sum(len(scene.regions or ()) for scene in labelled) if with_regions else "unknown"
    cost = sum(scene.cost for scene in labelled)
    return f"Region Num: {regions} and Point Num: {cost:.0f} in the current set\n".encode()


def require_redal(kind: str) -> None:
    """Refuse a source that ReDAL has no names for.

    Raises
    ------
    ExportError
        Naming those that it has.
    """
    if kind not in _DATASETS:
        detail = f"ReDAL's files exist for {' and '.join(_DATASETS)}, not for {kind}."
        raise ExportError(detail)


def redal(seed: ExportableSeed) -> dict[str, bytes]:
    """Return the initial labelled and unlabelled sets as ReDAL's files.

    The region files are written only where every scene of the pool has regions: an empty list
    would tell ReDAL that there is nothing to label in a scene.

    Raises
    ------
    ExportError
        When the pool is neither S3DIS nor SemanticKITTI.
    """
    require_redal(seed.kind)
    names = _DATASETS[seed.kind]
    labelled, unlabelled = seed.split()
    with_regions = all(scene.regions is not None for scene in seed.scenes)
    files = {"info.txt": _info(labelled, with_regions=with_regions)}
    for part, scenes in (("label", labelled), ("ulabel", unlabelled)):
        files[f"init_{part}_scan.json"] = json_bytes([names.scan(s.scene_id) for s in scenes])
        if with_regions:
            files[f"init_{part}_{names.region_file}.json"] = json_bytes(
                {names.region_key(s.scene_id): list(s.regions or ()) for s in scenes}
            )
    return files
