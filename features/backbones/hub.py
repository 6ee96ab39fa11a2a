"""Weights from the Hugging Face hub: from its local cache, or from the network."""

from pathlib import Path
from typing import Final

from features.backbones.catalogue import EFFICIENTNET_LITE, TIMM_PREFIX, TIMM_VITS
from features.errors import WeightsError
from features.extra import features_extra

_FILE: Final = "model.safetensors"
_TIMEOUT_S: Final = 3.0


def fetch(name: str) -> Path:
    """Return the local file of a vision transformer's weights, downloaded where it is not cached.

    The hub's own download waits and retries for half a minute where there is no network, so it is
    asked first, once, whether it has the file.

    Parameters
    ----------
    name
        A key of :data:`features.backbones.catalogue.TIMM_VITS`, or ``timm/NAME``.

    Raises
    ------
    BackboneError
        timm does not know the name.
    WeightsError
        The weights are not cached and the hub cannot be reached or does not give them.
    """
    with features_extra(name):
        import huggingface_hub as hub  # noqa: PLC0415  not in the base install

    repository, file = _place(name)
    cached = hub.try_to_load_from_cache(repository, file)
    if isinstance(cached, str):
        return Path(cached)
    try:
        hub.get_hf_file_metadata(hub.hf_hub_url(repository, file), timeout=_TIMEOUT_S)
        return Path(hub.hf_hub_download(repository, file))
    except Exception as error:  # its client lets every error of its transport through
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        message = (
            f"the weights of {name}, {repository}/{file}, cannot be fetched ({reason}): give such "
            f"a file with --weights or choose "
            f"--backbone {EFFICIENTNET_LITE}, whose weights are installed"
        )
        raise WeightsError(message) from error


def _place(name: str) -> tuple[str, str]:
    """Return the repository and the file of a backbone's weights."""
    if name in TIMM_VITS:
        return f"{TIMM_PREFIX}{TIMM_VITS[name]}", _FILE
    with features_extra(name):
        from features.backbones.timm_models import published  # noqa: PLC0415  loads torch
    known = published(name)
    if known.repository is None:
        message = f"no weights of {name} are published: give --weights FILE"
        raise WeightsError(message)
    return known.repository, known.file or _FILE
