"""Which names of files may be read: by folder and prefix, wherever links lead."""

from pathlib import Path

import pytest

from app.access.files import permitted, permitted_path, require_permitted_images, strays
from app.errors import SourceRefusedError
from app.settings import Settings
from features.sources.scenes import Image, PoolScene, ScenePool


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Permit a folder and a prefix; a link leads out of the folder, and a circle nowhere."""
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "inner").symlink_to(tmp_path / "in")
    (tmp_path / "out" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in" / "circle")
    return Settings(
        data_dir=tmp_path / "data", file_roots=(tmp_path / "in",), url_roots=("s3://bucket/pool/",)
    )


@pytest.mark.parametrize(
    "name", ["in/a.png", "in", "in/inner/a.png", "in/none.png", "out/back/a.png"]
)
def test_what_lies_inside_is_permitted(name: str, settings: Settings, tmp_path: Path) -> None:
    """By its path or a file:// URI, through links that stay inside."""
    path = tmp_path / name
    assert permitted_path(str(path), settings) == path
    assert permitted(f"file://{path}", settings) == str(path)
    assert settings.may_read(path)
    assert not strays(str(tmp_path / "out" / "a.png"), settings)


@pytest.mark.parametrize(
    "name", ["out/a.png", "in/link/a.png", "in/../out/a.png", "inner", "in/circle", "."]
)
def test_what_lies_outside_is_refused(name: str, settings: Settings, tmp_path: Path) -> None:
    """Also where a link, or dots, lead there; the rule and the place are named."""
    for spelled in (f"{tmp_path}/{name}", f"file://{tmp_path}/{name}"):
        with pytest.raises(SourceRefusedError, match="SEEDAL_FILE_ROOTS") as caught:
            permitted(spelled, settings, "#/source/uri")
        assert caught.value.pointer == "#/source/uri"
    assert not settings.may_read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.png", "must be absolute"),
        ("file://elsewhere/a.png", "on this machine"),
        ("s3://bucket/pool/a.png", "only a local path"),
        ("/a\0b", "NUL"),
    ],
)
def test_what_is_no_path_here_is_refused(name: str, sentence: str, settings: Settings) -> None:
    """In the words of the rule."""
    with pytest.raises(SourceRefusedError, match=sentence) as caught:
        permitted_path(name, settings, "#/p")
    assert caught.value.pointer == "#/p"


def test_a_uri_is_permitted_by_its_prefix(settings: Settings) -> None:
    """Others are refused, and one that is malformed, with the rule and without its secrets."""
    assert permitted("s3://bucket/pool/a.png", settings) == "s3://bucket/pool/a.png"
    for name, sentence in (
        ("s3://bucket/other/a.png?key=secret", "SEEDAL_URL_ROOTS"),
        ("s3://bucket/pool/../a.png", "must not contain"),
        ("https://host/a.png?key=secret", "SEEDAL_URL_ROOTS"),
    ):
        with pytest.raises(SourceRefusedError, match=sentence) as caught:
            permitted(name, settings, "#/p")
        assert caught.value.pointer == "#/p"
        assert "secret" not in caught.value.detail or name.startswith("s3")


def test_a_link_astray_refuses_its_image_alone(settings: Settings, tmp_path: Path) -> None:
    """A name inside that leads out passes with its pool; a name outside refuses the pool."""
    inside, link, outside = (tmp_path / p for p in ("in/a.png", "in/link/a.png", "out/a.png"))
    assert strays(str(link), settings)
    assert strays(f"file://{link}", settings)
    assert not strays(str(outside), settings)
    assert not strays("s3://bucket/pool/a.png", settings)
    assert not strays("file://elsewhere/a", settings)

    def pool(*paths: object) -> ScenePool:
        return ScenePool(
            kind="manifest",
            scenes=(PoolScene("s1", {}, tuple(Image(str(p)) for p in paths)),),
            resource="scenes",
            cost_origin="",
        )

    require_permitted_images(pool(inside, link, "s3://bucket/pool/b.png"), settings)
    for wrong in (outside, "s3://other/a.png"):
        with pytest.raises(SourceRefusedError, match=r"Scene 's1': .* lies outside") as caught:
            require_permitted_images(pool(inside, wrong), settings)
        assert caught.value.pointer == "#/source"
