"""The command line: reads words, calls one command, turns errors into one sentence and exit 2.

Results go to stdout; progress, notes and errors to stderr.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, CycloptsError, Parameter
from cyclopts.exceptions import MissingArgumentError, UnusedCliTokensError

from app.cli import commands, terminal
from app.cli.help import PlainHelp
from app.cli.options import MESSAGES
from app.errors import AppError
from features.errors import FeatureError
from solver.model.errors import SolverError

USER_MISTAKE: Final = 2
INTERRUPTED: Final = 130


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"seedal {version('seedal-service')}"
    except PackageNotFoundError:  # a checkout that is not installed
        return "seedal 0"


def _build() -> App:
    """Return the program with its commands."""
    app = App(
        name="seedal",
        help="Which 3D scenes to label first: the most diverse set that a budget pays for.",
        version=_version,
        help_format="plaintext",
        help_formatter=PlainHelp(),
        default_parameter=Parameter(negative=()),
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for command in commands.COMMANDS:
        app.command(command)
    for name, (purpose, members) in commands.FAMILIES.items():
        family = App(name=name, help=purpose)
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
        return app(words)

    return run


def _sentence(error: CycloptsError) -> str:
    """Return what is wrong with the words as one sentence that names the flag."""
    error.verbose = False
    command = " ".join(("seedal", *(error.command_chain or ())))
    match error:
        case MissingArgumentError(argument=argument) if argument is not None:
            if error.keyword is not None or argument.tokens:
                return f"{error.keyword or argument.name} needs a value; see `{command} --help`."
            kind = "option" if argument.name.startswith("-") else "argument"
            return f"Missing {kind} {argument.name}; see `{command} --help`."
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"`{command}` takes no argument {first!r}."
        case _:
            return " ".join(str(error).split())


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
        status = _build().meta(words)
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
