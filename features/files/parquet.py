"""Open Parquet that nobody has vetted; whatever its decoder raises is one sentence.

It belongs into a guarded process: pyarrow ends the process at some damaged files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from features.errors import FeatureError, SourceError
from features.files.paths import open_regular

_BUFFER_BYTES: Final = 2**20
"""Of a column that is read, instead of its whole chunk."""


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """Yield a ``pyarrow.parquet.ParquetFile``, whose plain columns of text are dictionaries.

    Raises
    ------
    SourceError
        The file is no regular one, or is damaged; also when that is seen later, in the block.
    """
    with open_regular(path) as file:
        try:
            yield _opened(file)
        except (FeatureError, MemoryError):
            raise
        except Exception as error:  # a decoder raises anything on broken data
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise SourceError(str(path), f"is no readable Parquet file ({reason})") from error


def _opened(file: BinaryIO) -> Any:  # noqa: ANN401  pyarrow carries no type information
    import pyarrow.parquet as pq  # noqa: PLC0415  slow to import

    schema = pq.ParquetFile(file).schema
    columns = [schema.column(number) for number in range(len(schema))]
    # What repeats in the file is to be in memory once: a text of megabytes may stand in each row.
    # pyarrow cannot do so inside lists and structs.
    texts = [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.path == column.name
    ]
    return pq.ParquetFile(file, buffer_size=_BUFFER_BYTES, read_dictionary=texts)
