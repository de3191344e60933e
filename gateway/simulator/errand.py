"""What Cention holds of an errand, as frozen values: the errand, its answers, their files and deliveries."""

from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from gateway.simulator.areas import Area
from gateway.simulator.contract import ATTACHMENT

StateName = Literal["open", "answered", "closed"]
Kind = Literal["message", "template", "answer", "closing"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as an agent gives it; `content` is base64."""

    name: str
    content_type: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class File:
    """A file: of an answer, the resource `type`/`id`; of a customer's message, `type` "" and `id` its place in it.

    `content` is base64. `content_id` is what the HTML writes after `cid:` for it; `inline` when the HTML does.
    """

    workspace: str
    type: str
    id: int
    name: str
    content_type: str
    content: str = field(repr=False)
    content_id: str = ""
    inline: bool = False

    @property
    def size(self) -> int:
        """How many bytes the content is."""
        return len(self.content) * 3 // 4 - self.content.endswith("=") - self.content.endswith("==")

    def resource(self) -> dict[str, Any]:
        """The document that a GET of its address answers (contract, Fetch); content_id only where it says something."""
        named = {"content_id": self.content_id} if self.inline and self.type == ATTACHMENT else {}
        attachment = {"c3_id": self.id, "content_type": self.content_type, "name": self.name, "content": self.content}
        return {"data": {"type": self.type, "id": str(self.id), "attributes": {"attachment": attachment | named}}}

    def shown(self) -> dict[str, Any]:
        """What is said of it in a conversation; its content is somewhere else."""
        said = {"name": self.name, "content_type": self.content_type, "size": self.size, "content_id": self.content_id}
        return said | {"inline": self.inline, "type": self.type, "id": str(self.id)}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST of a callback: when (Unix time), where to, how long it took; `status` and `body`, or `error`."""

    at: float
    url: str
    seconds: float
    status: int | None = None
    body: str = ""
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the other side said that it has it."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def shown(self) -> dict[str, Any]:
        """The delivery as JSON."""
        return asdict(self)

    def outcome(self) -> dict[str, Any]:
        """What the other side said, or why it said nothing."""
        return {"error": self.error} if self.status is None else {"status": self.status, "body": self.body}


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer's callback for one callback setting: the document, and each time that it was POSTed."""

    setting: str
    document: dict[str, Any] = field(repr=False)
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An agent's answer: Cention's numbers for it, the finished HTML, `to` as (name, address); `number` is from 1.

    `missing` and `extra` are files whose resource is left out of `included`, or of what the errand names.
    """

    number: int
    at: float
    answer_id: int
    response_id: int
    subject: str
    body: str
    html_body: str
    to: tuple[tuple[str, str], ...]
    attachments: tuple[File, ...] = ()
    archives: tuple[File, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    service: tuple[str, int] = ("Form", 19)
    sent: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a conversation. `answer` is the agent's answer that it shows, if it shows one."""

    kind: Kind
    at: float
    name: str
    address: str
    subject: str
    body: str
    html_body: str
    files: tuple[File, ...] = ()
    answer: Answer | None = None

    def shown(self) -> dict[str, Any]:
        """The entry as JSON."""
        shown: dict[str, Any] = {"kind": self.kind, "at": self.at, "name": self.name, "address": self.address}
        shown |= {"subject": self.subject, "body": self.body, "html_body": self.html_body}
        shown |= {"files": [file.shown() for file in self.files]}
        return shown if self.answer is None else shown | {"answer": self.answer.number}


@dataclass(frozen=True, slots=True)
class Closed:
    """That an errand was closed: when, how ("created", "c3_end_errands", "agent"), and the call's data, if any."""

    at: float
    how: str
    call: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """An errand: `document` as it was posted, `created` in Unix time.

    `repeat` says how many errands of the workspace came before it with the same message_id.
    """

    id: str
    area: Area
    document: dict[str, Any] = field(repr=False)
    created: float
    repeat: int = 0
    answers: tuple[Answer, ...] = field(default=(), repr=False)
    closed: Closed | None = None

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes as they were posted."""
        attributes: dict[str, Any] = self.document["data"]["attributes"]
        return attributes

    @property
    def message(self) -> dict[str, Any]:
        """The customer's message, `msg`, as it was posted."""
        message: dict[str, Any] = self.attributes["msg"]
        return message

    @property
    def state(self) -> StateName:
        """Where it stands: the later of closing and answering counts."""
        if self.closed and not (self.answers and self.answers[-1].at > self.closed.at):
            return "closed"
        return "answered" if self.answers else "open"

    def shown(self) -> dict[str, Any]:
        """The errand as `/_sim/errands` lists it; `closed` is true once nobody waits for an answer."""
        return {
            "id": self.id,
            "closed": self.state != "open",
            "attributes": self.attributes,
            "state": self.state,
            "workspace": self.area.workspace,
            "area": self.area.name,
            "created": self.created,
            "repeat": self.repeat,
            "answers": len(self.answers),
        }
