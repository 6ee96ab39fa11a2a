"""What several routes take and give."""

from typing import Annotated

from fastapi import Path, Query

IMMUTABLE = "private, max-age=31536000, immutable"
"""`Cache-Control` of what never changes."""

BRIEFLY = "private, max-age=300"
"""`Cache-Control` of what is made from files that others may change."""

RETRY_AFTER = {"Retry-After": "1"}
"""When an operation that has not ended is worth asking for again, in seconds."""

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"

DatasetId = Annotated[str, Path(pattern=_PRINTABLE)]
SceneId = Annotated[str, Path(pattern=_PRINTABLE, description="Percent-encoded.")]
SeedId = Annotated[str, Path(pattern=_PRINTABLE)]
FrontierId = Annotated[str, Path(pattern=_PRINTABLE)]
OperationId = Annotated[str, Path(pattern=_PRINTABLE)]

PageSize = Annotated[
    int | None, Query(description="Most items to return; the server may return fewer.")
]
PageToken = Annotated[str | None, Query(description="The `next_page_token` of the page before.")]
