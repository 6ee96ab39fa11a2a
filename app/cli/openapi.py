"""``python -m app.cli.openapi``: the OpenAPI document as it is served, for review."""

import json
from pathlib import Path

from app.cli.terminal import answer
from app.main import create_app
from app.settings import Settings


def document() -> str:
    """Return the document as JSON, the same on every machine."""
    app = create_app(Settings(data_dir=Path("/nowhere")))
    content = app.openapi()
    content["info"]["version"] = "1"  # an installation's own; `/v1` is what clients hold on to
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)


if __name__ == "__main__":
    answer(document())
