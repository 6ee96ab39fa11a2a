"""Clients that others' tools generate from docs/openapi.json."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from client_site import Site

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "openapi.json"

pytestmark = pytest.mark.enable_socket


def _run(*words: object, **options: Any) -> str:  # noqa: ANN401 subprocess' own
    done = subprocess.run(
        [*map(str, words)], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _calls() -> list[str]:
    paths = json.loads(DOCUMENT.read_text())["paths"]
    return sorted(call["operationId"] for path in paths.values() for call in path.values())


def _check(told: dict[str, Any]) -> None:
    assert 0 < told["cost"] <= told["limit"]
    rows = told["csv"].splitlines()
    assert rows[0].startswith("rank,scene_id")
    assert len(rows) == len(told["scenes"]) + 1
    assert told["missing"] == [True, 404]


def test_a_generated_python_client_makes_a_seed(tmp_path: Path, python: Path, site: Site) -> None:
    """openapi-python-client has no warning and leaves out no call; its client does the main job."""
    output = tmp_path / "seedal_generated"
    said = _run(
        python.with_name("openapi-python-client"),
        *("generate", "--fail-on-warning", "--meta", "none", "--path", DOCUMENT),
        *("--config", HERE / "openapi-python-client.yml", "--output-path", output),
    )
    assert "warning" not in said.lower()
    generated = sorted(
        one.stem for one in (output / "api").glob("*/*.py") if one.stem != "__init__"
    )
    assert generated == _calls()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    script = HERE / "make_seed.py"
    told = json.loads(_run(python, script, site.url, site.dataset_id, env=environment))
    _check(told)
    assert told["is_listed"]
    assert told["jpeg"] == "ffd8ff"
    assert told["labelled"] == 1
    assert told["manifest"].startswith("upload:")


def test_a_generated_typescript_client_makes_a_seed(
    tmp_path: Path, typescript: Path, site: Site
) -> None:
    """openapi-typescript's types are strict TypeScript; openapi-fetch makes a seed by them."""
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    (tmp_path / "node_modules").symlink_to(typescript / "node_modules")
    shutil.copy(HERE / "make_seed.ts", tmp_path)
    shutil.copy(HERE / "package.json", tmp_path)
    tools = tmp_path / "node_modules" / ".bin"
    words = ("--default-non-nullable=false", "--output", "schema.d.ts")
    said = _run(tools / "openapi-typescript", DOCUMENT, *words, cwd=tmp_path)
    assert "warn" not in said.lower()
    strict = ("--strict", "--module", "nodenext", "--target", "es2022", "--types", "node")
    _run(tools / "tsc", *strict, "make_seed.ts", cwd=tmp_path)
    _check(json.loads(_run("node", "make_seed.js", site.url, site.dataset_id, cwd=tmp_path)))
    types = (tmp_path / "schema.d.ts").read_text()
    assert all(f"operations[{json.dumps(name)}]" in types for name in _calls())
    assert '"operation-ended"' in types
