"""Who wrote a mail: From, and what stands in where it says nothing, or what a mailing list put in its place.

A list that rewrites From, so that its mail passes DMARC, says `"Ann Lee via Help" <help@lists.example>` and puts the
writer elsewhere: X-Original-From (Google, Mailman), X-Original-Sender (Google), Reply-To (Mailman, LISTSERV), or within
its own address (Groups.io). A group in front of a contact centre does so with every customer's mail. Those
are believed only where the mail says that it comes from a list, X-Original-From also where From says "via".
"""

import re
from collections.abc import Iterator

from gateway.mail.address import from_header, mailboxes
from gateway.mail.header import Header
from gateway.model import Address

# Where From has no address, the first of these that has one; Return-Path is the envelope's sender.
_STAND_INS = ("sender", "resent-from", "resent-sender", "reply-to", "x-original-from", "x-sender", "return-path")
_LIST_MARKS = frozenset({"list-id", "list-post", "x-beenthere", "mailing-list", "x-google-group-id"})
_LIST_ADDRESSES = ("list-post", "x-beenthere", "mailing-list")
_SAYS_SO = "x-original-from"
_ORIGINALS = (_SAYS_SO, "x-mailman-original-from", "reply-to", "x-original-sender")
_VIA = re.compile(r"['\s]\s*(?:via|über|a través de)\s.*", re.IGNORECASE | re.DOTALL)
_NO_PERSON = re.compile(r"[^@]*-dmarc-request@", re.IGNORECASE)
_WITHIN = re.compile(r"([^@=]+)=([^@=]+\.[^@=]+)@")  # `ann=her.example@groups.io`
_NOBODY = Address("", "")


def writer(header: Header, charset: str = "") -> Address:
    """Return who wrote a mail, `Address("", "")` if it does not say. `charset` is for raw 8-bit in the header.

    Where From names somebody without an address, its name is kept beside the address that stands in.
    """
    sender = _first(header, "from", charset) or _NOBODY
    if not sender.email:
        found = (_first(header, name, charset) for name in _STAND_INS)
        other = next((address for address in found if address and address.email), None)
        return Address(sender.name or other.name, other.email) if other else sender
    return _original(header, sender, charset) or sender


def reply_to(header: Header, charset: str = "") -> Address | None:
    """Return where the writer wants an answer to go (RFC 5322 3.6.2): the first address of Reply-To."""
    return _first(header, "reply-to", charset)


def _first(header: Header, name: str, charset: str) -> Address | None:
    """Return the first mailbox with an address of all fields `name`, else the first one."""
    found = [address for value in header.all(name) if (address := from_header(value, charset))]
    return next((address for address in found if address.email), found[0] if found else None)


def _original(header: Header, sender: Address, charset: str) -> Address | None:
    """Return the writer of a mail whose From a mailing list rewrote, None for any other mail."""
    via, within = _VIA.search(sender.name), _WITHIN.match(sender.email)
    if _LIST_MARKS.isdisjoint(name for name, _ in header.fields):
        if not via:
            return None
        believed: tuple[str, ...] = (_SAYS_SO,)
    elif via or within or header.raw(_SAYS_SO) or _NO_PERSON.match(sender.email):
        believed = _ORIGINALS
    else:
        return None
    name = _VIA.sub("", sender.name).strip("' ")
    lists = {sender.email.lower(), *(address.email.lower() for address in _mailboxes(header, _LIST_ADDRESSES, ""))}
    for address in _mailboxes(header, believed, charset):
        if address.email and address.email.lower() not in lists:
            return Address(address.name or name, address.email)
    return Address(name, f"{within[1]}@{within[2]}") if within and believed else None


def _mailboxes(header: Header, names: tuple[str, ...], charset: str) -> Iterator[Address]:
    return (address for name in names for value in header.all(name) for address in mailboxes(value, charset))
