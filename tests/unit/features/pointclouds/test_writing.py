import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from features.errors import SourceError
from features.pointclouds import read_cloud
from features.pointclouds.cloud import Cloud
from features.pointclouds.writing import write_pcd
from features.readers.originals import read_as_pcd

near = st.floats(-9999, 9999, width=32)


def unpacked(content: bytes) -> tuple[list[str], list[tuple[float, ...]]]:
    """Return fields and rows of a binary PCD of four-byte floats, read by the format's rules."""
    head, _, body = content.partition(b"DATA binary\n")
    said = dict(line.split(" ", 1) for line in head.decode().splitlines() if line[0] != "#")
    names = said["FIELDS"].split()
    assert said["SIZE"].split() == ["4"] * len(names)
    assert said["TYPE"].split() == ["F"] * len(names)
    assert int(said["WIDTH"]) * int(said["HEIGHT"]) == int(said["POINTS"])
    rows = list(struct.iter_unpack(f"<{len(names)}f", body))
    assert len(rows) == int(said["POINTS"])
    return names, rows


@settings(deadline=None)
@given(data=st.data(), number=st.integers(1, 20), shaded=st.booleans(), lit=st.booleans())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    number: int,
    shaded: bool,  # noqa: FBT001
    lit: bool,  # noqa: FBT001
) -> None:
    """Places, intensity and colours come back as they were, to the precision of the file."""
    points = data.draw(hnp.arrays(np.float64, (number, 3), elements=near))
    colours = data.draw(hnp.arrays(np.uint8, (number, 3))) if shaded else None
    intensity = data.draw(hnp.arrays(np.float64, number, elements=near)) if lit else None
    path = tmp_path_factory.mktemp("pcd") / "a.pcd"
    path.write_bytes(write_pcd(Cloud(number, points, colours, intensity)).content)
    found = read_cloud(str(path), number)
    assert np.array_equal(found.points, points)
    assert found.total == number
    for mine, theirs in ((found.colors, colours), (found.intensity, intensity)):
        assert (mine is None) == (theirs is None)
        assert mine is None or np.array_equal(mine, theirs)


def test_a_scan_is_written_by_the_rules_of_the_format(tmp_path: Path) -> None:
    """An independent reader finds every point of a KITTI scan, in its order."""
    scan = np.arange(400, dtype="<f4").reshape(-1, 4)
    (tmp_path / "a.bin").write_bytes(scan.tobytes())
    pcd = read_as_pcd(str(tmp_path / "a.bin"))
    names, rows = unpacked(pcd.content)
    assert names == ["x", "y", "z", "intensity"]
    assert np.array_equal(rows, scan)
    assert (pcd.points, pcd.left_out, pcd.origin) == (100, 0, (0.0, 0.0, 0.0))


def test_points_without_a_place_are_counted(tmp_path: Path) -> None:
    """A point that is nowhere is left out, and said to be."""
    scan = np.ones((5, 4), "<f4")
    scan[2, 1] = np.nan
    (tmp_path / "a.bin").write_bytes(scan.tobytes())
    pcd = read_as_pcd(str(tmp_path / "a.bin"))
    assert (pcd.points, pcd.left_out) == (4, 1)


def test_far_places_keep_their_millimetres() -> None:
    """Coordinates of a country's grid are told from an origin, which the file's reader adds."""
    points = np.array([[500_000.123, 5_400_000.456, 310.789], [500_001.5, 5_400_002.25, 311.0]])
    pcd = write_pcd(Cloud(2, points))
    _, rows = unpacked(pcd.content)
    assert np.abs(np.array(rows) + pcd.origin - points).max() < 1e-6 * 100
    assert pcd.origin == (500_000.0, 5_400_000.0, 310.0)


def test_a_cut_scan_is_refused(tmp_path: Path) -> None:
    """A scan of a broken length is no shorter scan."""
    (tmp_path / "a.bin").write_bytes(bytes(16 * 3 + 5))
    with pytest.raises(SourceError, match=r"a\.bin"):
        read_as_pcd(str(tmp_path / "a.bin"))


def test_larger_clouds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud is converted whole or not at all."""
    from features.readers import originals  # noqa: PLC0415

    monkeypatch.setattr(originals, "MAX_CONVERTED_POINTS", 9)
    (tmp_path / "a.bin").write_bytes(np.ones((10, 4), "<f4").tobytes())
    with pytest.raises(SourceError, match="10 points; up to 9 are converted"):
        next(originals.serve(str(tmp_path / "a.bin"), as_pcd=True))
