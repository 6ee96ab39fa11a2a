"""docs/licenses.md and the targets of the supply chain speak of what is in the images."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "docker" / "requirements"
IMAGES = sorted(path.stem for path in LOCKS.glob("*.txt") if path.stem != "dev")
LINUX = {
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "python_full_version": "3.11.0",
    "python_version": "3.11",
    "sys_platform": "linux",
}
ROW = re.compile(r"^\| ([a-z0-9-]+) \| (\S+) \| (\S.*) \|$", re.MULTILINE)


def _locked(image: str) -> set[tuple[str, str]]:
    pins = re.findall(r"^(\w[^\\\n]*)", (LOCKS / f"{image}.txt").read_text(), re.MULTILINE)
    found = [Requirement(pin.strip()) for pin in pins]
    return {
        (canonicalize_name(pin.name), str(pin.specifier).removeprefix("=="))
        for pin in found
        if pin.marker is None or pin.marker.evaluate(LINUX)
    }


@pytest.mark.parametrize("image", IMAGES)
def test_the_licence_of_each_package_in_an_image_is_listed(image: str) -> None:
    """docs/licenses.md has each package of the image's lock at its version, and no other."""
    page = (ROOT / "docs" / "licenses.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {image}\n")[2].partition("\n## ")[0]
    rows = {(name, version) for name, version, _ in ROW.findall(section)}
    assert len(rows) > 50
    assert rows - {("package", "version")} == _locked(image), (
        "a lock is newer than the page: run `make licenses`"
    )


def test_every_image_is_audited_and_described() -> None:
    """`make sbom`, `make audit` and docs/licenses.py go over the locks of all images."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.findall(r"^IMAGES := (.*)$", makefile, re.MULTILINE)
    assert [sorted(words.split()) for words in listed] == [IMAGES]
    for target in ("sbom", "audit"):
        recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
        assert recipe is not None
        assert "for name in $(IMAGES)" in recipe[1], target
    page = (ROOT / "docs" / "licenses.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^## (.*)$", page, re.MULTILINE)) == IMAGES
