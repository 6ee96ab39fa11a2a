"""Columns of a table of scenes, and keys of JSON: what each is taken as.

A column is taken as what the caller says of it (`TARGET=COLUMN`), as what it is named, or is kept
within ``meta`` under its own name. A name that is a slip of the pen for a known one is refused,
since a lost cost is worse than a question. ``docs/adr/0028-unknown-columns-are-kept.md`` has why.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NoReturn

from features.errors import SourceError, plural
from features.limits import MAX_COLUMNS, MAX_KEPT_COLUMNS

SCENE_COLUMNS: Final = frozenset(
    {
        *("scene_id", "cost", "costs", "images", "group", "regions"),
        *("pointcloud", "external_ids", "meta"),
    }
)
IMAGE_COLUMNS: Final = frozenset({"image_uri", "sensor", "frame"})
"""Of a table where a row is an image."""

_IMAGE: Final = "image_uri"

META: Final = "meta."
_WITHIN: Final[Mapping[str, str]] = {
    "cost.": "costs",
    META: "meta",
    "external_ids.": "external_ids",
}
"""What begins the name of a column that is one member of an object, and the object's key."""

_ALIKE: Final = 0.75
"""``cost`` and ``costs``; not ``scene_id`` and ``scan_no``."""
_NAMED: Final = 5


def parse_columns(texts: Sequence[str]) -> dict[str, str]:
    """Return what the caller says of columns: column to target.

    Parameters
    ----------
    texts
        ``TARGET=COLUMN`` each; a target is a known column, or ``cost.``, ``meta.`` or
        ``external_ids.`` and a name.

    Raises
    ------
    SourceError
        A text has no such form, or a target or a column stands twice.
    """
    targets: dict[str, str] = {}
    for text in texts:
        target, mark, column = text.partition("=")
        if not (target and mark and column):
            _refuse(f"{text!r:.80} is not TARGET=COLUMN, as cost=points is")
        is_known = target in SCENE_COLUMNS | IMAGE_COLUMNS or _parent(target) is not None
        if target in _WITHIN or not is_known:
            listed = ", ".join(sorted(SCENE_COLUMNS | IMAGE_COLUMNS))
            rule = (
                f"{target!r:.80} is nothing that a column can be ({listed}, or within {_begun()})"
            )
            _refuse(rule)
        if column in targets or target in targets.values():
            _refuse(f"{text!r:.80} names a target or a column a second time")
        targets[column] = target
    return targets


def _refuse(rule: str) -> NoReturn:
    raise SourceError(place="column", rule=rule)


def _begun() -> str:
    return ", ".join(f"{begin}NAME" for begin in _WITHIN)


def _parent(target: str) -> str | None:
    """Return the key of the object that a column is a member of."""
    begin, dot, _ = target.partition(".")
    return _WITHIN.get(begin + dot)


class Columns:
    """What the columns of one file are taken as.

    Parameters
    ----------
    given
        What the caller says, see :func:`parse_columns`.
    known
        The names that have a meaning of their own.
    name
        The file's, for notes.

    Attributes
    ----------
    kept
        Targets of the columns that are kept within ``meta`` under their own names.
    """

    def __init__(self, given: Mapping[str, str], known: Collection[str], name: str) -> None:
        self.kept: set[str] = set()
        self._given = given
        self._known = known
        self._name = name
        self._targets: dict[str, str] = {}
        self._unused: set[str] = set()
        self._differing: set[str] = set()

    def named(self, header: Sequence[str]) -> set[str]:
        """Return what the columns of a header are called by the caller or else by themselves."""
        return {self._given.get(column, column) for column in header}

    def of_header(
        self, header: Sequence[str], place: str, unfit: Collection[str] = ()
    ) -> list[str]:
        """Return the target of each column of a table; empty for a column that is passed over.

        Parameters
        ----------
        header, place
            The columns, and where they stand.
        unfit
            Columns that ``meta`` cannot hold.

        Raises
        ------
        SourceError
            A column stands twice, lacks though the caller names it, is all but named as a known
            one, or there are too many of them.
        """
        if len(header) > MAX_COLUMNS:
            raise SourceError(place, f"has {len(header):,} columns; up to {MAX_COLUMNS:,} are read")
        named = [column for column in header if column.strip()]
        if len(set(named)) < len(named):
            raise SourceError(place, "the header names a column twice")
        self._require_given(header, place, f"; it has {', '.join(map(repr, header))}")
        targets = [self.target(column, place) for column in header]
        others = {META + column for column in header} & self.kept
        too_many = len(others) > MAX_KEPT_COLUMNS
        # Programs write an index, and spreadsheets empty columns, under no name.
        blank = {META + column for column in header if not column.strip()}
        unused = others if too_many else {META + column for column in unfit} & others | blank
        self.kept -= unused
        self._unused |= {target.removeprefix(META) for target in unused}
        used = [target for target in targets if target not in unused]
        if len(set(used)) < len(used):
            twice = next(target for target in used if used.count(target) > 1)
            raise SourceError(place, f"two columns are taken as {twice!r:.80}")
        return ["" if target in unused else target for target in targets]

    def record(self, values: Mapping[str, object], place: str) -> dict[str, object]:
        """Return a JSON object with the keys of a record.

        Raises
        ------
        SourceError
            A key is all but named as a known one, two are taken as the same, or the file has too
            many of them.
        """
        pairs = [(self.target(key, place), value) for key, value in values.items()]
        return assembled(pairs, place)

    def target(self, column: str, place: str) -> str:
        """Return what a column is taken as."""
        target = self._targets.get(column)
        if target is None:
            if len(self._targets) >= MAX_COLUMNS:
                raise SourceError(place, f"the file has more than {MAX_COLUMNS:,} names of keys")
            target = self._targets[column] = self._understood(column, place)
        return target

    def require_given(self, path: str) -> None:
        """Refuse columns that the caller named and that no record had.

        Raises
        ------
        SourceError
            There is one.
        """
        self._require_given(self._targets, path, "")

    def differ(self, target: str) -> None:
        """Note that a kept column is not the same in all rows of a scene, and is left out there."""
        self._differing.add(target.removeprefix(META))

    def notes(self) -> list[str]:
        """Return sentences about what is kept or passed over; whole once all rows are read."""
        kept = {target.removeprefix(META) for target in self.kept}
        said = (
            (kept, "kept as meta"),
            (self._differing, "left out where the rows of a scene differ"),
            (self._unused, "not used"),
        )
        return [_note(names, self._name, what) for names, what in said if names]

    def _require_given(self, columns: Collection[str], place: str, what: str) -> None:
        for column, target in self._given.items():
            if column not in columns:
                rule = f"has no column {column!r:.80}, which is to be {target!r:.80}{what:.400}"
                raise SourceError(place, rule)

    def _understood(self, column: str, place: str) -> str:
        if column in self._given:
            return self._given[column]
        own = column in self._known or _parent(column) is not None
        if own and column not in self._given.values():
            return column
        if not own:
            self._require_no_slip(column, place)
        self.kept.add(META + column)
        return META + column

    def _require_no_slip(self, column: str, place: str) -> None:
        plain = column.strip().lower().replace(" ", "_").replace("-", "_")[:80]
        meant = get_close_matches(plain, sorted(self._known), 1, _ALIKE)
        if plain == _IMAGE and _IMAGE not in self._known:
            meant = ["images"]
        if meant and meant[0] not in self._given.values():
            listed = ", ".join(sorted(self._known))
            rule = (
                f"{column!r:.80} is no known column ({listed}, {_begun()}); is {meant[0]} meant? "
                f"Then say --column {f'{meant[0]}={column:.80}'!r}, else --column "
                f"{f'{META}{column:.80}={column:.80}'!r}"
            )
            raise SourceError(place, rule)


def assembled(pairs: Iterable[tuple[str, object]], place: str) -> dict[str, object]:
    """Return a record of targets and values: members of objects are put into them.

    Raises
    ------
    SourceError
        Something is given twice.
    """
    record: dict[str, object] = {}
    members: dict[str, dict[str, object]] = {}
    for target, value in pairs:
        parent = _parent(target)
        names, name = (
            (record, target) if parent is None else (members.setdefault(parent, {}), target)
        )
        if name in names:
            raise SourceError(place, f"two keys are taken as {target!r:.80}")
        names[name] = value
    for parent, found in members.items():
        own = record.get(parent, {})
        if not isinstance(own, dict):
            continue  # whoever reads the record says so
        inner = {target.partition(".")[2]: value for target, value in found.items()}
        twice = sorted(own.keys() & inner.keys())
        if twice:
            raise SourceError(place, f"{parent}.{twice[0]} is given twice")
        record[parent] = {**own, **inner}
    return record


def _note(names: Collection[str], name: str, what: str) -> str:
    shown = ", ".join(repr(column)[:60] for column in sorted(names)[:_NAMED])
    more = ", ..." if len(names) > _NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{plural(len(names), 'column')} of {name} {verb} {what} ({shown}{more})."
