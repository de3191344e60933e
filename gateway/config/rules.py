"""The settings' classes for rules: `[[rule]]` and `[[route.rule]]`. What they mean is the route room's (docs/rules.md).

Keys of the API are written as the API writes them, which is not always how Python may: these have an alias.
"""

from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from gateway.config.section import Section
from gateway.config.units import read_size

_DEPTH = 10
# What JSON can carry on, both for us and for Cention.
_INTEGERS = range(-(2**63), 2**64)


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _number(value: object) -> str:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"expected a whole number or a text that comes to one, found {value!r}")


def _extradata(value: object) -> object:
    if value == "fields" or (isinstance(value, dict) and _is_json(value)):
        return value
    raise ValueError(
        f'expected a table of texts, numbers, true and false (a date in quotes), or "fields"; found {value!r:.100}'
    )


def _is_json(value: object, depth: int = 0) -> bool:
    if depth > _DEPTH:
        return False
    if isinstance(value, dict):
        return all(_is_json(one, depth + 1) for one in value.values())
    if isinstance(value, list):
        return all(_is_json(one, depth + 1) for one in value)
    if isinstance(value, int):
        return value in _INTEGERS
    return isinstance(value, str) or (isinstance(value, float) and isfinite(value))


def _bytes(value: object) -> int:
    size = read_size(value)
    if size not in _INTEGERS:
        raise ValueError(f"expected a size of less than 2^64 bytes, found {value!r:.100}")
    return size


Kind = Literal["person", "list", "reply", "notification", "bounce", "receipt", "complaint"]
Patterns = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
Kinds = Annotated[list[Kind], BeforeValidator(_listed), Field(min_length=1)]
Number = Annotated[str, PlainValidator(_number)]
# Not units.Size: a rule is handed on as plain data, with its sizes as numbers.
Bytes = Annotated[int, PlainValidator(_bytes)]


class SizeRange(Section):
    """Bytes of the whole mail."""

    over: Bytes | None = Field(default=None, description="More than this.")
    under: Bytes | None = Field(default=None, description="Less than this.")


class FileChoice(Section):
    """Which attachments are meant, here and in `drop`: those that all given keys fit; `{}` is any."""

    name: Patterns | None = Field(default=None, description="The file's name.")
    type: Patterns | None = Field(default=None, description='Its media type, such as `"image/*"`.')
    over: Bytes | None = Field(default=None, description='Larger than this, such as `"5 MB"`.')
    under: Bytes | None = Field(default=None, description="Smaller than this.")


Files = Annotated[list[FileChoice], BeforeValidator(_listed), Field(min_length=1)]


class Conditions(Section):
    """Conditions of a rule; a list means any of its entries."""

    sender: Patterns | None = Field(default=None, description="The writer's address, as the errand would name it.")
    domain: Patterns | None = Field(default=None, description="The part of it behind the @.")
    envelope_sender: Patterns | None = Field(
        default=None, description='The reverse-path that SMTP named, `""` for the null one.'
    )
    recipient: Patterns | None = Field(
        default=None, description="Any envelope recipient through which the mail came to this route."
    )
    subject: Patterns | None = Field(default=None, description="The subject.")
    header: dict[str, Patterns] = Field(
        default_factory=dict, description='Any header by name, `header = { "X-Case" = "*" }`; several: all must fit.'
    )
    body: Patterns | None = Field(default=None, description="The text, its first 65,536 characters.")
    field: dict[str, Patterns] = Field(
        default_factory=dict, description="Values of the text's `name: value` lines, by name."
    )
    attachment: Files | None = Field(
        default=None, description='A file is there of that kind: `{ name = "*.pdf" }`; `{}` is any file.'
    )
    size: SizeRange | None = Field(default=None, description='The mail\'s size in bytes: `{ over = "1 MB" }`.')
    automatic: Kinds | None = Field(
        default=None,
        description="Who wrote it: `person`, `list`, `reply` (an auto-reply), `notification`, `bounce`, `receipt` "
        "(read receipt), `complaint` (feedback report).",
    )
    authentication: dict[str, Patterns] = Field(
        default_factory=dict,
        description='Results by method, `{ dkim = "pass" }`, from headers that name `gateway.authserv_id` only; '
        "a method without result is `none`.",
    )


class When(Conditions):
    """What must hold: all that is given; a list means any of its entries. Without any the rule always matches."""

    not_: Conditions = Field(
        default_factory=Conditions, alias="not", description="Conditions of the same kinds, none of which may hold."
    )


class ExtraData(Section):
    """What else is known of a call."""

    comment: str = Field(default="", description="Comment.")
    call_reason: str = Field(default="", alias="callReason", description="Why the call was made.")
    appointment_timestamp: Number = Field(
        default="", alias="appointmentTimestamp", description="Unix time in seconds of an appointment."
    )


class Integration(Section):
    """A telephone call. A mail whose values do not fit is held."""

    integration_name: Literal["aventa"] = Field(
        default="aventa", alias="integrationName", description="The only one that Cention supports."
    )
    device_id: Number = Field(default="", alias="deviceId", description="Mandatory; comes to a whole number.")
    extension_id: Number = Field(default="", alias="extensionId", description="Mandatory; comes to a whole number.")
    dest_number: Number = Field(default="", alias="destNumber", description="Mandatory: the number called, MSISDN.")
    queue_name: str = Field(default="", alias="queueName", description="Mandatory: the queue.")
    queue_number: Number = Field(default="", alias="queueNumber", description="Mandatory: the queue's number.")
    reference_id: str = Field(default="", alias="referenceId", description="The call's id; `end` finds it by that.")
    link: str = Field(default="", description="A link to show.")
    paging_number: Number = Field(default="", alias="pagingNumber", description="Number paged.")
    paging_name: str = Field(default="", alias="pagingName", description="Name paged.")
    extra_data: ExtraData = Field(default_factory=ExtraData, alias="extraData", description="What else is known.")


class ClosingAnswer(Section):
    """The errand is created closed, with this answer; `{}` closes it without one."""

    subject: str = Field(default="", description="Subject of the answer.")
    body: str = Field(default="", description="Its text.")
    html_body: str = Field(default="", description="The same as HTML.")
    user_type: Literal["cention", "solidus", "clearinteract"] | None = Field(
        default=None, description="What kind of id `user_id` is; needed with it. Without a user the system closes."
    )
    user_id: Number = Field(default="", description="Who closes it.")

    @model_validator(mode="after")
    def _user_has_a_kind(self) -> Self:
        if self.user_id and self.user_type is None:
            raise ValueError("user_id needs a user_type: cention, solidus or clearinteract")
        return self


class Template(Section):
    """A WhatsApp template starts the errand; `answer` then names the user, and nothing else."""

    elementname: str = Field(default="", description="The template's element name.")
    namespace: str = Field(default="", description="Its namespace.")
    params: list[dict[str, str]] = Field(
        default_factory=list, description='Its parameters in order, `[{ name = "text" }]`.'
    )


class Changes(Section):
    """What the errand is created with. Values are templates; what comes out empty is not set."""

    subject: str = Field(default="", description="`msg.subject`.")
    name: str = Field(default="", description="`msg.name`, the writer's name.")
    from_: str = Field(default="", alias="from", description="`msg.from`; what is no address is not set.")
    cuid: str = Field(default="", description="External customer id on the contact card.")
    extradata: Annotated[Any, PlainValidator(_extradata)] = Field(
        default=None, description='A table, as deep as you like; or `"fields"`: all `name: value` lines of the text.'
    )
    integration: Integration = Field(
        default_factory=Integration, alias="integrationData", description="A telephone call."
    )
    answer: ClosingAnswer = Field(default_factory=ClosingAnswer, description="Creates the errand closed.")
    watemplate: Template = Field(default_factory=Template, description="A WhatsApp template.")


class EndOfCall(Section):
    """The mail makes no errand but ends one, found by the first of `errand`, `reference`, `thread` that finds one."""

    errand: str = Field(default="", description="The errand's id.")
    reference: str = Field(
        default="", description="What an earlier mail's errand has as `extradata.reference` or `referenceId`."
    )
    thread: bool = Field(default=False, description="The errand of a mail that this one answers.")
    device_id: Number = Field(alias="deviceId", description="The device's id; comes to a whole number.")
    extension_id: Number = Field(alias="extensionId", description="The extension's id; comes to a whole number.")
    reference_id: str = Field(default="", alias="referenceId", description="The call's id.")
    dialed_number: Number = Field(default="", alias="dialedNumber", description="Number dialed, of an outbound call.")

    @model_validator(mode="after")
    def _can_find_one(self) -> Self:
        if not (self.errand or self.reference or self.thread):
            raise ValueError("expected a way to find the errand: errand, reference or thread = true")
        return self


class RuleSection(Section):
    """A rule, tried in order: those of `[[rule]]`, then `[[route.rule]]` of the route that the mail is then in."""

    name: str = Field(
        min_length=1, max_length=100, description="Its name in traces and logs; no other rule may have it."
    )
    when: When = Field(default_factory=When, description="Conditions, all of which must hold.")
    set: Changes = Field(default_factory=Changes, description="What the errand is created with.")
    route: str = Field(default="", description="The route whose errand it becomes instead.")
    also: list[str] = Field(default_factory=list, description="Routes in which it becomes an errand as well.")
    drop: Files | None = Field(default=None, description="Attachments that are left out of the errand.")
    discard: str = Field(default="", description="No errand is made; the reason, for the trace.")
    hold: str = Field(default="", description="The mail waits for a person (`queue release`); the reason.")
    end: EndOfCall | None = Field(default=None, description="No errand is made but one is ended.")
    stop: bool = Field(default=False, description="No later rule is tried.")
