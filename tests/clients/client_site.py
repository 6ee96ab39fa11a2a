"""What the tests of clients ask."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """A service with a dataset that is ready."""

    url: str
    dataset_id: str
    manifest: str
