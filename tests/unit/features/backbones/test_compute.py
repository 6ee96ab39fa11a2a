import subprocess
import sys

import pytest
import torch

from features.backbones import Compute, load_backbone, resolve_precision
from features.backbones.device import pick_device
from features.errors import BackboneError

LAZY = (
    "import sys\n"
    "from features.backbones import Compute, resolve_precision\n"
    "given = resolve_precision('dino_vitb8', Compute('auto', 'bfloat16'))\n"
    "cpu, cuda = (resolve_precision('dino_vitb8', Compute(d, 'auto')) for d in ('cpu', 'cuda:1'))\n"
    "assert (given, cpu, cuda) == ('bfloat16', 'float32', 'float16')\n"
    "assert resolve_precision('colour_grid', Compute('auto', 'auto')) == 'float32'\n"
    "sys.exit('torch' in sys.modules)"
)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there are two CUDA devices."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there is no CUDA device."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_precision_is_known_without_torch() -> None:
    """Where the settings decide, torch is not loaded to know the precision."""
    assert subprocess.run([sys.executable, "-c", LAZY], check=False).returncode == 0


@pytest.mark.usefixtures("two_gpus")
def test_auto_is_half_precision_on_cuda() -> None:
    """With a GPU, auto means float16 for a network; float32 is the default."""
    assert resolve_precision("efficientnet_lite0", Compute(precision="auto")) == "float16"
    assert resolve_precision("efficientnet_lite0", Compute("cpu", "auto")) == "float32"
    assert resolve_precision("efficientnet_lite0", Compute("cuda")) == "float32"
    assert resolve_precision("colour_grid", Compute("cuda", "float16")) == "float32"


@pytest.mark.usefixtures("no_gpu")
def test_auto_is_float32_on_the_cpu() -> None:
    """Without a GPU, auto means float32."""
    assert resolve_precision("efficientnet_lite0", Compute(precision="auto")) == "float32"


def test_a_missing_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torch is needed to decide and is not installed, the extra is named."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BackboneError, match="dino_vitb8 needs the extra"):
        resolve_precision("dino_vitb8", Compute(precision="auto"))


def test_wrong_settings_name_their_rule() -> None:
    """An unknown precision or device raises with what would do, before anything is loaded."""
    with pytest.raises(BackboneError) as caught:
        load_backbone("colour_grid", precision="half")
    assert str(caught.value) == (
        "unknown precision 'half'; known are auto, float32, float16, bfloat16"
    )
    with pytest.raises(BackboneError, match="device must be auto, cpu, cuda or cuda:N, not 'tpu'"):
        load_backbone("colour_grid", device="tpu")


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_is_used_where_it_is() -> None:
    """Auto means CUDA, and each device that there is can be asked for."""
    assert pick_device("auto") == torch.device("cuda")
    assert pick_device("cuda") == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda:1")
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_beyond_the_last_is_refused() -> None:
    """A number that is too high raises with the last one that there is."""
    with pytest.raises(BackboneError) as caught:
        pick_device("cuda:7")
    assert str(caught.value) == (
        "the device cuda:7 is not available here; the last one is cuda:1, "
        "for they are counted from 0"
    )


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    """Without CUDA, auto means the CPU, and asking for CUDA raises."""
    assert pick_device("auto") == torch.device("cpu")
    for device in ("cuda", "cuda:0"):
        with pytest.raises(BackboneError, match=f"the device {device} is not available here; use"):
            pick_device(device)
