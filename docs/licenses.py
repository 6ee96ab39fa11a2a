"""``make licenses``: the licence of every Python package in each image, into docs/licenses.md.

Packages and versions are those of the images' locks; what they state is looked up with pip, which
reads the metadata that the index gives beside a wheel and downloads no wheel.
"""  # noqa: INP001 - a script, not a package

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ("api", "worker", "worker-cuda")
PLATFORM = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}
NOT_STATED = "not stated"
LONGEST = 80
"""A longer statement is the licence's text, not its name."""

HEAD = """\
# Licences

The Python packages in each image, from its lock in `docker/requirements` (Linux, Python 3.11),
ordered by licence: what the package's own metadata states as expression, else by classifiers, else
as free text. What the base image brings is not listed. Written by `make licenses`.
"""

Package = tuple[str, str]


def packages(image: str) -> list[Package]:
    """Return name and version of each package that an image gets by its lock."""
    lock = ROOT / "docker" / "requirements" / f"{image}.txt"
    found = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():  # the other lines are hashes
            wanted = Requirement(line.rstrip("\\").strip())
            if wanted.marker is None or wanted.marker.evaluate(PLATFORM):
                (pin,) = wanted.specifier
                found.append((canonicalize_name(wanted.name), pin.version))
    return found


def look_up(wanted: list[Package]) -> dict[Package, str]:
    """Return what packages state of their licences."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("".join(f"{name}=={version}\n" for name, version in wanted))
        file.flush()
        asked = subprocess.run(  # noqa: S603 - pip, asked about our locks
            [
                sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--quiet",
                "--ignore-installed", "--only-binary", ":all:", "--report", "-", "-r", file.name,
            ],
            stdout=subprocess.PIPE, check=False,
        )  # fmt: skip
    if asked.returncode:
        sys.exit("pip could not look up every package: see above")
    states = [item["metadata"] for item in json.loads(asked.stdout)["install"]]
    return {(canonicalize_name(at["name"]), at["version"]): licence(at) for at in states}


def licence(metadata: dict[str, str | list[str]]) -> str:
    """Return the licence that a package's metadata states."""
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in metadata.get("classifier", [])
        if text.startswith("License :: ") and text != "License :: OSI Approved"
    ]
    stated = metadata.get("license_expression") or "; ".join(sorted(classifiers))
    free = str(metadata.get("license") or "").strip()
    if not stated and free.lower() != "unknown" and "\n" not in free and len(free) <= LONGEST:
        stated = free
    return str(stated) or NOT_STATED


def main() -> None:
    """Write the page."""
    known: dict[Package, str] = {}
    page = [HEAD]
    for image in IMAGES:
        listed = packages(image)
        if new := [package for package in listed if package not in known]:
            known |= look_up(new)
        page += [f"## {image}\n", "| package | version | licence |", "|---|---|---|"]
        rows = sorted((known[package].lower(), package) for package in listed)
        page += [f"| {at[0]} | {at[1]} | {known[at]} |" for _, at in rows]
        page.append("")
    (ROOT / "docs" / "licenses.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
