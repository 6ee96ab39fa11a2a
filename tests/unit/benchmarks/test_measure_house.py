"""The numbers that tell how the code is built, on a tree whose numbers are known."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "measure_house.py"
SAME = "".join(f"    total += weigh({n}, 'a')  # {{0}}\n" for n in range(6))
FILES = {
    "pyproject.toml": '[tool.setuptools.packages.find]\ninclude = ["room*", "hall*"]\n',
    "room/__init__.py": '"""A room."""\n',
    # door -> table -> lamp at the top of modules; lamp -> hall.way inside a function.
    "room/door.py": (
        "from room import table\nimport room.table\n\n\n"
        "def open_door(a, b, c, d, *, e, f, g, h):\n    return table.lay(budget=a)\n\n\n"
        "class Key:\n    def turn(self, a, b, c, d, e, f, g):\n        return self.budget\n"
    ),
    "room/table.py": (
        "from room.lamp import light\n\n\n"
        f"def lay(total):\n{SAME.format('one remark')}    return light(total)\n"
    ),
    "room/lamp.py": (
        "from numba import njit\n\n\nclass Key:\n    pass\n\n\n"
        "def light(total):\n    from hall.way import walk\n\n    budget = 1\n"
        "    return walk(budget)\n\n\n"
        "@njit(cache=True)\ndef shine(a, b, c, d, e, f, g, h):\n    return a\n"
    ),
    "hall/__init__.py": "",
    "hall/way.py": (
        '"""The way."""\n\nLAZY = "hall.end:stop"\n\n\n'
        f"def walk(total):\n    start()\n{SAME.format('another remark')}    return total\n"
    ),
    "hall/end.py": "def stop(budget):\n" + "".join(f"    budget += {n}\n" for n in range(60)),
    "garden/__init__.py": "",  # no product
    "garden/tree.py": "import room.lamp\n",
}
EXPECTED = {
    "modules": 7, "of these `__init__`": 2, "lines of `room`": 40, "lines of `hall`": 75,
    "lines": 115, "median lines of a module": 14, "modules over 400 lines": 0,
    "modules with one importer": 4,
    "longest import chain, at the top of modules": 3,
    "longest import chain, inside functions as well": 5,
    "cycles of imports, inside functions as well": 0,
    "functions over 60 lines": 1, "kernels over 60 lines": 0,
    "functions over 7 parameters": 1, "kernels over 7 parameters": 1,
    "class names defined twice or more": 1, "folders with over 20 modules": 0,
    "pairs of duplicated places": 1, "modules that `budget` passes": 2,
}  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Write the tree."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def _measure(tree: Path, *words: str) -> tuple[dict[str, list[str]], str]:
    """Return the table's rows, and all that is printed."""
    command = [sys.executable, str(SCRIPT), "--root", str(tree), *words]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {name: cells for name, *cells in lines}, text


def test_a_known_tree_has_its_numbers(tree: Path) -> None:
    """Every row of the table, counted by hand."""
    rows, _ = _measure(tree)
    del rows["figure"]
    assert rows == {name: [str(value)] for name, value in EXPECTED.items()}


def test_what_is_counted_is_named(tree: Path) -> None:
    """`--list` names the things, so that somebody can go and mend them."""
    _, text = _measure(tree, "--list")
    for thing in (
        "room/door.py:open_door (8)", "room/lamp.py:shine (8)", "hall/end.py:stop (61)",
        "Key: room/door.py, room/lamp.py", "hall/way.py:8 = room/table.py:5 (6 lines)",
    ):  # fmt: skip
        assert f"- {thing}\n" in text


def test_a_revision_stands_beside_the_working_tree(tree: Path) -> None:
    """`--against` measures what git has; a cycle of imports counts as one step of a chain."""
    git = ["git", "-C", str(tree), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True)
    (tree / "room" / "lamp.py").write_text("import room.door\n")
    rows, _ = _measure(tree, "--against", "HEAD")
    assert rows["figure"] == ["working tree", "HEAD"]
    assert rows["longest import chain, at the top of modules"] == ["1", "3"]
    assert rows["cycles of imports, inside functions as well"] == ["1", "0"]
    assert rows["class names defined twice or more"] == ["0", "1"]
