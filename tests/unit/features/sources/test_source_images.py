from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import SourceError
from features.sources import SourceOptions, open_source

Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Make files (or folders, where a name ends in a slash) under a root."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / "pool" / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.touch()
        return tmp_path / "pool"

    return make


def refused(root: Path, kind: str | None = "images") -> SourceError:
    """Return the error that opening the folder raises."""
    with pytest.raises(SourceError) as caught:
        open_source(kind, root)
    return caught.value


def test_a_folder_of_images_is_a_scene(tree: Tree) -> None:
    """Ids are folder names, images come in natural order, the cost is their number."""
    root = tree("b/2.PNG", "b/10.png", "a/x.jpeg", "a/notes.txt", "a/.x.png", ".hidden/x.png")
    pool = open_source("images", root)
    assert (pool.kind, pool.resource, pool.cost_origin, pool.notes) == (
        "images",
        "images",
        "number of images",
        (),
    )
    a, b = pool.scenes
    assert (a.scene_id, a.group, a.costs) == ("a", None, {"images": 1.0})
    assert [Path(image.uri) for image in b.images] == [root / "b/2.PNG", root / "b/10.png"]


def test_scenes_may_be_nested(tree: Tree) -> None:
    """A nested scene has its path as id and its parent as group; a parent can be a scene too."""
    root = tree("site_10/day/x.png", "site_2/x.png", "site_2/night/x.png")
    assert [(s.scene_id, s.group) for s in open_source("images", root).scenes] == [
        ("site_2", None),
        ("site_2/night", "site_2"),
        ("site_10/day", "site_10"),
    ]


def test_an_empty_folder_is_a_scene_without_images(tree: Tree) -> None:
    """An empty folder is kept, so that it is reported and not lost."""
    scenes = open_source("images", tree("a/x.png", "b/")).scenes
    assert [(scene.scene_id, len(scene.images)) for scene in scenes] == [("a", 1), ("b", 0)]


def test_images_beside_the_folders_are_noted(tree: Tree) -> None:
    """An image that belongs to no scene is left out with a note."""
    pool = open_source("images", tree("a/x.png", "overview.png"))
    assert pool.notes == ("1 image in no scene's folder left out",)


def test_loose_images_alone_are_scenes(tree: Tree) -> None:
    """In a folder of nothing but images each is a scene, by its name, where the kind is named."""
    root = tree("x.png", "y.png")
    assert "by that name also images without folders" in refused(root, None).rule
    pool = open_source("images", root)
    assert [(s.scene_id, s.group, len(s.images)) for s in pool.scenes] == [
        ("x.png", None, 1),
        ("y.png", None, 1),
    ]
    assert pool.notes == ("each of the 2 images is a scene of its own",)
    (root / "costs.csv").write_text("scene_id,minutes\ny.png,3\nx.png,2\n", encoding="utf-8")
    costs = [scene.costs for scene in open_source("images", root).scenes]
    assert costs == [{"minutes": 2.0}, {"minutes": 3.0}]


def test_a_folder_of_nothing_is_refused(tree: Tree) -> None:
    """One sentence, for there is nothing to choose from."""
    assert refused(tree("notes.txt")).rule == "has neither images nor folders of images"


def test_a_loop_of_links_ends(tree: Tree) -> None:
    """A link to a folder that is already part of the source is an error, not an endless walk."""
    root = tree("a/x.png")
    (root / "a" / "again").symlink_to(root)
    error = refused(root)
    assert error.place == str(root / "a" / "again")
    assert error.rule == f"is a link to {root}, which the source already has"


def test_a_linked_scene_counts(tree: Tree, tmp_path: Path) -> None:
    """Scenes may be links to folders elsewhere."""
    root = tree("a/x.png")
    (tmp_path / "elsewhere").mkdir()
    (root / "b").symlink_to(tmp_path / "elsewhere")
    assert [scene.scene_id for scene in open_source("images", root).scenes] == ["a", "b"]


def test_a_table_gives_the_costs(tree: Tree) -> None:
    """costs.csv sets the costs of every scene, per resource; a resource can then be named."""
    root = tree("a/x.png", "b/c/x.png")
    text = '\ufeffscene_id,points,hours\r\n"b/c", 12 ,.5\r\n\r\na,1e3,0\r\n'
    (root / "costs.csv").write_bytes(text.encode())
    pool = open_source("images", root, SourceOptions(resource="points"))
    assert pool.cost_origin == "costs.csv"
    assert [scene.costs for scene in pool.scenes] == [
        {"points": 1000.0, "hours": 0.0},
        {"points": 12.0, "hours": 0.5},
    ]
    assert refused(root).rule.endswith(": points, hours")


@pytest.mark.parametrize(
    ("table", "line", "rule"),
    [
        (b"", "", "the header must be scene_id"),
        (b"id,points\n", ":1", "the header must be scene_id"),
        (b"scene_id\n", ":1", "at least one resource"),
        (b"scene_id,points,points\n", ":1", "distinct names"),
        (b"scene_id,\n", ":1", "distinct names"),
        (b"scene_id,points\na,1,2\n", ":2", "the row has 3 columns, the header 2"),
        (b"scene_id,points\na,1\nx,2\n", ":3", "there is no folder for scene 'x'"),
        (b"scene_id,points\na,1\na,2\n", ":3", "scene 'a' already has a row at"),
        (b"scene_id,points\na,1\n", "", "has no row for 1 scene (b)"),
        (
            b"scene_id,points\na,-1\n",
            ":2",
            "points must be a finite number of at least 0, not '-1'",
        ),
        (b"scene_id,points\na,nan\n", ":2", "points must be a finite number"),
        (b"scene_id,points\na,1e400\n", ":2", "points must be a finite number"),
        (b"scene_id,points\na,1_000\n", ":2", "points must be a finite number"),
        (b"scene_id,points\na,\n", ":2", "points must be a finite number"),
        (b'scene_id,points\na,"1"2\n', ":2", "not CSV"),
        (b"scene_id,points\na,1\nb\xff,2\n", ":3", "not UTF-8"),
    ],
)
def test_a_broken_table_names_its_line(tree: Tree, table: bytes, line: str, rule: str) -> None:
    """Whatever is wrong in costs.csv, the error names FILE:LINE and the rule."""
    root = tree("a/x.png", "b/x.png")
    (root / "costs.csv").write_bytes(table)
    error = refused(root)
    assert error.place == f"{root / 'costs.csv'}{line}"
    assert rule in error.rule


def test_a_table_names_a_few_of_many_missing_scenes(tree: Tree) -> None:
    """The error stays one readable sentence however many scenes are missing."""
    root = tree(*(f"scene_{i}/x.png" for i in range(9)))
    (root / "costs.csv").write_text("scene_id,points\nscene_0,1\n")
    assert refused(root).rule.endswith(
        "8 scenes (scene_1, scene_2, scene_3, scene_4, scene_5, ...)"
    )


@pytest.mark.parametrize("name", [b"a\xff", b"a\n"])
def test_a_name_that_cannot_be_stored_is_refused(tree: Tree, name: bytes) -> None:
    """A folder whose name is not UTF-8, or holds control characters, cannot be an id."""
    root = tree("a/x.png")
    (root / name.decode(errors="surrogateescape")).mkdir()
    error = refused(root)
    assert "control characters or is not UTF-8" in error.rule
