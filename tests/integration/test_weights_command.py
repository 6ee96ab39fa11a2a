"""`seedal weights fetch` and `check`, without a network."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from app.cli.main import main
from features.backbones import identity
from features.backbones.timm_models import build
from features.errors import WeightsError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `seedal weights` and returns its exit status and output."""

    def call(*words: object) -> tuple[int, str, str]:
        status = main(["weights", *map(str, words)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Write random weights of timm's smallest vision transformer."""
    torch.save(build("timm/test_vit").state_dict(), tmp_path / "a.pth")
    return tmp_path / "a.pth"


def sha256(file: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_is_fetched_is_told(run: Run, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetch prints where the hub's file lies and its SHA-256, for a person or a machine."""
    asked: list[str] = []
    monkeypatch.setattr(identity, "fetch", lambda name: asked.append(name) or weights)
    status, out, err = run("fetch", "timm/test_vit", "--json")
    facts = {"backbone": "timm/test_vit", "file": str(weights), "sha256": sha256(weights)}
    assert (status, json.loads(out), err) == (0, facts, "")
    status, out, _ = run("fetch", "dino_vitb8")
    assert status == 0
    assert out.split() == [
        *("backbone", "dino_vitb8", "file", str(weights), "sha256", sha256(weights)),
    ]
    assert asked == ["timm/test_vit", "dino_vitb8"]


def test_what_cannot_be_fetched_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the hub, or without weights, fetch ends with 2 and one sentence."""

    def unreachable(name: str) -> Path:
        message = f"the weights of {name} cannot be fetched (offline): give --weights FILE"
        raise WeightsError(message)

    monkeypatch.setattr(identity, "fetch", unreachable)
    status, out, err = run("fetch", "dino_vitb8")
    assert (status, out) == (2, "")
    assert err.startswith("seedal: the weights of dino_vitb8 cannot be fetched (offline)")
    status, _, err = run("fetch", "colour_grid")
    assert (status, err) == (
        2,
        "seedal: colour_grid has no weights, so there is nothing to fetch\n",
    )


def test_weights_that_fit_are_described(run: Run, weights: Path) -> None:
    """Check runs the network once and prints what it is and how it computes."""
    status, out, _ = run(
        *("check", "timm/test_vit", "--weights", weights, "--sha256", sha256(weights)),
        *("--device", "cpu", "--precision", "bfloat16", "--json"),
    )
    assert status == 0
    assert json.loads(out) == {
        "backbone": "timm/test_vit",
        "file": str(weights),
        "sha256": sha256(weights),
        "dim": 64,
        "patches": 196,
        "device": "cpu",
        "precision": "bfloat16",
    }


def test_a_backbone_without_weights_is_described_too(run: Run) -> None:
    """A backbone that has no network has no file, and nothing to choose."""
    status, out, _ = run("check", "colour_grid", "--device", "cuda")
    assert status == 0
    assert dict(line.split() for line in out.splitlines())["file"] == "none"
    assert dict(line.split() for line in out.splitlines())["device"] == "cpu"


def test_weights_that_do_not_fit_are_a_sentence(run: Run, weights: Path, tmp_path: Path) -> None:
    """Other weights, another hash, and weights that are not finite end with 2 and one sentence."""
    status, out, err = run("check", "dino_vits16", "--weights", weights, "--device", "cpu")
    assert (status, out) == (2, "")
    assert err.startswith(f"seedal: {weights} does not match dino_vits16: of its tensors ")
    status, _, err = run("check", "timm/test_vit", "--weights", weights, "--sha256", "0" * 64)
    assert (status, err) == (
        2,
        f"seedal: {weights}: its SHA-256 is {sha256(weights)}, not {'0' * 64}\n",
    )
    state = torch.load(weights, weights_only=True)
    state["blocks.0.norm1.weight"][:] = torch.nan
    torch.save(state, tmp_path / "nan.pth")
    status, _, err = run("check", "timm/test_vit", "--weights", tmp_path / "nan.pth")
    assert (status, err) == (
        2,
        "seedal: timm/test_vit gives vectors that are not finite with these weights\n",
    )
