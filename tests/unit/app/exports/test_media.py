"""Media rules say where another host finds a pool's files."""

import pytest

from app.errors import InvalidRequestError
from app.exports import ExportableSeed, ExportError
from app.exports.media import MediaRules, in_stores
from app.exports.seed import ExportScene
from features.sources.scenes import Image


def _seed(*uris: str, cloud: str | None = None) -> ExportableSeed:
    chosen = ExportScene(
        scene_id="a", cost=1.0, images=tuple(Image(uri, "left") for uri in uris), pointcloud=cloud
    )
    other = ExportScene(scene_id="b", cost=1.0, images=(Image("/elsewhere/x.jpg"),))
    return ExportableSeed(
        kind="manifest", resource="points", scenes=(other, chosen), chosen=("a",), summary={}
    )


@pytest.mark.parametrize(
    ("rule", "uri", "url"),
    [
        ("/scenes=https://host/s", "/scenes/a b/ü.jpg", "https://host/s/a%20b/%C3%BC.jpg"),
        ("/scenes/=https://host/s/", "/scenes/a.jpg", "https://host/s/a.jpg"),
        ("/scenes=/data/local-files/?d=s", "/scenes/a&b.jpg", "/data/local-files/?d=s/a%26b.jpg"),
        ("/scenes=https://host", "file:///scenes/a%20b.jpg", "https://host/a%20b.jpg"),
        ("s3://bucket=https://host", "s3://bucket/a%20b.jpg", "https://host/a%2520b.jpg"),
        ("https://old=https://new", "https://old/a%20b.jpg", "https://new/a%20b.jpg"),
        ("/=https://host", "/scenes/a.jpg", "https://host/scenes/a.jpg"),
        ("/scenes=s3://bucket/p", "/scenes/a b%2.jpg", "s3://bucket/p/a b%2.jpg"),
        ("https://host=gs://bucket", "https://host/a%20b.jpg", "gs://bucket/a b.jpg"),
    ],
)
def test_a_root_is_called_otherwise_there(rule: str, uri: str, url: str) -> None:
    """What follows the root is quoted once, in a path or in a query, and not at all in a key."""
    opened = MediaRules.parse([rule]).opened(_seed(uri, cloud=uri))
    scene = opened.split()[0][0]
    assert [(image.uri, image.sensor) for image in scene.images] == [(url, "left")]
    assert scene.pointcloud == url


def test_the_longest_root_counts() -> None:
    """A folder within another has a rule of its own, and a name that only begins alike has none."""
    rules = MediaRules.parse(["/a=https://one", "/a/b=https://two"])
    assert rules.url("/a/b/x") == "https://two/x"
    assert rules.url("/a/bc/x") == "https://one/bc/x"
    assert rules.url("/ab/x") is None


def test_what_no_rule_is_for() -> None:
    """Web addresses and object stores stay, a local file gets a signed URL or is refused."""
    stays = _seed("https://host/a.jpg", "s3://bucket/a.jpg")
    assert MediaRules().opened(stays) == stays
    assert list(in_stores(stays)) == ["a"]
    with pytest.raises(
        ExportError, match=r"Scene 'a': nothing says how another host opens /x\.jpg"
    ):
        MediaRules().opened(_seed("/x.jpg"))
    signed = MediaRules().opened(_seed("/x.jpg", cloud="/c.bin"), lambda *of: f"https://us/{of}")
    scene = signed.split()[0][0]
    assert scene.images[0].uri == "https://us/(1, 0, '/x.jpg')"
    assert scene.pointcloud == "https://us/(1, None, '/c.bin')"


@pytest.mark.parametrize("text", ["", "x", "=https://host", "/a=", "/a"])
def test_a_rule_of_another_form_is_refused(text: str) -> None:
    """A rule that is none is one sentence that shows the form."""
    with pytest.raises(InvalidRequestError, match="a media rule is ROOT=URL"):
        MediaRules.parse([text])


def test_two_rules_for_a_root_are_refused() -> None:
    """A root is called one thing."""
    with pytest.raises(InvalidRequestError, match="/a has two media rules"):
        MediaRules.parse(["/a=https://one", "/a/=https://two"])
