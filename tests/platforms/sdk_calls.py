"""Do with a platform's own client what a push does; run by a Python that has the clients.

``sdk_calls.py PLATFORM URL TOKEN``, with what is to be sent as JSON on standard input.
"""

import json
import sys
from typing import Any


def cvat(url: str, token: str, given: dict[str, Any]) -> None:
    """Make a task from files, its webhook before it, and read its jobs."""
    from cvat_sdk import make_client, models  # noqa: PLC0415 needed here alone
    from cvat_sdk.core.proxies.tasks import ResourceType  # noqa: PLC0415 needed here alone

    with make_client(url, access_token=token) as client:
        client.projects.retrieve(7)
        client.tasks.list(project_id=7, page_size=500)
        hooks = client.api_client.webhooks_api
        hooks.list(project_id=7, page_size=500, page=1)
        hooks.create(models.WebhookWriteRequest(**given["webhook"]))
        task = client.tasks.create_from_data(
            models.TaskWriteRequest(**given["spec"]),
            resource_type=ResourceType[given["resource_type"]],
            resources=given["resources"],
            data_params=given["data_params"],
        )
        client.tasks.list(project_id=7, page_size=500)
        task.get_meta()
        client.jobs.list(task_id=task.id, page_size=500)


def segments(url: str, token: str, given: dict[str, Any]) -> None:
    """Add samples to a dataset, and change one that is there."""
    from segments import SegmentsClient  # noqa: PLC0415 needed here alone

    client = SegmentsClient(token, api_url=url)
    client.get_dataset("me/kitti")
    client.get_samples("me/kitti", labelset="ground-truth")
    client.add_samples("me/kitti", given["add"])
    for change in given["update"]:
        client.update_sample(**change)


if __name__ == "__main__":
    _, platform, url, token = sys.argv
    {"cvat": cvat, "segments": segments}[platform](url, token, json.load(sys.stdin))
