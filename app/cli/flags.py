"""Flags that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from app.settings import Settings

DataDir = Annotated[
    Path | None,
    typer.Option(help="Where features and results are kept (SEEDAL_DATA_DIR)."),
]


def settings_of(**flags: object) -> Settings:
    """Return the settings of the environment, with the flags that were given on top."""
    given = {name: value for name, value in flags.items() if value not in (None, [])}
    return Settings(**given)  # type: ignore[arg-type]  # pydantic checks each value
