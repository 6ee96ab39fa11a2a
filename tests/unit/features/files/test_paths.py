from pathlib import Path

import pytest

from features.files.paths import atomic_write


def test_content_appears_at_the_end(tmp_path: Path) -> None:
    """A file is published whole, in a folder that is made for it, with nothing left beside it."""
    path = tmp_path / "new" / "file.bin"
    with atomic_write(path) as stream:
        stream.write(b"half")
        assert not path.exists()
        stream.write(b"whole")
    assert path.read_bytes() == b"halfwhole"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_changes_nothing(tmp_path: Path) -> None:
    """After an error the earlier file is untouched and no temporary file stays."""
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def write_half() -> None:
        with atomic_write(path) as stream:
            stream.write(b"half")
            message = "the disk is on fire"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="on fire"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
