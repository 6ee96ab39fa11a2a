"""Point clouds in LAS and LAZ: written by laspy, sampled as every other cloud is."""

from pathlib import Path

import laspy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.pointclouds.cloud import picks
from features.pointclouds.reading import read_cloud

_UNHURRIED = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25
)


def _written(path: Path, total: int, point_format: int, brightest: int = 65_535) -> laspy.LasData:
    rng = np.random.default_rng(total)
    header = laspy.LasHeader(point_format=point_format, version="1.4")
    header.offsets, header.scales = [100.0, 200.0, 0.0], [0.001, 0.001, 0.001]
    las = laspy.LasData(header)
    las.x, las.y, las.z = 100 + rng.normal(scale=20, size=(3, total))
    las.intensity = rng.integers(0, 65_536, total)
    if point_format in {2, 7}:
        las.red, las.green, las.blue = rng.integers(0, brightest + 1, (3, total))
    las.write(str(path))
    return las


@_UNHURRIED
@given(
    ending=st.sampled_from([".las", ".laz"]),
    total=st.integers(1, 400),
    point_format=st.sampled_from([0, 1, 2, 6, 7]),
    most=st.integers(1, 500),
)
def test_a_cloud_is_read_as_it_was_written(
    tmp_path: Path, ending: str, total: int, point_format: int, most: int
) -> None:
    """Places, intensities and colours of the sampled points are those that were written."""
    path = tmp_path / f"cloud{ending}"
    las = _written(path, total, point_format)
    cloud = read_cloud(str(path), most)
    wanted = picks(total, most)
    assert cloud.total == total
    assert np.allclose(cloud.points, np.asarray(las.xyz)[wanted], atol=1e-6)
    assert cloud.intensity is not None
    assert np.array_equal(cloud.intensity, np.asarray(las.intensity)[wanted])
    if point_format in {2, 7}:
        shades = np.stack([las.red, las.green, las.blue], axis=1)[wanted]
        expected = shades >> 8 if (shades > 255).any() else shades
        assert cloud.colors is not None
        assert np.array_equal(cloud.colors, expected)
    else:
        assert cloud.colors is None


def test_colours_of_eight_bits_are_kept(tmp_path: Path) -> None:
    """Files that use only the lower byte of a channel are not shown black."""
    las = _written(tmp_path / "cloud.las", 50, 2, brightest=255)
    cloud = read_cloud(str(tmp_path / "cloud.las"), 100)
    assert cloud.colors is not None
    assert np.array_equal(cloud.colors[:, 0], las.red)


@pytest.mark.parametrize("ending", [".las", ".laz"])
@pytest.mark.parametrize("kept", [0, 3, 100, 300, 0.5, 0.99])
def test_a_cut_cloud_is_told(tmp_path: Path, ending: str, kept: float) -> None:
    """Wherever it was cut, one sentence names the file."""
    path = tmp_path / f"cloud{ending}"
    _written(path, 2_000, 2)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(SourceError, match="cloud"):
        read_cloud(str(path), 10)


@_UNHURRIED
@given(flips=st.lists(st.tuples(st.integers(0, 374), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_damaged_header_is_read_or_refused(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    """Whatever of the header is changed, the answer is points or one sentence."""
    path = tmp_path / "cloud.laz"
    _written(path, 50, 2)
    content = bytearray(path.read_bytes())
    for place, value in flips:
        content[place] = value
    path.write_bytes(content)
    try:
        cloud = read_cloud(str(path), 10)
    except SourceError:
        return
    assert len(cloud.points) <= 10
