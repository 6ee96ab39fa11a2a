"""Signed addresses of files: who has one may see that one file, for a while, and nothing else.

A signature says what it is for in the open, and proves that this service wrote it (HMAC-SHA256). It
is good for the files that may be read now: what is shut later is shut for signatures, too.
"""

import base64
import hashlib
import hmac
import math
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Final, Protocol

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.errors import ConflictError, GoneError, NotFoundError
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import SecretRow

_PURPOSE: Final = "media"
_DAY_S: Final = 86_400
_CLOUD: Final = "c"
_ENDING: Final = re.compile(r"\.[a-z0-9]{1,5}")
_FORM: Final = re.compile(
    r"(?P<claim>(?P<dataset>[A-Za-z0-9-]{1,64})\.(?P<position>[0-9]{1,9})\."
    r"(?P<image>c|[0-9]{1,9})\.(?P<expires>[0-9]{1,12}))"
    r"\.(?P<proof>[A-Za-z0-9_-]{43})(?:\.[a-z0-9]{1,5})?"
)
_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class MediaClaim:
    """A file that a signature is for.

    Parameters
    ----------
    dataset_id, position
        Which scene: its place in the source's order.
    image
        Which of its images, from 0; None for its point cloud.
    """

    dataset_id: str
    position: int
    image: int | None


@dataclass(frozen=True, slots=True)
class MediaSigner:
    """Writes signatures, and reads what it wrote.

    Parameters
    ----------
    key
        Known to nobody but the service.
    """

    key: bytes

    def sign(self, claim: MediaClaim, expires_at: datetime, name: str = "") -> str:
        """Return a signature for a file, one segment of a path.

        Parameters
        ----------
        claim
            Which file.
        expires_at
            When it ends, to the second.
        name
            The file's. The signature gets its ending, for programs that go by that; it is not
            signed, for the file's own kind counts.
        """
        which = _CLOUD if claim.image is None else str(claim.image)
        until = int(expires_at.timestamp())
        text = f"{claim.dataset_id}.{claim.position}.{which}.{until}"
        ending = PurePosixPath(name.partition("?")[0]).suffix.lower()
        return f"{text}.{self._proof(text)}{ending if _ENDING.fullmatch(ending) else ''}"

    def read(self, signature: str, moment: datetime) -> MediaClaim:
        """Return what a signature is for.

        Raises
        ------
        NotFoundError
            This service did not write it.
        GoneError
            It has expired.
        """
        found = _FORM.fullmatch(signature)
        claim, proof = (found["claim"], found["proof"]) if found else ("", "")
        # Compared in any case, so that time tells nothing.
        if not hmac.compare_digest(self._proof(claim), proof) or found is None:
            raise NotFoundError(kind="file of this signature", name=signature[:_SHOWN])
        if int(found["expires"]) <= moment.timestamp():
            ended = datetime.fromtimestamp(int(found["expires"]), UTC)
            rule = f"The signature was good until {ended:%Y-%m-%d %H:%M:%S} UTC; ask for another."
            raise GoneError(rule)
        image = None if found["image"] == _CLOUD else int(found["image"])
        return MediaClaim(found["dataset"], int(found["position"]), image)

    def _proof(self, text: str) -> str:
        digest = hmac.new(self.key, f"{_PURPOSE}\n{text}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def media_signer(session: Session) -> MediaSigner:
    """Return what signs on this database; its key is made by who asks first."""
    wanted = select(SecretRow.value).where(SecretRow.name == _PURPOSE)
    value = session.scalar(wanted)
    if value is None:
        made = {"name": _PURPOSE, "value": secrets.token_hex(32)}
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        # In a transaction that begins by writing: SQLite lets no reader become a second writer.
        with Session(session.get_bind()) as own:
            own.execute(dialect.insert(SecretRow).values(made).on_conflict_do_nothing())
            value = own.scalar(wanted)
            own.commit()
    return MediaSigner(bytes.fromhex(str(value)))


def expiry(moment: datetime, days: float) -> datetime:
    """Return the end of the day on which so many days are over.

    So whoever asks twice on a day gets the same address: what was pushed is not pushed again, and
    caches keep what they have.
    """
    last = (moment + timedelta(days=days)).timestamp()
    return datetime.fromtimestamp(math.ceil(last / _DAY_S) * _DAY_S, UTC)


class MediaUrl(Protocol):
    """Makes the addresses of a dataset's files."""

    def __call__(self, position: int, image: int | None, name: str = "") -> str:
        """Return the address of a file.

        Parameters
        ----------
        position
            Of the scene, in the source's order.
        image
            Which of its images, from 0; None for its point cloud.
        name
            The file's, if it is known: see `MediaSigner.sign`.
        """
        ...


def media_url(session: Session, settings: Settings, dataset_id: str) -> MediaUrl:
    """Return what makes addresses of a dataset's files that another host may open for some days.

    Raises
    ------
    ConflictError
        Nobody said by which address others reach this server.
    """
    if settings.public_url is None:
        rule = (
            "Signed addresses of files need SEEDAL_PUBLIC_URL, the address by which others reach "
            "this server; it is not set."
        )
        raise ConflictError(rule)
    base = f"{settings.public_url}/v1/media"
    signer, expires_at = media_signer(session), expiry(now(), settings.media_days)

    def url(position: int, image: int | None, name: str = "") -> str:
        claim = MediaClaim(dataset_id, position, image)
        return f"{base}/{signer.sign(claim, expires_at, name)}"

    return url
