"""Point clouds within limits: what no scanner writes is refused, whatever its form."""

from pathlib import Path

import numpy as np
import pytest

from features.errors import SourceError
from features.pointclouds import read_cloud

HUGE = "element {} 999999999999999999\nproperty float x\n"


def ply(*elements: str) -> bytes:
    """Return a PLY file of one vertex, with elements before it."""
    vertex = "element vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
    head = f"ply\nformat ascii 1.0\n{''.join(elements)}{vertex}end_header\n"
    return head.encode() + b"1 2 3\n"


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.xyz", b"1 2 3 1e308\n", "has an intensity of 1e+308; up to 1e+30 is read"),
        ("a.xyz", b"1 2 3 -1e31\n", "has an intensity of -1e+31"),
        ("a.xyz", b"1 2 1_0\n", "has the line '1 2 1_0' where 3 numbers should be"),
        ("a.xyz", b"1 2 3\n" + b"\n" * 100_001, "more than 100,000 lines without a point"),
        ("a.xyz", b"#\n" * 100_001 + b"1 2 3\n", "more than 100,000 lines without a point"),
        ("a.bin", np.array([1, 2, 3, 1e38], "<f4").tobytes(), "has an intensity of 1e+38"),
        ("a.ply", ply(*(HUGE.format(f"e{n}") for n in range(10))), "declares more of its elements"),
        ("a.ply", ply("element e 999999999999999999\n"), "declares more of its elements"),
    ],
)
def test_what_no_scanner_writes_is_refused(
    tmp_path: Path, name: str, content: bytes, rule: str
) -> None:
    """One sentence names the file and the limit."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        read_cloud(str(tmp_path / name), 10)
    assert rule in str(refusal.value)


def test_some_lines_without_points_are_no_fault(tmp_path: Path) -> None:
    """Comments and blank lines between points are passed over."""
    (tmp_path / "a.xyz").write_bytes(b"# x y z i\n\n" * 1000 + b"1 2 3 1e30\n")
    assert read_cloud(str(tmp_path / "a.xyz"), 10).total == 1
