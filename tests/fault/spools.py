"""What is in a spool that lies on a disk, read with the program's own code."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from gateway.errors import GatewayError
from gateway.spool.spool import Spool
from gateway.spool.tables import mail


def url_in(folder: Path) -> str:
    """The URL of the spool in a folder."""
    return f"sqlite:///{folder / 'spool.db'}"


@contextmanager
def opened(url: str) -> Iterator[Spool]:
    """A spool as the program has it after its start."""
    spool = Spool(url)
    try:
        spool.own()
        yield spool
    finally:
        spool.close()


def content(spool: Spool, name: str) -> bytes | None:
    """A mail's bytes, None where the spool does not have them."""
    try:
        with spool.raw(name) as found:
            return found.read_bytes() if isinstance(found, Path) else bytes(found)
    except GatewayError:
        return None


def digest(raw: bytes) -> str:
    """What stands for a mail's bytes where many are compared."""
    return sha256(raw).hexdigest()


def digests(url: str) -> dict[str, str]:
    """All mails that a spool has: the digest of each by its id, "" where its bytes are missing."""
    with opened(url) as spool:
        names = spool.read(lambda connection: list(connection.scalars(select(mail.c.id))))
        found = {name: content(spool, name) for name in names}
    return {name: "" if raw is None else digest(raw) for name, raw in found.items()}


def named(url: str) -> set[str]:
    """The files of large mails that rows name, after what a start sweeps was swept."""
    with opened(url) as spool:
        return spool.read(
            lambda connection: set(connection.scalars(select(mail.c.blob).where(mail.c.blob.is_not(None))))
        )


def bodies(url: str) -> set[str]:
    """The large mails that a spool keeps apart, after what a start sweeps was swept."""
    with opened(url) as spool:
        return set(spool.bodies.names())


def files(folder: Path) -> set[str]:
    """The files of large mails that are there."""
    return {path.name for path in folder.glob("*.blobs/*")}
