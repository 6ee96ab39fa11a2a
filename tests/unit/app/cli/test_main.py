"""What concerns no command in particular: version, help, and how quickly they come."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclopts import App

from app.cli.main import build, main, plain

HEAVY = (
    *("numpy", "numba", "torch", "faiss", "PIL", "pyarrow", "sqlalchemy", "alembic", "dbos"),
    *("ortools", "pulp", "fastapi", "pydantic_settings", "plotly", "scipy"),
)


def test_the_program_knows_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version is the installed package's, on stdout, and nothing else is done."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"seedal {version('seedal-service')}\n"


def _commands(app: App, *before: str) -> Iterator[tuple[tuple[str, ...], App]]:
    """Yield every command with its words."""
    for name in app:
        if not name.startswith("-"):
            command = app[name]
            if command.default_command is None:
                yield from _commands(command, *before, name)
            else:
                yield (*before, name), command


def test_every_option_has_help_and_a_group() -> None:
    """No option of any command is without a sentence, or under no heading of its own."""
    commands = dict(_commands(build()))
    assert ("select",) in commands
    assert ("keys", "create") in commands
    for words, command in commands.items():
        for argument in command.assemble_argument_collection(parse_docstring=True):
            if argument.children or not argument.show:
                continue
            place = (*words, argument.name)
            assert argument.parameter.help, place
            titles = {group.name for group in argument.parameter.group}
            assert titles.isdisjoint({"Parameters", "Arguments"}), place


def test_no_option_means_two_things() -> None:
    """An option that several commands have has the same help in all of them, but for its object."""
    said: dict[tuple[str, str], set[str]] = {}
    for words, command in _commands(build()):
        for argument in command.assemble_argument_collection(parse_docstring=True):
            if argument.show and not argument.children:
                text = plain(argument.parameter.help or "")
                said.setdefault((argument.name, argument.parameter.group[0].name), set()).add(text)
                assert "`" not in text, words
    shared = {name for name, texts in said.items() if len(texts) == 1}
    assert {("--constraints", "Constraints"), ("--sparsify", "Features")} <= shared


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["select", "-h"], ["keys", "-h"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    """Neither numpy nor a database is imported to say what there is to say."""
    code = (
        "import sys; from app.cli.main import main; status = main(sys.argv[1:]); "
        f"sys.exit(status or ', '.join(sorted(set({HEAVY}) & set(sys.modules))) or None)"
    )
    root = Path(__file__).parents[4]
    result = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_solve_loads_what_it_needs(tmp_path: Path) -> None:
    """A problem's file is solved without database, web, images, and the solvers not asked for."""
    problem = tmp_path / "q.txt"
    problem.write_text("3 3 int\n0 1 10\n1 2 7\n2 2 4\n3 2 2\n5\n")
    not_for_solve = set(HEAVY) - {"numpy", "numba", "scipy"}
    code = (
        "import sys; from app.cli.main import main; status = main(sys.argv[1:]); "
        f"sys.exit(status or ', '.join(sorted({not_for_solve} & set(sys.modules))) or None)"
    )
    words = [sys.executable, "-c", code, "solve", str(problem)]
    result = subprocess.run(
        words, cwd=Path(__file__).parents[4], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["explode"], 'Unknown command "explode".'),
        (["keys", "explode"], 'Unknown command "explode".'),
        (["select"], "Missing option '--budget'."),
        (["select", "--budgt", "3"], "Unknown option: --budgt. Did you mean --budget?"),
        (["verify", "x"], "Missing argument 'CERTIFICATE'."),
        (["solve", "a", "b"], "`seedal solve` takes no argument 'b'."),
        (["solve", "a", "--budget"], "--budget needs a value."),
        (
            ["solve", "a", "--gap", "x"],
            'Invalid value for --gap: unable to convert "x" into float.',
        ),
        (["--install-completion", "--shell", "tcsh"], 'Invalid value "tcsh" for --shell.'),
    ],
)
def test_wrong_words_are_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the word, on stderr, with exit 2 and no traceback."""
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"seedal: {sentence}")
    assert len(printed.err.splitlines()) == 1


def test_of_two_values_the_last_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that is given again takes the place of what a script gave before."""
    assert main(["solve", "gone.npz", "--budget", "x", "--budget", "5"]) == 2
    assert "gone.npz" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["keys"], ["weights"]])
def test_no_command_is_a_mistake_that_help_answers(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What there is goes to stderr, with exit 2."""
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Usage: seedal")


def test_completion_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script for a shell is written, and knows the commands and their options."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["--install-completion", "--shell", "bash"]) == 0
    assert capsys.readouterr().err == ""
    text = (tmp_path / ".local/share/bash-completion/completions/seedal").read_text()
    assert "select" in text
    assert "--group-limit" in text
