"""Where an answer goes: by which route, to whom, in which thread; or why it is not for us to send. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.config.cention import Route, Workspace
from gateway.errors import Permanent, Reason
from gateway.flow.outbound import Origin
from gateway.model import Address, Answer, AutoKind, Event, Service

# Names of services whose answers do not leave by mail [inferred: the page shows one service, "Form" of type 19].
OTHER_CHANNELS = frozenset(
    {"call", "chat", "facebook", "instagram", "line", "linkedin", "messenger", "phone", "skype", "sms", "telegram"}
    | {"telephone", "twitter", "viber", "voice", "voip", "vkontakte", "wechat", "whatsapp", "x"}
)
# What a program reports has no reader at the other end.
_NEVER_ANSWERED = frozenset({AutoKind.BOUNCE, AutoKind.COMPLAINT})
# Whose mail may be answered by itself once more, so that ours says that it wants no such answer (RFC 3834 2).
_ANSWERED_BY_PROGRAMS = frozenset({AutoKind.REPLY, AutoKind.NOTIFICATION, AutoKind.RECEIPT})


@dataclass(frozen=True, slots=True)
class Maker:
    """The mail of ours that made an errand: its route, its writer's address ("" for none), the thread to answer in.

    `mail` is its id in the spool; `kind` tells who wrote it, `from_nobody` that its reverse-path was the null one.
    """

    route: str
    writer: str
    thread: tuple[str, ...] = ()
    mail: str = ""
    kind: AutoKind = AutoKind.PERSON
    from_nobody: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """A route by name, what an answer takes from it, the recipients, and what the trace should say of them."""

    route: str
    origin: Origin
    to: tuple[Address, ...]
    events: tuple[Event, ...] = ()


def ignored(answer: Answer, maker: Maker | None, workspace: Workspace) -> str:
    """Return why an answer is not for us to send, by the workspace's settings; "" where it is."""
    if not is_mail(answer.service, workspace.services):
        kind = f" of type {answer.service.type}" if answer.service.type else ""
        return f'the errand\'s service "{answer.service.name}"{kind} is not mail (setting `services`)'
    if maker is None and workspace.foreign_answers == "ignore":
        return f"no mail of ours made errand {answer.errand_id} (setting `foreign_answers`)"
    if maker is not None and maker.from_nobody and maker.kind in _NEVER_ANSWERED:
        return f"the errand is a {maker.kind} that came with the null sender, which nobody answers (RFC 5321 4.5.5)"
    return ""


def is_mail(service: Service, choices: Mapping[str, str]) -> bool:
    """Whether a service's answers leave by mail: as chosen by type, name or "*", else by what the name is known as."""
    chosen = {key.casefold(): value for key, value in choices.items()}
    name = service.name.casefold()
    keys = (service.type.casefold(), name, "*")
    return next((chosen[key] == "deliver" for key in keys if key in chosen), name not in OTHER_CHANNELS)


def destination(answer: Answer, maker: Maker | None, workspace: str, routes: Sequence[Route]) -> Destination:
    """Return where an answer goes: back by the route that its errand came by, else by the first of `routes`.

    Where it names no recipient, its errand's writer is one. Permanent where that is not known either.
    """
    route = next((one for one in routes if maker is not None and one.name == maker.route), routes[0])
    thread, automatic = (maker.thread, maker.kind in _ANSWERED_BY_PROGRAMS) if maker is not None else ((), False)
    origin = Origin(workspace, route.reply_from, thread, automatic=automatic)
    if answer.to:
        return Destination(route.name, origin, answer.to)
    if maker is None or not maker.writer:
        raise Permanent(
            "the answer names no recipient with an e-mail address, and who wrote its errand is not known",
            reason=Reason.NO_RECIPIENT,
        )
    why = "the answer names no recipient, so it goes to the writer of the mail that made the errand"
    note = Event("recipient", {"to": maker.writer, "why": why})
    return Destination(route.name, origin, (Address("", maker.writer),), (note,))
