"""Signatures of a dataset that is ready, and damaged on the disk since."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.choosing import alike
from app.datasets.extraction import ExtractionOutcome


def test_damage_is_told_and_mended_by_registering_again(
    client: TestClient,
    app: FastAPI,
    register: Callable[..., dict[str, Any]],
    extract: Callable[[dict[str, Any]], ExtractionOutcome],
    pool: Path,
) -> None:
    """A question gets 503 and one sentence; another registration makes the signatures again."""
    request = {"source": {"kind": "images", "root": str(pool)}}
    request["features"] = {"backbone": "colour_grid", "clusters": 2}
    registered = register(**request)
    assert extract(registered) is ExtractionOutcome.DONE
    folder = app.state.app_state.settings.signatures_dir
    path = max(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime)
    whole = path.read_bytes()
    content = bytearray(whole)
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    alike.load_signatures.cache_clear()
    ask = f"/v1/datasets/{registered['dataset']['id']}/seeds", {"budget": {"fraction": 0.5}}
    for words in ("were damaged and are removed; register", "are not where this host looks"):
        answer = client.post(ask[0], json=ask[1])
        assert answer.status_code == 503, answer.text
        assert words in answer.json()["detail"]
        assert "Retry-After" in answer.headers
    assert extract(register(**request)) is ExtractionOutcome.DONE
    assert path.read_bytes() == whole
    assert client.post(ask[0], json=ask[1]).status_code == 201
