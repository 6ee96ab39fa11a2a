"""The command line: reads words, calls one command, turns errors into one sentence and exit 2.

Results go to stdout; progress, notes and errors to stderr. ``--help`` is plain text in two columns,
in the words of the docstrings.
"""

import os
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import MissingArgumentError, UnusedCliTokensError

from app.cli import commands, terminal
from app.cli.options import MESSAGES
from app.errors import AppError
from features.errors import FeatureError
from solver.model.errors import SolverError

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


USER_MISTAKE: Final = 2
INTERRUPTED: Final = 130

# A word this like an option is a slip of the pen.
_ALIKE: Final = 0.8


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"seedal {version('seedal-service')}"
    except PackageNotFoundError:  # a checkout that is not installed
        return "seedal 0"


def build() -> App:
    """Return the program with its commands."""
    app = App(
        name="seedal",
        help="Which 3D scenes to label first: the most diverse set that a budget pays for.",
        version=_version,
        help_format="plaintext",
        help_formatter=PlainHelp(),
        default_parameter=Parameter(negative=(), allow_repeating=True),  # the last one counts
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for place, command in enumerate(commands.COMMANDS):  # the help keeps this order
        app.command(command, sort_key=place)
    for name, (purpose, members) in commands.FAMILIES.items():
        family = App(name=name, help=purpose, sort_key=len(commands.COMMANDS))
        for member, command in members.items():
            family.command(command, name=member)
        app.command(family)
    app.register_install_completion_command(help="Complete seedal's words in this shell.")
    app["--help"].help = "Show this help."
    app["--version"].help = "Show the version."
    app.meta.default(_with_messages(app))
    return app


def _with_messages(app: App) -> Callable[..., object]:
    """Return the program with the options that every command has."""

    def run(
        *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        quiet: Annotated[
            bool,
            Parameter(("--quiet", "-q"), group=MESSAGES, help="No progress and no notes."),
        ] = False,
        verbose: Annotated[
            bool, Parameter(("--verbose", "-v"), group=MESSAGES, help="Show the log, too.")
        ] = False,
    ) -> object:
        terminal.set_messages(quiet=quiet, verbose=verbose)
        if not words or words in {(name,) for name in commands.FAMILIES}:
            app.help_print(words, console=app.error_console)
            return USER_MISTAKE
        return app(words)

    return run


def _sentence(error: CycloptsError) -> str:
    """Return what is wrong with the words as one sentence that names the flag."""
    error.verbose = False
    command = " ".join(("seedal", *(error.command_chain or ())))
    match error:
        case MissingArgumentError(argument=argument) if argument is not None:
            if error.keyword is not None or argument.tokens:
                return f"{error.keyword or argument.name} needs a value."
            unknown = next((word for word in error.unused_tokens or () if word[:1] == "-"), None)
            if unknown is not None:
                meant = f" Did you mean {argument.name}?" if _alike(unknown, argument.name) else ""
                return f"Unknown option: {unknown}.{meant}"
            kind = "option" if argument.name.startswith("-") else "argument"
            return f"Missing {kind} '{argument.name}'."
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"`{command}` takes no argument {first!r}."
        case _:
            return " ".join(str(error).split())


def _alike(one: str, other: str) -> bool:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, one, other).ratio() > _ALIKE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        The words after ``seedal``; the process's own where None.

    Returns
    -------
    int
        The exit status: 0, 2 for a user's mistake (one sentence on stderr), 130 if interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stderr is None:  # closed by the caller: print() would take stdout in its place
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  for good
    try:
        status = build().meta(words)
    except CycloptsError as error:
        terminal.complain(_sentence(error))
        return USER_MISTAKE
    except (AppError, FeatureError, SolverError) as error:
        terminal.complain(str(error))
        return USER_MISTAKE
    except OSError as error:  # a cache that cannot be written, a port that is taken
        terminal.complain(f"{error.filename or 'the system refuses'}: {error.strerror or error}")
        return USER_MISTAKE
    except KeyboardInterrupt:
        terminal.complain(
            "interrupted; what is stored is kept, and the same command goes on from there"
        )
        return INTERRUPTED
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main())
