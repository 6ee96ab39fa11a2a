"""Name the extra that brings a library which the base install leaves out."""

from collections.abc import Iterator
from contextlib import contextmanager

from features.errors import BackboneError


@contextmanager
def features_extra(what: str, extra: str = "features") -> Iterator[None]:
    """Turn a failed import in the block into a sentence that says what to install.

    Parameters
    ----------
    what
        Who asks for the library, as the subject of the sentence.
    extra
        The extra that brings it.

    Raises
    ------
    BackboneError
        A library could not be imported in the block.
    """
    try:
        yield
    except ImportError as error:
        message = f"{what} needs the extra: pip install 'seedal-service[{extra}]'"
        raise BackboneError(message) from error
