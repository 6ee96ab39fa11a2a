"""A real Label Studio server on loopback, with two users."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from serving import free_port

OWNER: Final = "a@b.co"
OTHER: Final = "b@b.co"
PASSWORD: Final = "a-password-of-tests"  # noqa: S105
TOKENS: Final = {OWNER: "a" * 40, OTHER: "b" * 40}
"""Legacy tokens by user."""

_START_S: Final = 240.0
_QUIET: Final = {
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "COLLECT_ANALYTICS": "False",
    "LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    # The receivers of the tests are on loopback.
    "SSRF_PROTECTION_ENABLED": "false",
    "ML_BLOCK_LOCAL_IP": "false",
    "WEBHOOK_TIMEOUT": "5",
}
"""It asks nobody on the network, and takes our receivers."""

_SECOND_USER: Final = f"""
from organizations.models import Organization
from rest_framework.authtoken.models import Token
from users.models import User
organization = Organization.objects.first()
user = User.objects.create(email={OTHER!r}, username={OTHER!r}, active_organization=organization)
user.set_password({PASSWORD!r})
user.save()
organization.add_user(user)
Token.objects.filter(user=user).delete()
Token.objects.create(user=user, key={TOKENS[OTHER]!r})
"""


@dataclass(frozen=True)
class LabelStudioServer:
    """A running server.

    Parameters
    ----------
    url
        Where it is.
    pool
        The root of the files that it serves.
    """

    url: str
    pool: Path

    def ask(self, method: str, path: str, *, user: str = OWNER, **how: Any) -> Any:  # noqa: ANN401
        """Return the JSON of an answer, which is a success."""
        headers = {"Authorization": f"Token {TOKENS[user]}"}
        answer = httpx2.request(method, f"{self.url}{path}", headers=headers, timeout=60, **how)
        assert answer.is_success, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None

    def annotate(self, task: int, *, skipped: bool = False, user: str = OWNER) -> int:
        """Label a task, or skip it; return the annotation's number."""
        body = {"result": [], "was_cancelled": skipped, "lead_time": 2.5}
        made = self.ask("POST", f"/api/tasks/{task}/annotations/", user=user, json=body)
        return int(made["id"])

    def served(self, project: str, *users: str) -> list[tuple[str, str]]:
        """Return the scenes that users are served, taking turns and labelling each at once."""
        found = []
        for turn in range(1000):
            user = users[turn % len(users)]
            headers = {"Authorization": f"Token {TOKENS[user]}"}
            path = f"{self.url}/api/projects/{project}/next"
            answer = httpx2.get(path, headers=headers, timeout=60)
            if answer.status_code == httpx2.codes.NOT_FOUND:
                return found
            task = answer.json()
            found.append((user, str(task["data"]["scene_id"])))
            self.annotate(task["id"], user=user)
        raise AssertionError(found)


@contextmanager
def running_label_studio(program: Path, made: Path, folder: Path) -> Iterator[LabelStudioServer]:
    """Run a server within the context.

    Parameters
    ----------
    program
        The ``label-studio`` of its environment.
    made
        Its data with two users and nothing else, made where it is not there; not changed.
    folder
        Where the copy for this run lies.
    """
    if not (made / ".whole").exists():
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        with _running(program, made):
            pass
        _shell(program, made, _SECOND_USER)
        (made / ".whole").touch()
    data = folder / "data"
    shutil.copytree(made, data)
    with _running(program, data) as server:
        yield server


@contextmanager
def _running(program: Path, data: Path) -> Iterator[LabelStudioServer]:
    port = free_port()
    command = [
        *(program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)),
        *("--data-dir", data, "--username", OWNER, "--password", PASSWORD),
        *("--user-token", TOKENS[OWNER]),
    ]
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], env=_environment(data), stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                if httpx2.get(f"{url}/health", timeout=5).is_success:
                    break
            except httpx2.TransportError:
                pass
            assert process.poll() is None, (data / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Label Studio did not start"
            time.sleep(0.5)
        yield LabelStudioServer(url, _pool(data))
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _shell(program: Path, data: Path, code: str) -> None:
    python = program.parent / "python"
    package = "import label_studio, os; print(os.path.dirname(label_studio.__file__))"
    found = subprocess.run([python, "-c", package], check=True, capture_output=True, text=True)
    manage = Path(found.stdout.strip()) / "manage.py"
    command = [python, manage, "shell", "--command", code]
    subprocess.run(command, check=True, env=_environment(data), capture_output=True)


def _environment(data: Path) -> Mapping[str, str]:
    served = {
        "LOCAL_FILES_SERVING_ENABLED": "true",
        "LOCAL_FILES_DOCUMENT_ROOT": str(_pool(data)),
    }
    return {**os.environ, **_QUIET, **served, "LABEL_STUDIO_BASE_DATA_DIR": str(data)}


def _pool(data: Path) -> Path:
    return data / "pool"
