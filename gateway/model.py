"""The nouns of the gateway, as frozen values. Everything that travels between rooms is one of these."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: display name (decoded, may be empty) and bare address (`local@domain`, may be empty)."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a mail came to us: what SMTP calls the envelope, and the session around it.

    `sender` is the reverse-path without angle brackets, "" for the null one. `source` is the way in ("smtp", "pipe").
    """

    source: str
    sender: str
    recipients: tuple[str, ...]
    peer: str = ""
    helo: str = ""
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, or an inline picture when `content_id` is set (without angle brackets, as the HTML says `cid:` to it).

    `content` is the decoded bytes, `content_type` a bare `type/subtype` in lower case, `name` a clean file name.
    """

    name: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says, decoded. All text is free of NUL and lone surrogates; header values are free of CR and LF.

    `message_id` is as in the mail, with its angle brackets. `references` is the chain (References, then In-Reply-To),
    each with angle brackets. `notes` tells, in words for the trace, what was repaired or left out.
    """

    message_id: str
    sender: Address
    reply_to: Address | None
    subject: str
    body: str
    html_body: str
    attachments: tuple[Attachment, ...] = ()
    references: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class AutoKind(StrEnum):
    """Who wrote a mail: a person, or a program and why (RFC 3834 and its kin)."""

    PERSON = "person"
    LIST = "list"
    REPLY = "reply"
    NOTIFICATION = "notification"
    BOUNCE = "bounce"
    RECEIPT = "receipt"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Thread:
    """The errand that a mail belongs to, all known errands of its thread, oldest first, and how that was found."""

    errand: str
    history: tuple[str, ...]
    found_by: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The answer that makes an errand a closed one (contract.md, `answer`).

    `user_type` is "cention", "solidus" or "clearinteract", or "" for the system; `user_id` is None where none is named.
    """

    subject: str = ""
    body: str = ""
    html_body: str = ""
    user_type: str = ""
    user_id: str | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class WhatsAppTemplate:
    """A template message that starts an errand (contract.md, `watemplate`).

    `params` is the document's array: of each of its objects the names and texts, in order. The page's sample is one
    object with two names, `((("default", "$10"), ("order", "1234")),)`.
    """

    element_name: str
    namespace: str
    params: tuple[tuple[tuple[str, str], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A telephone call as the integration "aventa" tells it (contract.md, `integrationData`); numbers are MSISDNs.

    What is "" is left out of the document. `appointment` is Unix time in seconds, as a string.
    """

    device_id: int
    extension_id: int
    dest_number: str
    queue_name: str
    queue_number: str
    reference_id: str = ""
    link: str = ""
    paging_number: str = ""
    paging_name: str = ""
    comment: str = ""
    call_reason: str = ""
    appointment: str = ""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """The end of a call, which closes its errand (contract.md, Close); "" is left out of the document."""

    errand_id: str
    device_id: int
    extension_id: int
    reference_id: str = ""
    dialed_number: str = ""


@dataclass(frozen=True, slots=True)
class Errand:
    """What Cention is asked to create: the attributes of c3_new_errands (contract.md, Create).

    `extradata` is any JSON value, None where there is none.
    """

    message_id: str
    name: str
    sender: str
    subject: str
    body: str
    html_body: str
    attachments: tuple[Attachment, ...] = ()
    closing: Closing | None = None
    template: WhatsAppTemplate | None = None
    extradata: Any = None
    call: Call | None = None
    cuid: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that an answer names and that has to be fetched: JSON:API type and id, and the link as it was given."""

    type: str
    id: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """The channel that an errand came by (contract.md, Callback: attributes.service); "" where it is not said."""

    type: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent's answer as the callback carries it (contract.md, Callback); ids are strings whatever the JSON had."""

    errand_id: str
    answer_id: str
    response_id: str
    subject: str
    body: str
    html_body: str
    to: tuple[Address, ...]
    attachments: tuple[Resource, ...] = ()
    archives: tuple[Resource, ...] = ()
    service: Service = Service()


@dataclass(frozen=True, slots=True)
class Reply:
    """A mail to be composed. `inline` pictures carry as `content_id` the name by which `html_body` says `cid:` to them.

    `message_id` and `references` have angle brackets; `references` is the chain to answer to, oldest first, its last
    entry the mail that is answered. `date` is Unix time in seconds: the same reply gives the same bytes. `headers` are
    further ones, name and value. `unsubscribe` are addresses (https, mailto) by which the reader ends such mail;
    `one_click` says that a POST to the https one does (RFC 8058).
    """

    message_id: str
    date: float
    sender: Address
    to: tuple[Address, ...]
    subject: str
    body: str
    html_body: str
    inline: tuple[Attachment, ...] = ()
    files: tuple[Attachment, ...] = ()
    references: tuple[str, ...] = ()
    auto_submitted: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: Address | None = None
    language: str = ""
    unsubscribe: tuple[str, ...] = ()
    one_click: bool = False


class JobKind(StrEnum):
    """What a job is for: create an errand from a mail, send an answer's mail, or keep a copy of what was sent."""

    ERRAND = "errand"
    ANSWER = "answer"
    COPY = "copy"


class JobState(StrEnum):
    """Where a job stands. Done, discarded and parked are ends; only a person moves a parked job on."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    PARKED = "parked"
    HELD = "held"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work as it was leased. `lease` is the fencing number: only its holder's result is recorded.

    `subject` is the id of the mail (errand) or callback (answer) that it is for. `lane` is what pauses together.
    `attempts` counts failed tries, `crashes` ends of reading processes. `detail` is what earlier tries want remembered.
    """

    id: int
    kind: JobKind
    subject: str
    route: str
    lane: str
    lease: int
    attempts: int
    crashes: int
    created_at: float
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A step in the trace of a mail or callback: a word or two, and what belongs to it. No bodies, no secrets."""

    step: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What `accept` returns once everything is durable: our id, and whether we had it already."""

    id: str
    repeat: bool


class Position(NamedTuple):
    """How far a mailbox's folder was read: all messages up to `uid` are taken, or marked one by one."""

    uidvalidity: int
    uid: int


class Mark(NamedTuple):
    """A message that a poller has something to remember of: `state` is the poller's own word, `at` Unix time."""

    uid: str
    state: str
    tries: int = 0
    at: float = 0.0
    error: str = ""
