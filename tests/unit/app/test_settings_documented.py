"""Every setting is documented, and nothing is documented that is none."""

import re
from pathlib import Path

from app.settings import Settings

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "operations.md"


def test_the_page_lists_exactly_the_settings() -> None:
    """docs/operations.md has a row for each field of `Settings`."""
    text = _PAGE.read_text(encoding="utf-8")
    table = text.partition("## Settings")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`SEEDAL_([A-Z_]+)`", table.partition("OpenTelemetry")[0]))
    assert listed == {name.upper() for name in Settings.model_fields}


def test_each_default_is_the_one_that_is_told() -> None:
    """Numbers in the column of defaults are those of the code."""
    text = _PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `SEEDAL_([A-Z_]+)` \| ([0-9]+) \|", text, re.MULTILINE)
    assert len(rows) >= 8
    for name, default in rows:
        assert Settings.model_fields[name.lower()].default == float(default), name
