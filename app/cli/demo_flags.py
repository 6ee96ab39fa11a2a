"""The flags of ``seedal demo``."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.flags import settings_of


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the world and its seed.")] = Path(
        "demo-output"
    ),
    budget: Annotated[str, typer.Option(help="As in select.")] = "10%",
    rooms: Annotated[int, typer.Option(help="Size of the building.")] = 48,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the demo world afterwards.")
    ] = True,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    api: Annotated[str | None, typer.Option(help="Only register it with this service.")] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            envvar="SEEDAL_DEMO_KEY_FILE",
            help="File with an API key, where the service asks for one (SEEDAL_DEMO_KEY_FILE).",
        ),
    ] = None,
) -> None:
    """Generate a building, choose its seed, and serve both: everything offline."""
    if api is not None:
        from app.cli import demo_client

        demo_client.add_to(api, key_file=key_file, out=out, rooms=rooms)
        return
    from app.cli import demo as command

    settings = settings_of(
        port=port, data_dir=out / "data", file_roots=(out / "world",), log_level="warning"
    )
    command.run(
        key_file=key_file,
        out=out,
        rooms=rooms,
        budget=budget,
        serving=serve,
        settings=settings,
    )
