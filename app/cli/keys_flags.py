"""The flags of ``seedal keys``."""

from typing import Annotated

import typer

from app.cli.flags import DataDir, settings_of

app = typer.Typer(help="API keys: who may call the service.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Option(help="What it is for, for people.")],
    project: Annotated[
        str, typer.Option(help="Whose datasets it sees; others' do not exist for it.")
    ] = "default",
    scopes: Annotated[
        str,
        typer.Option(
            help="Of datasets:read, datasets:write, seeds:read, seeds:write; separated by commas."
        ),
    ] = "datasets:read,datasets:write,seeds:read,seeds:write",
    expires_days: Annotated[
        int | None, typer.Option(help="For how many days it works; by default until revoked.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once."""
    from app.cli import keys

    keys.create(
        settings_of(data_dir=data_dir),
        name=name,
        project=project,
        scopes=scopes,
        days=expires_days,
        as_json=as_json,
    )


@app.command("list")
def show(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all keys, without their secrets."""
    from app.cli import keys

    keys.show(settings_of(data_dir=data_dir), as_json=as_json)


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, or what it begins with.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a key; running services notice within 5 seconds."""
    from app.cli import keys

    keys.revoke(settings_of(data_dir=data_dir), key, as_json=as_json)
