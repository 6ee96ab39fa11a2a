import argparse
from pathlib import Path, PosixPath
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from features.backbones.checkpoints import load_state, read_state
from features.errors import WeightsError

STATE = {"norm.weight": torch.arange(3.0), "norm.bias": torch.zeros(3)}


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"teacher": {f"module.backbone.{key}": value for key, value in STATE.items()}},
        {"model": {f"module.{key}": value for key, value in STATE.items()}},
        {"teacher": {f"backbone.module.{key}": value for key, value in STATE.items()}},
    ],
    ids=["bare", "state_dict", "teacher", "model", "other order"],
)
def test_wrappers_of_training_are_taken_off(tmp_path: Path, content: dict[str, Any]) -> None:
    """The containers and prefixes that trainers save around a state dict are dropped."""
    torch.save(content, tmp_path / "a.pth")
    state = read_state(tmp_path / "a.pth")
    assert state.keys() == STATE.keys()
    assert torch.equal(state["norm.weight"], STATE["norm.weight"])


@pytest.mark.parametrize("zipped", [True, False])
def test_a_trainer_s_arguments_are_passed_over(tmp_path: Path, *, zipped: bool) -> None:
    """Beside the teacher may lie what DINO's trainer saves, in both of PyTorch's formats."""
    arguments = argparse.Namespace(
        arch="vit_base", lr=5e-4, output_dir=PosixPath("/a"), data_path=Path("b"), gpus=[0, 1]
    )
    content = {
        "student": {f"module.backbone.{key}": value + 1 for key, value in STATE.items()},
        "teacher": {f"backbone.{key}": value for key, value in STATE.items()},
        "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.zeros(3)}}, "param_groups": [{}]},
        "epoch": 100,
        "args": arguments,
    }
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    state = read_state(tmp_path / "a.pth")
    assert state.keys() == STATE.keys()
    assert torch.equal(state["norm.weight"], STATE["norm.weight"])


def test_what_is_passed_over_is_never_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments are not made into the objects that they were, and stay refused elsewhere."""
    torch.save({"teacher": STATE, "args": argparse.Namespace(a=1)}, tmp_path / "a.pth")

    def made(*_args: object, **_kwargs: object) -> None:
        pytest.fail("a Namespace was made")

    monkeypatch.setattr(argparse.Namespace, "__init__", made)
    monkeypatch.setattr(argparse.Namespace, "__setstate__", made, raising=False)
    assert read_state(tmp_path / "a.pth").keys() == STATE.keys()
    with pytest.raises(Exception, match=r"GLOBAL argparse\.Namespace"):
        torch.load(tmp_path / "a.pth", weights_only=True)


def test_safetensors_are_read(tmp_path: Path) -> None:
    """The hub's format is read too."""
    safetensors.torch.save_file(STATE, tmp_path / "a.safetensors")
    assert read_state(tmp_path / "a.safetensors").keys() == STATE.keys()


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"this is text", b"PK\x03\x04 cut off"])
def test_a_file_of_something_else_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    """An empty, foreign or truncated file raises with its name."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=rf"{name}: not a checkpoint of tensors alone"):
        read_state(tmp_path / name)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    """A checkpoint with objects in it raises instead of running their code."""
    torch.save({"network": nn.Linear(2, 2)}, tmp_path / "a.pth")
    rule = r"not a checkpoint of tensors alone \(it holds a torch\.nn\.modules\.linear\.Linear\)"
    with pytest.raises(WeightsError, match=rule):
        read_state(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ([torch.zeros(1)], "must hold a mapping"),
        ({}, "must hold a mapping"),
        ({"epoch": 3}, "'epoch' is not a tensor"),
    ],
)
def test_other_content_is_refused(tmp_path: Path, content: object, rule: str) -> None:
    """A list, nothing, or numbers in place of tensors raise."""
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=rule):
        read_state(tmp_path / "a.pth")


def test_a_state_is_copied_into_its_network() -> None:
    """A state that fits is the network's afterwards."""
    network = nn.ModuleDict({"norm": nn.LayerNorm(3)})
    load_state(network, STATE, "toy", Path("a.pth"))
    assert torch.equal(network["norm"].weight, STATE["norm.weight"])


def test_all_differences_are_in_one_sentence() -> None:
    """What is missing, unknown or of another shape is counted and named."""
    network = nn.ModuleDict({"norm": nn.LayerNorm(3), "a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    state = {"norm.weight": torch.zeros(4), "norm.bias": torch.zeros(3), "x": torch.zeros(1)}
    with pytest.raises(WeightsError) as caught:
        load_state(network, state, "toy", Path("a.pth"))
    assert str(caught.value) == (
        "a.pth does not match toy: of its tensors 4 missing (a.weight, a.bias, b.weight, ...); "
        "1 unknown (x); 1 of another shape (norm.weight is (4,) instead of (3,))"
    )
