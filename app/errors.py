"""The errors that the application raises on purpose, each one clear sentence for the caller.

::

    AppError
    ├── UnauthenticatedError   nobody knows who is calling
    ├── ForbiddenError         the caller's key is not good for this
    │   └── OriginError        a page of another site sends it
    ├── MisdirectedError       the request calls this server by a name that is not its own
    ├── NotFoundError          the named thing does not exist
    ├── ConflictError          the state of the world forbids it now
    ├── InvalidRequestError    a well-formed request asks for something that cannot be
    │   ├── BudgetError        the budget does not pay for a single scene
    │   ├── InfeasibleError    no choice keeps every rule
    │   ├── KeyReuseError      an Idempotency-Key came with another request before
    │   └── SourceRefusedError a source lies where this server may not read
    ├── MalformedRequestError  the request cannot be read at all
    ├── TooLargeError          the request is larger than this server reads
    ├── SlowRequestError       the request's body did not arrive in time
    ├── MediaTypeError         the body is of a kind that is not read
    ├── BusyError              every solve process is taken; worth trying again
    ├── UnavailableError       something that this server stands on does not answer
    ├── SolveCrashedError      it could not be solved
    │   └── SolveKilledError   the process that solved it died
    ├── SolveCancelledError    nobody wants the answer any more, or the server is ending
    ├── DatabaseError          the database is none, damaged, or another version's
    └── SettingsError          the settings contradict each other; raised before anything starts

``app.http.problems`` alone knows which HTTP status each one becomes.
"""

from typing import ClassVar


class AppError(Exception):
    """Base of every error that the application raises on purpose.

    Parameters
    ----------
    detail
        One sentence that names the rule and the place.

    Attributes
    ----------
    slug
        Stable name of the kind of error; part of the problem document's ``type``.
    title
        The kind of error in a few words, the same for every occurrence.
    """

    slug: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnauthenticatedError(AppError):
    """Nobody knows who is calling."""

    slug = "unauthenticated"
    title = "An API key is needed"


class ForbiddenError(AppError):
    """The caller's key is not good for this."""

    slug = "forbidden"
    title = "The key may not do this"


class OriginError(ForbiddenError):
    """A page of another site sends the request, not this server's user."""

    slug = "origin"
    title = "A page of another site may not do this"


class MisdirectedError(AppError):
    """The request calls this server by a name that is not its own."""

    slug = "misdirected"
    title = "The request is not meant for this server"


class NotFoundError(AppError):
    """The named thing does not exist.

    Parameters
    ----------
    kind
        What was looked for, for example ``"dataset"``.
    name
        The id that nothing of this kind has.
    """

    slug = "not-found"
    title = "Not found"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} {name!r}.")


class GoneError(AppError):
    """The named thing was there, and is not any more."""

    slug = "gone"
    title = "No longer there"


class ConflictError(AppError):
    """The request is sound, and the state of the world forbids it now."""

    slug = "conflict"
    title = "Not possible in the present state"


class InvalidRequestError(AppError):
    """A well-formed request asks for something that cannot be.

    Parameters
    ----------
    detail
        One sentence that names the rule and the place.
    pointer
        JSON pointer of the offending member of the request's body, for example
        ``"#/budget/limit"``; empty where no single member is to blame.
    """

    slug = "invalid-request"
    title = "The request cannot be carried out"

    def __init__(self, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.pointer = pointer


class BudgetError(InvalidRequestError):
    """The budget does not pay for a single scene."""

    slug = "budget-too-small"
    title = "The budget pays for no scene"

    def __init__(self, detail: str, pointer: str = "#/budget") -> None:
        super().__init__(detail, pointer)


class InfeasibleError(InvalidRequestError):
    """No choice keeps every rule."""

    slug = "infeasible"
    title = "No choice keeps every rule"


class KeyReuseError(InvalidRequestError):
    """An Idempotency-Key came with another request before."""

    slug = "idempotency-key-reused"
    title = "The Idempotency-Key belongs to another request"


class SourceRefusedError(InvalidRequestError):
    """A source lies where this server may not read."""

    slug = "source-refused"
    title = "The source may not be read"


class MalformedRequestError(AppError):
    """The request cannot be read at all."""

    slug = "malformed-request"
    title = "The request cannot be read"


class TooLargeError(AppError):
    """The request is larger than this server reads."""

    slug = "too-large"
    title = "The request is too large"


class SlowRequestError(AppError):
    """The request's body did not arrive in time."""

    slug = "slow-request"
    title = "The request took too long to arrive"


class MediaTypeError(AppError):
    """The body is of a kind that is not read."""

    slug = "media-type"
    title = "The body's kind is not read"


class BusyError(AppError):
    """Every solve process is taken; the same request may succeed a moment later."""

    slug = "busy"
    title = "All solve processes are taken"


class UnavailableError(AppError):
    """Something that this server stands on does not answer."""

    slug = "unavailable"
    title = "The service is not ready"


class SolveCrashedError(AppError):
    """The request could not be solved: its process died, hung or failed; no other is affected."""

    slug = "solve-crashed"
    title = "The solve process died"


class SolveKilledError(SolveCrashedError):
    """The process that solved the request died, perhaps of something else; it may live next time.

    That of a solve which hangs or fails would do so again.
    """


class SolveCancelledError(AppError):
    """Nobody wants the answer any more, or the server is ending."""

    slug = "solve-cancelled"
    title = "The solve was cancelled"


class DatabaseError(AppError):
    """The database is none, is damaged, cannot be opened, or is another version's."""

    slug = "database"
    title = "The database cannot be used"


class SettingsError(AppError):
    """The settings contradict each other."""

    slug = "settings"
    title = "The settings are wrong"
