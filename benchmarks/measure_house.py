"""How the product's code is built, in numbers: modules, imports, long functions, duplicates.

    .venv/bin/python benchmarks/measure_house.py [--against REV] [--list] [--startup]

Prints a markdown table of the working tree, and beside it of a revision. `--list` names what is
counted. `--startup` also times commands against `python -c "import numpy"`. The definitions are
printed below the table. Only the standard library and git are needed.
"""

import argparse
import ast
import fnmatch
import io
import itertools
import re
import subprocess
import tarfile
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import NamedTuple

import measure_startup
from measure_duplicates import SAME_LINES, duplicates

ROOT = Path(__file__).resolve().parents[1]
WORD = "budget"
LONG_FUNCTION, MANY_PARAMETERS, LONG_MODULE, FULL_FOLDER = 60, 7, 400, 20
KERNELS = {"kernel", "njit", "jit", "vectorize", "guvectorize"}
DEFINITIONS = f"""\
- Product: the packages that `packages.find` of pyproject.toml includes. Lines are those of `wc -l`.
- Importers: product modules, wherever in them the import stands; `from package import module` is an
  import of the module. `"module:name"` as a string is an import inside a function.
- Import chain: the modules on the longest path of imports; a cycle counts as one module.
- Parameters: without `self` and `cls`, `*args` and `**kwargs`. Kernels are compiled by numba.
- Duplicated places: two runs of {SAME_LINES} or more equal lines, as long as they go on. Comments,
  docstrings, imports, blanks, and lines of punctuation only are left out before.
- `{WORD}` passes a module that has it as a parameter, a keyword argument or an attribute."""


@dataclass(frozen=True)
class Module:
    """One file of the product."""

    name: str
    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def is_init(self) -> bool:
        """Whether it only stands for its folder."""
        return self.path.endswith("__init__.py")

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")


@dataclass
class Figures:
    """What was counted: a number, or the things themselves, by the name of the row."""

    rows: dict[str, float] = field(default_factory=dict)
    things: dict[str, list[str]] = field(default_factory=dict)

    def count(self, name: str, things: list[str]) -> None:
        """Count things that `--list` names."""
        self.rows[name] = len(things)
        self.things[name] = things


def product(root: Path) -> list[str]:
    """Return the names of the product's packages."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["packages"]["find"]["include"]
    folders = sorted(path.parent.name for path in root.glob("*/__init__.py"))
    return [name for name in folders if any(fnmatch.fnmatch(name, wild) for wild in patterns)]


def read(root: Path) -> list[Module]:
    """Return the product's modules."""
    found = []
    for package in product(root):
        for path in sorted((root / package).rglob("*.py")):
            inside = path.relative_to(root)
            name = ".".join(inside.with_suffix("").parts).removesuffix(".__init__")
            found.append(Module(name, str(inside), path.read_text(encoding="utf-8")))
    return found


def statements(node: ast.AST, *, inside_functions: bool) -> Iterator[ast.AST]:
    """Walk a tree, into functions or not."""
    for child in ast.iter_child_nodes(node):
        yield child
        if inside_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from statements(child, inside_functions=inside_functions)


def imported(module: Module, known: set[str], *, lazy: bool) -> set[str]:
    """Return the product's modules that a module imports; `lazy`: inside functions as well."""
    found = set()
    for node in statements(module.tree, inside_functions=lazy):
        match node:
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom():
                base = node.module or ""
                if node.level:
                    own = module.name.split(".")
                    above = own[: len(own) - node.level + module.is_init]
                    base = ".".join([*above, *filter(None, [node.module])])
                for alias in node.names:
                    inner = f"{base}.{alias.name}"
                    found.add(inner if inner in known else base)
            case ast.Constant(value=str(text)) if lazy and ":" in text:
                found.add(text.partition(":")[0])
    return (found & known) - {module.name}


def components(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components, what is imported first (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    done: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            place = stack.index(name)
            done.append(stack[place:])
            del stack[place:]

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return done


def longest_chain(graph: dict[str, set[str]]) -> list[str]:
    """Return the longest path of imports, from the importer down; a cycle is one step."""
    chains: dict[str, list[str]] = {}
    for group in components(graph):
        below = {other for name in group for other in graph[name]} - set(group)
        rest = max((chains[other] for other in sorted(below)), key=len, default=[])
        for name in group:
            chains[name] = [" = ".join(sorted(group)), *rest]
    return max(chains.values(), key=len, default=[])


class Function(NamedTuple):
    """A function, or a method."""

    place: str
    lines: int
    parameters: int
    is_kernel: bool


def functions(module: Module) -> Iterator[Function]:
    """Yield all functions of a module."""
    for node in ast.walk(module.tree):
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            marks = {_last_name(decorator) for decorator in child.decorator_list}
            named = child.args
            count = len(named.posonlyargs) + len(named.args) + len(named.kwonlyargs)
            count -= isinstance(node, ast.ClassDef) and "staticmethod" not in marks
            size = (child.end_lineno or child.lineno) - child.lineno + 1
            place = f"{module.path}:{child.name}"
            yield Function(place, size, count, is_kernel=bool(marks & KERNELS))


def _last_name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def passes(module: Module, word: str) -> bool:
    """Return whether a word is a parameter, a keyword argument or an attribute in a module."""
    return any(
        (isinstance(node, ast.arg | ast.keyword) and node.arg == word)
        or (isinstance(node, ast.Attribute) and node.attr == word)
        for node in ast.walk(module.tree)
    )


def measure(root: Path) -> Figures:
    """Count everything in one tree."""
    modules = read(root)
    figures = Figures()
    inits = [module for module in modules if module.is_init]
    figures.rows |= {"modules": len(modules), "of these `__init__`": len(inits)}
    figures.rows["lines"] = sum(module.lines for module in modules)
    for package in product(root):
        inside = [module for module in modules if module.name.split(".")[0] == package]
        figures.rows[f"lines of `{package}`"] = sum(module.lines for module in inside)
    sizes = [module.lines for module in modules if not module.is_init]
    figures.rows["median lines of a module"] = median(sizes) if sizes else 0
    large = sorted((m for m in modules if m.lines > LONG_MODULE), key=lambda m: -m.lines)
    figures.count(f"modules over {LONG_MODULE} lines", [f"{m.path} ({m.lines})" for m in large])
    count_imports(modules, figures)
    count_definitions(modules, figures)
    folders = Counter(str(Path(m.path).parent) for m in modules if not m.is_init)
    full = [f"{name} ({n})" for name, n in folders.most_common() if n > FULL_FOLDER]
    figures.count(f"folders with over {FULL_FOLDER} modules", full)
    figures.count("pairs of duplicated places", duplicates({m.path: m.text for m in modules}))
    figures.count(f"modules that `{WORD}` passes", [m.path for m in modules if passes(m, WORD)])
    return figures


def count_imports(modules: list[Module], figures: Figures) -> None:
    """Count who imports whom."""
    known = {module.name for module in modules}
    top = {module.name: imported(module, known, lazy=False) for module in modules}
    every = {module.name: imported(module, known, lazy=True) for module in modules}
    importers = Counter(itertools.chain.from_iterable(every.values()))
    single = [m.path for m in modules if importers[m.name] == 1 and not m.is_init]
    figures.count("modules with one importer", single)
    figures.count("longest import chain, at the top of modules", longest_chain(top))
    figures.count("longest import chain, inside functions as well", longest_chain(every))
    cycles = [" = ".join(sorted(group)) for group in components(every) if len(group) > 1]
    figures.count("cycles of imports, inside functions as well", cycles)


def count_definitions(modules: list[Module], figures: Figures) -> None:
    """Count functions that are long or wide, and names of classes that are not unique."""
    every = [function for module in modules for function in functions(module)]
    for kind, is_kernel in (("functions", False), ("kernels", True)):
        ours = [function for function in every if function.is_kernel == is_kernel]
        long = sorted((f.lines, f.place) for f in ours if f.lines > LONG_FUNCTION)
        wide = sorted((f.parameters, f.place) for f in ours if f.parameters > MANY_PARAMETERS)
        for words, over in (
            (f"{LONG_FUNCTION} lines", long),
            (f"{MANY_PARAMETERS} parameters", wide),
        ):
            things = [f"{place} ({size})" for size, place in reversed(over)]
            figures.count(f"{kind} over {words}", things)
    homes = defaultdict(list)
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(module.path)
    twice = {name: paths for name, paths in homes.items() if len(paths) > 1}
    rows = [f"{name}: {', '.join(paths)}" for name, paths in sorted(twice.items())]
    figures.count("class names defined twice or more", rows)


def unpack(root: Path, revision: str, folder: Path) -> Path:
    """Write the files of a checkout's revision into a folder."""
    command = ["git", "-C", str(root), "archive", revision]
    archive = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def table(columns: dict[str, Figures]) -> str:
    """Return the figures as a markdown table, a column a tree."""
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures.rows))
    names.sort(key=lambda name: not re.match(r"modules$|of these|lines|median", name))
    lines = [f"| figure | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for name in names:
        values = [figures.rows.get(name) for figures in columns.values()]
        cells = ["" if value is None else f"{value:,g}" for value in values]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--root", type=Path, default=ROOT, help="a checkout, if not this one")
    parser.add_argument("--against", metavar="REV", help="a revision to measure as well")
    parser.add_argument("--list", action="store_true", help="name what is counted")
    parser.add_argument("--startup", action="store_true", help="time commands as well")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trees = {"working tree": words.root.resolve()}
        if words.against:
            trees[words.against] = unpack(words.root, words.against, Path(folder))
        columns = {name: measure(root) for name, root in trees.items()}
        print(f"{table(columns)}\n\n{DEFINITIONS}")
        if words.list:
            for name, things in columns["working tree"].things.items():
                print(f"\n{name}:\n" + "\n".join(f"- {thing}" for thing in things))
        if words.startup:
            print(f"\n{measure_startup.table(trees)}")


if __name__ == "__main__":
    main()
