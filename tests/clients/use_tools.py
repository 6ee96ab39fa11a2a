"""A conversation with the MCP server over standard input and output: ``use_tools.py URL MANIFEST``.

It prints what a model would read: the tools, and the answer of each call.
"""

import asyncio
import json
import sys
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

url, manifest = sys.argv[1:]
program = Path(sys.executable).with_name("seedal-mcp")
server = StdioServerParameters(command=str(program), env={"SEEDAL_URL": url})


async def converse() -> None:
    """Ask one thing after the other, as an assistant would."""
    async with Client(stdio_client(server)) as client:
        tools = (await client.list_tools()).tools

        async def ask(name: str, /, **words: object) -> object:
            answer = await client.call_tool(name, words)
            (text,) = [part.text for part in answer.content]
            return {"error": text} if answer.is_error else json.loads(text)

        told = {"tools": [tool.model_dump(mode="json", exclude_none=True) for tool in tools]}
        told["registered"] = await ask(
            "register_dataset", name="By an assistant", manifest=manifest
        )
        dataset_id = told["registered"]["id"]
        told["listed"] = await ask("list_datasets")
        told["seed"] = await ask("make_seed", dataset_id=dataset_id, budget="40%", max_scenes=3)
        told["explained"] = await ask("explain_seed", seed_id=told["seed"]["id"])
        told["compared"] = await ask(
            "compare_budgets", dataset_id=dataset_id, budgets=["20%", "60%"]
        )
        first = told["seed"]["scenes"][0]["scene"]
        told["labelled"] = await ask(
            "record_labels", dataset_id=dataset_id, scene_ids=[first, "none"], state="labelled"
        )
        told["next"] = await ask(
            "make_seed", dataset_id=dataset_id, budget="40%", after_labels=True
        )
        told["too_small"] = await ask("make_seed", dataset_id=dataset_id, budget="0.0001%")
        sys.stdout.write(json.dumps(told))


asyncio.run(converse())
