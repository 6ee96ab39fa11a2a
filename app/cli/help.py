"""``--help`` as plain text in two columns; its words are those of the docstrings."""

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

# Where a docstring sends its reader to another module.
_REFERENCE: Final = re.compile(r"[;,]? see (also )?:\w+:`[^`]*`")
_MARKUP: Final = re.compile(r":\w+:`~?([^`]*)`|``([^`]*)``|`([^`]*)`")
_NAMES: Final = 26
"""Width of the column of names; a longer name has a line of its own."""


def plain(text: str) -> str:
    r"""Return a docstring's text without its markup, in one line.

    Examples
    --------
    >>> plain("``auto`` or one of\n:data:`features.BACKBONES`; see :mod:`features.backbones`.")
    'auto or one of features.BACKBONES.'
    """
    text = _REFERENCE.sub("", " ".join(text.split()))
    return _MARKUP.sub(lambda found: next(filter(None, found.groups()), ""), text)


class PlainHelp:
    """Prints a panel of the help: commands, or the options of a group."""

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Print a group's name and its entries."""
        del options
        if not panel.entries:
            return
        lines = [f"{panel.title}:"]
        for entry in panel.entries:
            takes_values = panel.format == "parameter"
            labels = entry.display_labels_with_metavar if takes_values else entry.display_labels
            lines += _lines(entry, max(console.width, _NAMES + 24), labels)
        console.print("\n".join([*lines, ""]), highlight=False, markup=False, soft_wrap=True)

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: object) -> None:
        """Print how the command is called."""
        del options
        if usage:
            line = f"Usage: {str(usage).strip()}\n"
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    def render_description(
        self, console: "Console", options: "ConsoleOptions", description: object
    ) -> None:
        """Print what the command does."""
        del options
        if text := _text(description):
            filled = textwrap.fill(text, console.width)
            console.print(f"{filled}\n", highlight=False, markup=False, soft_wrap=True)


def _text(described: object) -> str:
    """Return what cyclopts made ready to be shown as the text that it is."""
    renderable = getattr(described, "primary_renderable", described)
    return plain(getattr(renderable, "plain", None) or str(renderable or ""))


def _lines(entry: "HelpEntry", width: int, labels: Sequence[str]) -> list[str]:
    name = "  " + ", ".join(labels)
    text = _text(entry.description)
    facts = []
    if entry.choices:
        facts.append(", ".join(entry.choices))
    if entry.env_var:
        facts.append(f"environment: {', '.join(entry.env_var)}")
    if entry.required:
        facts.append("required")
    elif entry.default not in {None, "False", "()"}:
        facts.append(f"default: {entry.default}")
    text += "".join(f" [{fact}]" for fact in facts)
    wrapped = textwrap.wrap(text, width - _NAMES - 2) or [""]
    indent = " " * (_NAMES + 2)
    if len(name) > _NAMES:
        return [name, *(indent + line for line in wrapped)]
    return [f"{name:<{_NAMES + 2}}{wrapped[0]}", *(indent + line for line in wrapped[1:])]
