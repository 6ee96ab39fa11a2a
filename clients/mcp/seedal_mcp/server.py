"""``seedal-mcp``: the tools over standard input and output, as assistants start them.

``SEEDAL_URL`` names the service, ``SEEDAL_KEY`` the key of its caller, where it wants one.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from seedal_client import AsyncClient, SeedalError

from seedal_mcp.tools import NAMES, READING, Tools

INSTRUCTIONS = (
    "Chooses which 3D scenes to annotate first within a cost budget. Ask list_datasets for ids, "
    "then make_seed. Tell the user the cost, the number of scenes and the proven gap."
)

Tool = Callable[..., Awaitable[dict[str, Any]]]


def make_server(client: AsyncClient) -> MCPServer:
    """Return a server with the six tools.

    Parameters
    ----------
    client
        Of the service that the tools ask.
    """
    tools = Tools(client)
    server = MCPServer("seedal", instructions=INSTRUCTIONS, log_level="WARNING")
    for name in NAMES:
        reads = name in READING
        notes = ToolAnnotations(read_only_hint=reads, destructive_hint=False)
        server.add_tool(
            _told(getattr(tools, name)), name=name, annotations=notes, structured_output=False
        )
    return server


def _told(tool: Tool) -> Tool:
    """Return a tool whose errors are sentences that the assistant can act on."""

    @functools.wraps(tool)
    async def told(*args: object, **options: object) -> dict[str, Any]:
        try:
            return await tool(*args, **options)
        except SeedalError as error:
            raise ToolError(str(error)) from error

    return told


def main() -> None:
    """Serve until the assistant closes standard input."""
    try:
        url = os.environ.get("SEEDAL_URL", "http://127.0.0.1:8000")
        client = AsyncClient(url, os.environ.get("SEEDAL_KEY") or None)
    except SeedalError as error:
        sys.exit(f"SEEDAL_URL or SEEDAL_KEY: {error}")
    make_server(client).run("stdio")
