"""Small changes to a file, each of which should make a test fail.

Most are made by rule from the syntax tree: a comparison that is off by its border, a sign, a
minimum for a maximum, a check that is left out. Others are named, because someone once made them
and no test noticed.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.FloorDiv: ast.Mult,
}  # fmt: skip
_CALLED = {
    "min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum",
    "maximum": "minimum", "floor": "ceil", "ceil": "floor", "setdiff1d": "intersect1d",
    "union1d": "intersect1d", "argmin": "argmax", "argmax": "argmin",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change of one place.

    Parameters
    ----------
    file
        From the root of the tree.
    where
        The function, or what the change does, where it is a named one.
    old, new
        What stands there, and what is put there.
    start
        Where in the file's bytes.
    """

    file: str
    where: str
    old: str
    new: str
    start: int

    @property
    def name(self) -> str:
        """One line for tables, without the place: it stays when lines move."""
        return f"{self.file} {self.where}: {_line(self.old)} -> {_line(self.new)}"

    def applied(self, content: bytes) -> bytes:
        """Return the file with the change."""
        old = self.old.encode()
        end = self.start + len(old)
        if content[self.start : end] != old:
            message = f"{self.file} has changed: {self.name}"
            raise ValueError(message)
        return content[: self.start] + self.new.encode() + content[end:]


def _line(code: str) -> str:
    return " ".join(code.split())


def named(file: str, content: bytes, reason: str, old: str, new: str) -> Mutant:
    """Return a mutant that someone thought of; what it replaces stands in the file once."""
    if content.count(old.encode()) != 1:
        message = f"{file}: {old!r} does not stand there once."
        raise ValueError(message)
    return Mutant(file, reason, old, new, content.index(old.encode()))


def generated(file: str, content: bytes, functions: tuple[str, ...] = ()) -> Iterator[Mutant]:
    """Yield the mutants of a file, or of some of its functions and classes.

    Parameters
    ----------
    file, content
        Name and text.
    functions
        Names as in ``Class.method``, or of whole classes; everything where empty.
    """
    lines = content.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for where, node in _nodes(ast.parse(content), ""):
        wanted = not functions or any(where == f or where.startswith(f"{f}.") for f in functions)
        if not wanted or not isinstance(node, ast.expr | ast.stmt):
            continue
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        old = content[start:end].decode()
        for new in _changes(node):
            yield Mutant(file, where or "module", old, new, start)


def _nodes(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield what is executed, with the name of the function that it belongs to."""
    match node:
        case ast.FunctionDef(name=name, body=body) | ast.ClassDef(name=name, body=body):
            # Decorators, defaults and hints stay as they are.
            inner = f"{where}.{name}" if where else name
            for statement in body:
                yield from _nodes(statement, inner)
        case ast.AnnAssign(value=value):
            if value is not None:
                yield from _nodes(value, where)
        case _:
            yield where, node
            for child in ast.iter_child_nodes(node):
                yield from _nodes(child, where)


def _changes(node: ast.AST) -> Iterator[str]:
    """Yield what may stand in place of a node."""
    if isinstance(node, ast.stmt):
        yield from _other_statements(node)
    elif isinstance(node, ast.expr):
        for changed in _other_expressions(node):
            yield f"({ast.unparse(changed)})"


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(left, [operator], others) if type(operator) in _COMPARED:
            yield ast.Compare(left, [_COMPARED[type(operator)]()], others)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield operand
        case ast.BinOp(left, operator, right) if type(operator) in _COMPUTED:
            if not isinstance(left, ast.JoinedStr):
                yield ast.BinOp(left, _COMPUTED[type(operator)](), right)
        case ast.Call(ast.Name(name), arguments, keywords) if name in _CALLED:
            yield ast.Call(ast.Name(_CALLED[name]), arguments, keywords)
        case ast.Call(ast.Attribute(value, name), arguments, keywords) if name in _CALLED:
            yield ast.Call(ast.Attribute(value, _CALLED[name], ast.Load()), arguments, keywords)
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case _:
            pass


# What a check, or a special case, is made of.
_SIMPLE = (ast.Raise, ast.Assign, ast.AugAssign, ast.Return, ast.Continue)


def _other_statements(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.If(body=body, orelse=[]) if all(isinstance(line, _SIMPLE) for line in body):
            yield "pass"
        case ast.AugAssign(target, operator, value) if type(operator) in _COMPUTED:
            yield ast.unparse(ast.AugAssign(target, _COMPUTED[type(operator)](), value))
        case ast.Expr(ast.Call(function)) if not ast.unparse(function).startswith("_log."):
            yield "pass"
        case _:
            pass
