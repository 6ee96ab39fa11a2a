"""Hints are read from folders and archives, or refused in a sentence that names the place."""

import io
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from app.hints.reading import open_hint
from app.labelled.errors import LabelledDataError


def _png(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    PIL.Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


IMAGE = _png(np.zeros((8, 8, 3), np.uint8))
LABEL = _png(np.repeat(np.array([[0, 1]], np.uint8), 8, axis=0).repeat(4, axis=1))


def _archive(folder: Path, *members: tuple[str, bytes]) -> Path:
    path = folder / "some.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "members",
    [
        (("images/a.png", IMAGE), ("labels/a.png", LABEL)),
        (("my hint/images/a.png", IMAGE), ("my hint/labels/a.png", LABEL)),
        (("C:\\hint\\images\\a.png", IMAGE), ("C:\\hint\\labels\\a.png", LABEL)),
        (("/etc/images/a.png", IMAGE), ("/etc/labels/a.png", LABEL)),
        (("images/a.png", IMAGE), ("labels/a.png", LABEL), ("__MACOSX/labels/._a.png", b"x")),
        (("images/a.png", IMAGE), ("labels/a.png", LABEL), ("read me.txt", b"hello")),
    ],
)
def test_an_archive_is_read_however_it_was_packed(
    tmp_path: Path, members: tuple[tuple[str, bytes], ...]
) -> None:
    """With its folder or without; no name leads out of where it is unpacked."""
    path = _archive(tmp_path, *members)
    with open_hint(path) as hint:
        assert hint.train == ("a",)
        unpacked = hint.image("a")
        assert unpacked.is_file()
    assert not unpacked.exists()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ((), "some.zip: has no image with a label PNG of the same name, and no annotations"),
        ((("images/a.png", IMAGE),), "has no image with a label PNG"),
        ((("../images/a.png", IMAGE), ("../labels/a.png", LABEL)), "has no image with a label"),
        ((("x/images/a.png", IMAGE), ("y/images/a.png", IMAGE)), "two files of the name a.png"),
        (
            (("images/a.png", IMAGE), ("labels/a.png", b"no PNG")),
            ".zip/labels/a.png: the label",
        ),
        (
            (("images/a.png", IMAGE), ("labels/a.png", _png(np.ones((8, 8), np.uint8)))),
            "show a single class (1), so there is nothing to tell apart",
        ),
        (
            (("images/a.png", IMAGE), ("labels/a.png", _png(np.eye(9, dtype=np.uint8)))),
            "the label has 9 x 9 pixels and its image images/a.png has 8 x 8",
        ),
        ((("a.jpg", b""), ("one.json", b"{}"), ("two.json", b"{}")), "has 2 files (one.json, two"),
        ((("a.jpg", b"x"), ("one.json", b"{}")), "some.zip/one.json: is no file of COCO"),
    ],
)
def test_archives_that_are_no_hint_are_refused(
    tmp_path: Path, members: tuple[tuple[str, bytes], ...], rule: str
) -> None:
    """The sentence names the place in the archive, and not where it was unpacked."""
    with pytest.raises(LabelledDataError) as caught, open_hint(_archive(tmp_path, *members)):
        pass
    assert rule in str(caught.value)
    assert "seedal-hint-" not in str(caught.value)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """One sentence, for a file that is only called one."""
    path = tmp_path / "some.zip"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(LabelledDataError, match=r"some\.zip: is no ZIP archive"), open_hint(path):
        pass


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """Before any of it is unpacked: the sizes come first."""
    path = _archive(tmp_path, ("images/a.png", bytes(257 * 2**20)))
    with pytest.raises(LabelledDataError, match="more than 4 times its size"), open_hint(path):
        pass
    assert len(list(tmp_path.iterdir())) == 1
