"""The explorer's files and the headers that guard them."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import app.web


@pytest.mark.parametrize("path", ["/", "/static/explorer.js", "/static/explorer.css"])
def test_the_page_and_its_parts_are_guarded(client: TestClient, path: str) -> None:
    """Each comes with a policy that allows nothing but the service itself."""
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data:" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_not_there_is_a_problem(client: TestClient) -> None:
    """A missing file, or one outside the folder, is a 404 problem."""
    for path in ("/static/none.js", "/static/..%2f__init__.py"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_only_one_module_writes_status_lines() -> None:
    """Every element that is read out is written by `status.js`, which knows who may speak."""
    folder = Path(app.web.__file__).parent / "static"
    page = (folder / "index.html").read_text()
    lines = re.findall(r'<\w+ id="([\w-]+)"[^>]* role="status"', page)
    assert len(lines) == page.count('role="status"') > 0
    for path in folder.glob("*.js"):
        for line in lines:
            assert f'find("{line}").textContent' not in path.read_text(), path.name
