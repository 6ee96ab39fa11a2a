"""Name the extra that brings a library which the base install leaves out."""

from collections.abc import Iterator
from contextlib import contextmanager

from features.errors import BackboneError


@contextmanager
def features_extra(what: str) -> Iterator[None]:
    """Turn a failed import in the block into a sentence that says what to install.

    Parameters
    ----------
    what
        Who asks for the library, as the subject of the sentence.

    Raises
    ------
    BackboneError
        A library could not be imported in the block.
    """
    try:
        yield
    except ImportError as error:
        message = f"{what} needs the extra: pip install 'seedal-service[features]'"
        raise BackboneError(message) from error
