"""What golden questions are asked of."""

from pathlib import Path

import pytest
from problems_on_disk import write_problems
from sources_on_disk import write_sources


@pytest.fixture
def problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the present folder, with every kind of problem file in it."""
    write_problems(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix what the terminal and the environment would say."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("SEEDAL_DATA_DIR", raising=False)


@pytest.fixture(scope="session")
def sources() -> Path:
    """Return the folder of a tiny source of every kind; nobody changes its files."""
    return write_sources()
