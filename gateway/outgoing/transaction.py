"""The mail transaction: who sends, who receives, and what each is told (RFC 5321 3.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.errors import Permanent, Reason, TooLarge
from gateway.mail.field import bare_address
from gateway.outgoing.session import Session
from gateway.outgoing.verdict import Elsewhere, Incapable, SmtpReply, Step, require, verdict

_SENTENCE = 2000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient that the smarthost did not take, with its reply; one that is not `permanent` may be tried again."""

    recipient: str
    code: int
    text: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Transaction:
    """A mail to hand over, with its envelope: `recipients` maps each as it was given to what RCPT TO says.

    `unfit` are those that no RCPT TO can name. `international` asks for SMTPUTF8, `eight_bit` for 8BITMIME.
    """

    sender: str
    recipients: Mapping[str, str]
    unfit: tuple[Refusal, ...]
    message: bytes = field(repr=False)
    international: bool
    eight_bit: bool


def prepare(sender: str, recipients: Sequence[str], message: bytes) -> Transaction:
    """Make the envelope, each recipient once. Raises Permanent where there is nothing that could be sent."""
    ends = message.count(b"\r\n")
    if ends != message.count(b"\r") or ends != message.count(b"\n"):
        raise Permanent(
            "The mail has a bare CR or LF, which could smuggle a second mail; it was not sent.",
            reason=Reason.MAIL_UNWRITABLE,
        )
    fit, unfit = {}, []
    for recipient in dict.fromkeys(recipients):
        try:
            fit[recipient] = bare_address(recipient)
        except ValueError as error:
            unfit.append(Refusal(recipient, 501, f"not asked: {error}", permanent=True))
    try:
        sender = bare_address(sender) if sender else ""
    except ValueError as error:
        raise Permanent(f"The mail cannot be sent from this address: {error}", reason=Reason.MAIL_UNWRITABLE) from error
    if not fit:
        raise Permanent(all_refused(unfit) if unfit else "The mail has no recipient.", reason=Reason.NO_RECIPIENT)
    head = message[: message.find(b"\r\n\r\n") + 1]
    international = not (head.isascii() and f"{sender}{''.join(fit.values())}".isascii())
    return Transaction(sender, fit, tuple(unfit), message, international, not message.isascii())


def transact(session: Session, mail: Transaction, smarthost: str) -> tuple[list[str], list[Refusal], SmtpReply | None]:
    """Hand a mail over; return whom it was taken for, whom not, and the last reply: None where it is for nobody.

    Sender, recipients and DATA leave together where the server allows it. Raises what `verdict` says, Incapable where
    the server does not offer what the mail needs, and what a Session raises.
    """
    sender = f"MAIL FROM:<{mail.sender}>{_options(session, mail, smarthost)}"
    session.named, session.begun = False, True
    taken, refused, content = _named(session, mail, sender, smarthost)
    if not taken:
        if content is not None and verdict(Step.CONTENT, content) is None:
            session.send_nothing()
        return [], refused, None
    if content is None:
        [content] = session.ask_each(["DATA"])
    require(Step.CONTENT, content, smarthost)
    reply = session.send_content(mail.message)
    require(Step.END, reply, smarthost)
    session.begun = len(refused) > len(mail.unfit)
    return taken, refused, reply


def _named(
    session: Session, mail: Transaction, sender: str, smarthost: str
) -> tuple[list[str], list[Refusal], SmtpReply | None]:
    """Name sender and recipients; return who was taken, who was not, and the reply to DATA if that left as well."""
    together = session.has_extn("PIPELINING")
    commands = [sender, *(f"RCPT TO:<{address}>" for address in mail.recipients.values())]
    replies = session.ask_each([*commands, "DATA"] if together else commands)
    require(Step.SENDER, next(replies), smarthost)
    session.named = True
    taken, refused = [], list(mail.unfit)
    for recipient, reply in zip(mail.recipients, replies, strict=False):
        error = verdict(Step.RECIPIENT, reply)
        if error is None:
            taken.append(recipient)
        elif error is Elsewhere:
            require(Step.RECIPIENT, reply, smarthost)
        else:
            refused.append(Refusal(recipient, reply.code, reply.text, permanent=issubclass(error, Permanent)))
    return taken, refused, next(replies, None)


def all_refused(refused: Sequence[Refusal]) -> str:
    """Return the sentence that names each recipient with its reply, bounded."""
    each = "; ".join(f"{refusal.recipient}: {SmtpReply(refusal.code, refusal.text)}" for refusal in refused)
    return f"All recipients were refused: {each}"[:_SENTENCE]


def _options(session: Session, mail: Transaction, smarthost: str) -> str:
    """Return the parameters of MAIL FROM that this mail needs, each offered by this server."""
    offered, size = session.esmtp_features, len(mail.message)
    limit = offered.get("size", "").strip()
    if limit.isdigit() and 0 < int(limit) < size:
        raise Incapable(TooLarge(f"{smarthost} takes mails of {limit} bytes at most, this one has {size}."))
    options = f" SIZE={size}" if "size" in offered else ""
    if mail.eight_bit:
        options += _needed("8BITMIME", " BODY=8BITMIME", session, smarthost)
    if mail.international:
        options += _needed("SMTPUTF8", " SMTPUTF8", session, smarthost)
        session.command_encoding = "utf-8"
    return options


def _needed(extension: str, option: str, session: Session, smarthost: str) -> str:
    if not session.has_extn(extension):
        raise Incapable(
            Permanent(f"The mail needs {extension}, which {smarthost} does not offer.", reason=Reason.SMARTHOST_UNFIT)
        )
    return option
