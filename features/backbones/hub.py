"""Weights from the Hugging Face hub: from its local cache, or from the network."""

from pathlib import Path
from typing import Final

from features.backbones.catalogue import EFFICIENTNET_LITE, timm_name
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
        A vision transformer's name, see :mod:`features.backbones.catalogue`.

    Raises
    ------
    WeightsError
        The weights are not cached and the hub cannot be reached or does not give them.
    """
    with features_extra(name):
        import huggingface_hub as hub  # noqa: PLC0415  not in the base install

    repository = f"timm/{timm_name(name)}"
    cached = hub.try_to_load_from_cache(repository, _FILE)
    if isinstance(cached, str):
        return Path(cached)
    try:
        hub.get_hf_file_metadata(hub.hf_hub_url(repository, _FILE), timeout=_TIMEOUT_S)
        return Path(hub.hf_hub_download(repository, _FILE))
    except Exception as error:  # its client lets every error of its transport through
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        message = (
            f"the weights of {name} cannot be fetched ({reason}): give --weights FILE or choose "
            f"--backbone {EFFICIENTNET_LITE}, whose weights are installed"
        )
        raise WeightsError(message) from error
