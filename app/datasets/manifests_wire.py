"""Uploaded manifests on the wire."""

from pydantic import Field

from app.wire import Count, Wire


class UploadedManifest(Wire):
    """A manifest that this service keeps."""

    uri: str = Field(
        description="Of a source of kind `manifest`.", examples=[f"upload:{'0' * 64}.jsonl"]
    )
    bytes: Count
