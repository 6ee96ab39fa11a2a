"""Uploaded vectors, checked in a process of its own before anything is made of them."""

from dataclasses import dataclass
from pathlib import Path

from app.errors import InvalidRequestError
from app.processes.child import Cancellation
from features.errors import FeatureError
from features.vectors import read_vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsTask:
    """A file of vectors to be checked.

    Parameters
    ----------
    path
        The file.
    scene_ids
        Whose vectors it may have.
    """

    path: Path
    scene_ids: tuple[str, ...]
    time_limit_s: float = 300.0

    def run(self, watch: Cancellation) -> None:
        """Check it.

        Raises
        ------
        InvalidRequestError
            It breaks a rule; the row is named, and not where this server keeps the file.
        """
        del watch
        try:
            read_vectors(self.path, self.scene_ids)
        except FeatureError as error:
            detail = str(error).replace(str(self.path), "vectors")
            raise InvalidRequestError(detail, "#") from error
