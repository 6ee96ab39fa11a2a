"""How much is read of anything that a stranger may have written: every limit, in one place.

`docs/limits.md` lists them for users, and a test holds the two together. A limit is met with one
sentence that names the file, and nothing is cut to fit. Names are measured in bytes of UTF-8, since
databases and file systems do so: what SQLite takes, PostgreSQL takes too.
"""

from dataclasses import dataclass, replace
from typing import Final

MAX_ID_BYTES: Final = 1024
"""Longest scene id or group: an index row of PostgreSQL holds no more than 2,704 bytes."""

MAX_NAME_BYTES: Final = 256
"""Longest name of a resource or a sensor."""

MAX_URI_BYTES: Final = 8192
"""Longest path or URI; a signed URL with a session token has about 2,500 bytes."""

MAX_CARRIED_BYTES: Final = 4 * 2**20
"""Longest ``meta``, and longest ``external_ids``, of a scene as JSON."""

MAX_IMAGES_OF_SCENE: Final = 200_000
"""Most images of one scene, and most of its regions."""

MAX_HINT_IMAGES: Final = 200
"""Most labelled images of a hint."""

MAX_SCENES: Final = 5_000_000
"""Most scenes of a pool."""

MAX_POOL_BYTES: Final = 4 * 2**30
"""Most text that a pool's scenes have together, see `features.sources.pool.scene_bytes`."""

LEAST_COST: Final = 1e-90
"""Smallest cost of a scene but for 0: what is divided by it stays finite."""

MOST_COST: Final = 1e90
"""Largest cost of a scene: sums of millions of them stay finite, and so do the sums' squares."""

MAX_INLINE_SCENES: Final = 10_000
"""Most scenes that a request's own body may have; more are uploaded as a manifest."""

MAX_INLINE_IMAGES: Final = 100_000
"""Most images that the scenes of a request's body have together."""

MAX_BODY_VALUES: Final = 1_000_000
"""Most values of a request's JSON body: each takes up to a hundred times its text in memory."""

MAX_LINE_BYTES: Final = 16 * 2**20
"""Longest line of a text file: a scene of about 100,000 images."""

MAX_ELEMENT_CHARS: Final = 64 * 2**20
"""Longest element of a JSON array that is read element by element."""

MAX_DOCUMENT_BYTES: Final = 2**30
"""Largest JSON document that is read as a whole: certificates and files of ids."""

MAX_COLUMNS: Final = 10_000
"""Most columns of a table, and most arrays of an archive."""

MAX_KEPT_COLUMNS: Final = 64
"""Up to so many columns of other names a table's scenes keep; of more, none is kept."""

MAX_PIXELS: Final = 200_000_000
"""Most pixels of an image: 600 MB as RGB."""

FREE_PIXELS: Final = 50_000_000
"""Up to so many pixels an image may have whatever the size of its file."""

MAX_PIXELS_PER_BYTE: Final = 250
"""Most pixels for each byte of the file of a larger image; of photographs it is below 20."""

FREE_BYTES: Final = 256 * 2**20
"""Up to so many bytes a file may unpack to, whatever its own size."""

MAX_HINT_PROPORTION: Final = 4
"""Most times its size that a larger archive of a hint unpacks to: images hardly shrink."""

MAX_ARRAY_PROPORTION: Final = 16
"""Most times its size that a larger file of vectors unpacks to: measured numbers hardly shrink."""

FREE_TABLE_BYTES: Final = 64 * 2**20
"""Up to so much text a table may unpack to, whatever its size."""

MAX_TABLE_PROPORTION: Final = 100
"""Most times its size that a larger table unpacks to: paths repeat, and so do names of groups."""

MAX_PROBLEM_PROPORTION: Final = 1000
"""Most times its size that a larger problem unpacks to: a matrix of pairs may be nearly empty."""

XZ_MEMORY: Final = 256 * 2**20
"""Most bytes that unpacking xz itself may take; its strongest setting takes 65 MB."""

MAX_PROBLEM_BYTES: Final = 16 * 2**30
"""Largest content of a problem's archive, and largest matrix of pairs."""

MAX_CLOUD_BYTES: Final = 512 * 2**20
"""Largest file of a point cloud."""

MAX_CONVERTED_POINTS: Final = 20_000_000
"""Most points of a cloud that is written as PCD, whole: 400 MB with intensity and colours."""

MAX_DOWNLOAD_BYTES: Final = 2 * 2**30
"""Most bytes of the images and point clouds of one download."""

MAX_IDLE_LINES: Final = 100_000
"""Most lines of a point cloud in text that are no points: blank ones and comments."""

MAX_INTENSITY: Final = 1e30
"""Largest intensity of a point; sums and squares of float64 stay finite far below their end."""

SCENE_BYTES: Final = 64
"""What a scene or an image counts for beside its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a guarded process may take for one file (``docs/adr/0020-guarded-readers.md``).

    Parameters
    ----------
    seconds
        From the question to the whole answer; the transfer from a remote store included.
    memory
        Bytes of address space (``RLIMIT_AS``).
    answer
        Bytes that it may answer with.
    patience
        Seconds that may pass until a process is free.
    """

    seconds: float
    memory: int
    answer: int
    patience: float = 30.0


_BESIDE: Final = 3 * 2**29
_TIMES: Final = 64


def guard_of(guard: Guard, size: int | None) -> Guard:
    """Return a guard whose memory fits the size of a file: small files need little.

    Parameters
    ----------
    guard
        Its memory is the most.
    size
        Bytes of the file; None where they are not known, or there are many files.
    """
    if size is None:
        return guard
    return replace(guard, memory=min(guard.memory, _BESIDE + _TIMES * size))


PIXELS_GUARD: Final = Guard(seconds=300, memory=4 * 2**30, answer=2**20)
"""For an image that a network looks at; its transfer may take long."""

PREVIEW_GUARD: Final = Guard(seconds=60, memory=2 * 2**30, answer=64 * 2**20)
"""For an image that a person looks at."""

CLOUD_GUARD: Final = Guard(seconds=60, memory=4 * 2**30, answer=512 * 2**20)
"""For a point cloud."""

SOURCE_GUARD: Final = Guard(seconds=1800, memory=16 * 2**30, answer=16 * 2**30, patience=1800)
"""For a source of scenes: millions of files may have to be looked at."""

VECTORS_GUARD: Final = Guard(seconds=1800, memory=16 * 2**30, answer=2**40, patience=1800)
"""For a file of vectors."""

MAX_READERS: Final = 4
"""Most guarded processes at a time beside those that decode images for a network."""
