"""Who gets a copy of an answer besides those whom it names: whoever the customer wrote to as well."""

from collections.abc import Callable, Collection
from pathlib import Path

from gateway.errors import Permanent
from gateway.flow.destination import Destination, Maker
from gateway.flow.outbound import sender_of
from gateway.flow.surroundings import Surroundings
from gateway.mail.address import mailboxes
from gateway.mail.field import bare_address
from gateway.mail.header import HEADER_BYTES, header_start, read_header
from gateway.model import Address
from gateway.spool.spool import Spool

_MOST = 50


def copies_for(goal: Destination, maker: Maker | None, spool: Spool, around: Surroundings) -> tuple[Address, ...]:
    """Return who gets a copy of an answer by its route's `reply_all`; nobody where the customer's mail is gone."""
    if maker is None or not maker.mail or not around.presentation_of(goal.route).section.reply_all:
        return ()
    try:
        with spool.raw(maker.mail) as raw:
            head = head_of(raw)
    except Permanent:  # its time is over: the answer goes to whom it names
        return ()
    ours = {sender_of(route.reply_from).email.casefold() for route in around.settings.route}
    return copies(head, goal.to, lambda email: email.casefold() in ours or around.recipients.match(email) is not None)


def head_of(raw: bytes | Path) -> bytes:
    """Return the beginning of a mail, in which its header is: at most 256 kB, whatever the mail has."""
    if isinstance(raw, bytes):
        return raw[:HEADER_BYTES]
    with raw.open("rb") as file:
        return file.read(HEADER_BYTES)


def copies(head: bytes, to: Collection[Address], is_ours: Callable[[str], bool]) -> tuple[Address, ...]:
    """Return the To and Cc of a mail, each address once, without those in `to` and without our own.

    Ours are left out because an answer that comes back to us makes an errand. None where there are more than 50: such a
    mail went to a crowd, and its sender did not mean to start a talk with them.
    """
    header, _ = read_header(head, header_start(head), len(head))
    written = [one for name in ("to", "cc") for value in header.all(name) for one in mailboxes(value)]
    known = {address.email.casefold() for address in to}
    found: dict[str, Address] = {}
    for address in written:
        key = address.email.casefold()
        if key not in known and not is_ours(address.email) and _is_writable(address.email):
            found.setdefault(key, address)
    return tuple(found.values()) if len(found) <= _MOST else ()


def _is_writable(email: str) -> bool:
    try:
        bare_address(email)
    except ValueError:
        return False
    return True
