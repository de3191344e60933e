"""A login at a smarthost (RFC 4954): by a password, in the clear, as a digest or by SCRAM; or by an access token.

smtplib's own login takes ASCII alone; a password may be any text, and goes as UTF-8 (RFC 4616).
"""

import hmac
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scramp import ScramClient, ScramException

from gateway.errors import GatewayError
from gateway.oauth.sasl import oauthbearer, xoauth2
from gateway.outgoing.host import Smarthost
from gateway.outgoing.session import Session
from gateway.outgoing.verdict import Elsewhere, SmtpReply, Step, require

_GO_ON = 334
_SUCCESS = 235
_SCRAM = "SCRAM-SHA-256"
_BY_TOKEN = ("OAUTHBEARER", "XOAUTH2")
_PRIVATE = (_SCRAM, "PLAIN", "LOGIN", "CRAM-MD5")
_IN_CLEAR = (_SCRAM, "CRAM-MD5", "PLAIN", "LOGIN")


def login(session: Session, smarthost: Smarthost, *, private: bool) -> None:
    """Log in where the smarthost's settings say who we are; Elsewhere, or what a Session raises, where that fails.

    `private` is whether the line is encrypted: where it is not, a way that hides the password comes first.
    """
    if smarthost.tokens is not None:
        _by_token(session, smarthost, _mechanism(session, smarthost, _BY_TOKEN))
    elif smarthost.user and smarthost.password is not None:
        name = _mechanism(session, smarthost, _PRIVATE if private else _IN_CLEAR)
        with _secret(smarthost):
            password = smarthost.password()
        require(Step.LOGIN, _WAYS[name](session, smarthost.user, password), smarthost.address)


def _mechanism(session: Session, smarthost: Smarthost, known: tuple[str, ...]) -> str:
    """Choose the first that both sides know; smtplib.SMTPNotSupportedError if there is none."""
    offered = session.esmtp_features.get("auth", "").upper().split()
    wanted = (smarthost.mechanism.upper(),) if smarthost.mechanism else known
    for name in wanted:
        if name in offered:
            return name
    ours = f" (we were to use {wanted[0]})" if smarthost.mechanism else ""
    raise smtplib.SMTPNotSupportedError(
        f"offers no way to log in that we know (it offers: {' '.join(offered) or 'none'}){ours}"
    )


def _by_token(session: Session, smarthost: Smarthost, name: str) -> None:
    """Show a token; one that is refused is tried once more as another, since it may have been taken back."""
    assert smarthost.tokens is not None
    with _secret(smarthost):
        token = smarthost.tokens()
    reply = _shown(session, smarthost, name, token)
    if reply.code != _SUCCESS:
        smarthost.tokens.invalidate(token)
        with _secret(smarthost):
            another = smarthost.tokens()
        if another != token:
            reply = _shown(session, smarthost, name, another)
    require(Step.LOGIN, reply, smarthost.address)


def _shown(session: Session, smarthost: Smarthost, name: str, token: str) -> SmtpReply:
    if name == "XOAUTH2":
        first = xoauth2(smarthost.user, token)
    else:
        first = oauthbearer(smarthost.user, smarthost.host, smarthost.port, token)
    reply = session.ask("AUTH", f"{name} {b64encode(first).decode()}")
    # What is wrong comes as a challenge, and the refusal after an answer to that (RFC 7628 3.2.3).
    return session.ask("AQ==" if name == "OAUTHBEARER" else "") if reply.code == _GO_ON else reply


@contextmanager
def _secret(smarthost: Smarthost) -> Iterator[None]:
    """A password or token that cannot be had is this smarthost's trouble, and no lane's."""
    try:
        yield
    except GatewayError as error:
        raise Elsewhere(f"{smarthost.address}: there is nothing to log in with: {error}") from error


def _plain(session: Session, user: str, password: str) -> SmtpReply:
    return session.ask("AUTH", f"PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{password}')}")


def _login(session: Session, user: str, password: str) -> SmtpReply:
    reply = session.ask("AUTH", "LOGIN")
    for text in (user, password):
        if reply.code == _GO_ON:
            reply = session.ask(_base64(text))
    return reply


def _cram_md5(session: Session, user: str, password: str) -> SmtpReply:
    reply = session.ask("AUTH", "CRAM-MD5")
    if reply.code != _GO_ON:
        return reply
    return session.ask(_base64(f"{user} {hmac.digest(password.encode(), b64decode(reply.text), 'md5').hex()}"))


def _scram(session: Session, user: str, password: str) -> SmtpReply:
    """RFC 7677; the server proves as well that it knows the password."""
    try:
        client = ScramClient([_SCRAM], user, password)
        reply = session.ask("AUTH", f"{_SCRAM} {_base64(client.get_client_first())}")
        if reply.code == _GO_ON:
            client.set_server_first(b64decode(reply.text).decode())
            reply = session.ask(_base64(client.get_client_final()))
        if reply.code == _GO_ON:
            client.set_server_final(b64decode(reply.text).decode())
            reply = session.ask("")
        elif reply.code == _SUCCESS:  # where the proof comes with it
            client.set_server_final(b64decode(reply.text.rpartition(" ")[2]).decode())
    except ScramException as error:
        raise smtplib.SMTPException(f"does not log us in by {_SCRAM}: {error}") from error
    return reply


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


_WAYS: dict[str, Callable[[Session, str, str], SmtpReply]] = {
    _SCRAM: _scram,
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
}
