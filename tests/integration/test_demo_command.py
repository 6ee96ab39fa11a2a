"""``seedal demo --api``: the building is registered with a service that runs elsewhere."""

from pathlib import Path

import pytest
from serving import free_port, serving

from app.cli import USER_MISTAKE, main
from app.commands import demo
from app.settings import Settings


@pytest.mark.enable_socket
def test_a_running_service_gets_the_building_once(tmp_path: Path) -> None:
    """Registered over HTTP; a second time finds it there."""
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "file_roots": str(tmp_path), "port": free_port()}
    )
    with serving(settings, "--no-worker") as api:
        words = ["demo", "--api", f"http://127.0.0.1:{settings.port}/", "--out", str(tmp_path)]
        for _ in range(2):
            assert main([*words, "--rooms", "8"]) == 0
        (dataset,) = api.get("/v1/datasets").json()["items"]
    assert dataset["name"] == "Demo building"


@pytest.mark.enable_socket
@pytest.mark.parametrize("api", ["http://127.0.0.1:9", "nonsense"])
def test_a_service_that_is_not_there_is_one_sentence(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2; the sentence names the service and where the building lies."""
    monkeypatch.setattr(demo, "_PATIENCE_S", 0.5)
    status = main(["demo", "--api", api, "--out", str(tmp_path), "--rooms", "8"])
    assert status == USER_MISTAKE
    said = capsys.readouterr().err
    assert f"{api} did not take it" in said
    assert str(tmp_path / "world") in said
