"""Which places of Python files are alike, line for line.

Part of `benchmarks/measure_house.py`. Two runs of six or more equal lines are a pair of places,
as long as they go on; the places of one file do not overlap. Before lines are compared, comments,
docstrings, imports, blanks, and lines of punctuation only are left out.
"""

import ast
import io
import itertools
import tokenize
from collections import defaultdict

SAME_LINES = 6

Place = tuple[int, int]  # a file's number, a line's number


def normalised(source: str) -> list[tuple[int, str]]:
    """Return the lines that duplicates are looked for in, with their numbers."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and (text or isinstance(node, ast.Import | ast.ImportFrom)):
            left_out |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines: dict[int, list[tokenize.TokenInfo]] = defaultdict(list)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT and token.string.strip():
            lines[token.start[0]].append(token)
    return [
        (number, " ".join(token.string for token in tokens))
        for number, tokens in lines.items()
        if number not in left_out and any(token.type != tokenize.OP for token in tokens)
    ]


def duplicates(sources: dict[str, str]) -> list[str]:
    """Return the pairs of places that are alike, the longest first; `sources`: texts by path."""
    paths = list(sources)
    files = [normalised(source) for source in sources.values()]
    places: dict[tuple[str, ...], list[Place]] = defaultdict(list)
    for file, lines in enumerate(files):
        texts = [text for _, text in lines]
        for start in range(len(texts) - SAME_LINES + 1):
            places[tuple(texts[start : start + SAME_LINES])].append((file, start))

    def same(one: Place, other: Place, shift: int) -> bool:
        (a, i), (b, j) = one, other
        i, j = i + shift, j + shift
        inside = min(i, j) >= 0 and i < len(files[a]) and j < len(files[b])
        return inside and files[a][i][1] == files[b][j][1]

    found = []
    for alike in places.values():
        for one, other in itertools.combinations(alike, 2):
            overlaps = one[0] == other[0] and other[1] - one[1] < SAME_LINES
            if overlaps or same(one, other, -1):
                continue
            length = next(n for n in itertools.count(SAME_LINES) if not same(one, other, n))
            left, right = (f"{paths[a]}:{files[a][i][0]}" for a, i in (one, other))
            found.append((length, f"{left} = {right} ({length} lines)"))
    return [text for _, text in sorted(found, key=lambda pair: (-pair[0], pair[1]))]
