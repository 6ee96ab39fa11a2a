"""Errors on the wire: problem documents (RFC 9457)."""

from pydantic import Field

from app.wire import Wire


class InvalidMember(Wire):
    """One member of a request that breaks a rule."""

    pointer: str = Field(description="JSON pointer into the body, or the parameter's name.")
    detail: str = Field(description="The rule that it breaks.")


class Problem(Wire):
    """Why a request was not carried out."""

    type: str = Field(
        description="Stable name of the kind of problem; `about:blank` adds nothing to the status.",
        examples=["urn:seedal:problem:budget-too-small"],
    )
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status, repeated.")
    detail: str = Field(description="One sentence about this occurrence.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Names this request in the server's log.")
    errors: tuple[InvalidMember, ...] = Field(
        default=(),
        description="The members of the request that break a rule, if that is the reason.",
    )
