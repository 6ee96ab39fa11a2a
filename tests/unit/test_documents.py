"""What the documents name exists: files, modules, make targets, and the pages that they link."""

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_RECORDS = sorted((_ROOT / "docs" / "adr").glob("*.md"))
_BOUND = [_ROOT / "ARCHITECTURE.md", _ROOT / "CONTRIBUTING.md", *_RECORDS]
"""Documents whose every path and module must exist."""
_ALL = [_ROOT / "README.md", *_BOUND, *sorted((_ROOT / "docs").glob("*.md"))]

_PATH = re.compile(r"\.?[A-Za-z_][\w.-]*(/[\w.*-]+)*/?")
_FILE = re.compile(r"[\w.-]+\.(py|js|css|html|md|toml|txt|yml|yaml|sh|json)")
_MODULE = re.compile(r"(app|benchmarks|demo_world|features|solver|tests)(\.\w+)+")
_FROM_THE_TOP = re.compile(
    r"(app|benchmarks|demo_world|deploy|docker|docs|examples|features|solver|tests)[./][\w./*-]+"
)
_PICTURED = re.compile(r"\b(?:app|demo_world|features|solver)/[\w./-]*")
# Words with a slash, or with a file's ending, that name no file of the repository.
_ELSEWHERE = re.compile(
    r"cache/.*|DATA_DIR/.*|sequences/|uploads/|secrets/|[A-Z]+/[A-Z]+|timm/NAME|frames\.json"
)


def _words(page: Path) -> set[str]:
    """Return what stands in backticks, and the paths in the page's diagrams."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    pictured = (word for block in blocks for word in _PICTURED.findall(block))
    return {*re.findall(r"`([^`\n]+)`", prose), *pictured}


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Return the base names of the repository's files, but for what tools leave there."""
    folders = ("app", "solver", "features", "demo_world", "docs", "tests", "docker", "deploy")
    found = {path.name for path in _ROOT.iterdir() if path.is_file()}
    for folder in (*folders, "benchmarks", "examples"):
        found |= {path.name for path in (_ROOT / folder).rglob("*.*")}
    return frozenset(found)


def _is_there(word: str) -> bool:
    """Tell whether a word names something that exists, or nothing that could."""
    if _ELSEWHERE.fullmatch(word):
        return True
    if _MODULE.fullmatch(word):
        return _has_module(word)
    if "/" in word and _PATH.fullmatch(word):
        return any(_ROOT.glob(word.rstrip("/")))
    return word in _names() if _FILE.fullmatch(word) else True


def _has_module(name: str) -> bool:
    """Tell whether a dotted name is a module, or a name that a module's text has."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = _ROOT.joinpath(*parts[:length])
        source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if source.exists():
            text = source.read_text(encoding="utf-8")
            return all(re.search(rf"\b{part}\b", text) for part in parts[length:])
    return False


@pytest.mark.parametrize("page", _BOUND, ids=lambda page: page.name)
def test_paths_and_modules_exist(page: Path) -> None:
    """Every path, file and module that the page names is in the tree."""
    assert sorted(word for word in _words(page) if not _is_there(word)) == []


@pytest.mark.parametrize("page", _ALL, ids=lambda page: page.name)
def test_paths_from_the_top_exist(page: Path) -> None:
    """Every path that starts at a top folder is in the tree, on whatever page."""
    named = [word for word in _words(page) if _FROM_THE_TOP.fullmatch(word)]
    assert sorted(word for word in named if not _is_there(word)) == []


@pytest.mark.parametrize("page", _ALL, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link leads to a file, and to a heading of it where it names one."""
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([\w-]+))?\)", page.read_text("utf-8")):
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file), f"{target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", _ALL, ids=lambda page: page.name)
def test_make_has_the_targets(page: Path) -> None:
    """Every `make TARGET` of the page is a target of the Makefile."""
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"\bmake ([a-z][a-z-]+)", " ".join(_commands(page)))
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def _commands(page: Path) -> list[str]:
    """Return what a page shows as code, inline and in blocks."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"`([^`]+)`", re.sub(r"^```\w*$", "`", text, flags=re.MULTILINE))


@pytest.mark.parametrize("page", _ALL, ids=lambda page: page.name)
def test_tests_exist_that_a_page_names(page: Path) -> None:
    """Each `folder/test_file.py::test_name` of the page is a test under `tests/`."""
    named = [word.partition("::") for word in _words(page) if "::" in word and ".py" in word]
    missing = []
    for file, _, name in named:
        path = _ROOT / "tests" / file.removeprefix("tests/")
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not re.search(rf"^(async )?def {re.escape(name)}\(", text, re.MULTILINE):
            missing.append(f"{file}::{name}")
    assert missing == []
    if page.name == "security.md":
        assert len(named) > 40


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_diffs_apply() -> None:
    """The diffs that show how to extend the product fit the files that there are."""
    text = (_ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    diffs = re.findall(r"^```diff\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(diffs) == 2
    for diff in diffs:
        assert len(re.findall(r"^diff --git", diff, re.MULTILINE)) <= 3
        command = ["git", "apply", "--check", "-"]
        answer = subprocess.run(
            command, cwd=_ROOT, input=diff, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr


def test_every_room_is_described() -> None:
    """The page of the architecture has a sentence for each folder of the packages."""
    described = _words(_ROOT / "ARCHITECTURE.md")
    rooms = {
        f"{package}/{folder.name}/"
        for package in ("app", "solver", "features")
        for folder in (_ROOT / package).iterdir()
        if (folder / "__init__.py").exists()
    }
    assert sorted(rooms - described) == []


def test_records_are_numbered() -> None:
    """Each decision has the number of its file, and a title."""
    for record in _RECORDS:
        first = record.read_text(encoding="utf-8").splitlines()[0]
        assert re.fullmatch(rf"# {int(record.name[:4])}\. \S.*", first), record.name
