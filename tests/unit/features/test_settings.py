from typing import Any

import pytest

from features.errors import BackboneError, FeatureError
from features.settings import FeatureSettings


def test_defaults_are_valid() -> None:
    """The defaults leave backbone, token and device to be resolved."""
    settings = FeatureSettings()
    assert (settings.backbone, settings.token, settings.device) == ("auto", "auto", "auto")
    assert settings.clusters == 13


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1"])
def test_devices_are_accepted(device: str) -> None:
    """The CPU and any CUDA device can be asked for."""
    assert FeatureSettings(device=device).device == device


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"token": "class"}, "token must be auto, cls, patch_keys or patches, not 'class'"),
        ({"clusters": 0}, "clusters must be at least 1, not 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"device": "tpu"}, "device must be auto, cpu, cuda or cuda:N, not 'tpu'"),
        ({"weights_sha256": "abc"}, "weights_sha256 must be 64 hexadecimal digits"),
    ],
)
def test_wrong_settings_name_their_rule(wrong: dict[str, Any], rule: str) -> None:
    """A setting that breaks its rule raises one sentence with the rule and the value."""
    with pytest.raises(FeatureError, match=rule):
        FeatureSettings(**wrong)


def test_an_unknown_backbone_lists_the_known() -> None:
    """An unknown backbone raises with all names that would do."""
    with pytest.raises(
        BackboneError, match=r"unknown backbone 'resnet'; known are auto, dino_vitb8"
    ):
        FeatureSettings(backbone="resnet")


@pytest.mark.parametrize("name", ["timm/vit_small_patch16_224.augreg_in1k", "timm/vit_so150m"])
def test_any_name_of_timm_s_form_is_accepted(name: str) -> None:
    """Whether timm knows a name is found out by the worker, which has it."""
    assert FeatureSettings(backbone=name).backbone == name


@pytest.mark.parametrize("name", ["timm/", "timm/a/b", "timm/../a", "timm/a.b.c", "timm/a b", ""])
def test_other_forms_are_refused(name: str) -> None:
    """A name that is no single name of timm's raises."""
    with pytest.raises(BackboneError, match="unknown backbone"):
        FeatureSettings(backbone=name)
