"""Parameters that several routes take."""

from typing import Annotated

from fastapi import Path, Query

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"

DatasetId = Annotated[str, Path(pattern=_PRINTABLE)]
SceneId = Annotated[str, Path(pattern=_PRINTABLE, description="Percent-encoded.")]
SeedId = Annotated[str, Path(pattern=_PRINTABLE)]
OperationId = Annotated[str, Path(pattern=_PRINTABLE)]

PageSize = Annotated[
    int | None, Query(description="Most items to return; the server may return fewer.")
]
PageToken = Annotated[str | None, Query(description="The `next_page_token` of the page before.")]
