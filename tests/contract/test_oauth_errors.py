"""What the errors of a token server come to, what they cost, and what they do not tell."""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import GatewayError, Refused, Temporary
from gateway.log import configure
from tests.oauth import Clock, MakeSource, failure, source_maker
from tests.servers.certificate import make_certificate
from tests.servers.program import free_port
from tests.servers.tokens import FIRST, SECRET, Answer, TokenServer, refusal, token_server


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(tokens: TokenServer, clock: Clock, tmp_path: Path) -> MakeSource:
    return source_maker(tokens, clock, tmp_path)


PERSON = [
    refusal("invalid_grant"),
    refusal("invalid_client", 401),
    refusal("unauthorized_client"),
    refusal("interaction_required"),
    Answer(401, b"<html>"),
    Answer(403, None),
]


@pytest.mark.parametrize("answer", PERSON, ids=lambda answer: f"{answer.status} {answer.body[:30]!r}")
def test_a_refusal_is_for_a_person(source: MakeSource, tokens: TokenServer, answer: Answer) -> None:
    tokens.scripted = [answer]
    error = failure(source(grant="refresh_token"))
    assert isinstance(error, Refused)
    assert "oauth.box: the token server answered 40" in str(error)


def test_a_spent_refresh_token_says_how_to_sign_in_again(source: MakeSource, tokens: TokenServer) -> None:
    tokens.refresh_token = "another"
    said = str(failure(source(grant="refresh_token")))
    assert "invalid_grant The token is expired, revoked or used before.; sign in again" in said
    assert said.endswith("cention-gateway oauth login box")


def test_a_wrong_secret_says_where_it_is_from(source: MakeSource, tmp_path: Path) -> None:
    (tmp_path / "client_secret").write_text("wrong")
    assert f"the secret from file:{tmp_path / 'client_secret'} right" in str(failure(source()))


def test_nobody_having_signed_in_says_how(source: MakeSource) -> None:
    error = failure(source(grant="device"))
    assert isinstance(error, Refused)
    assert str(error) == "oauth.box: nobody has signed in yet: cention-gateway oauth login box"


def test_a_secret_that_is_gone_is_for_a_person(source: MakeSource, tmp_path: Path) -> None:
    one = source()
    (tmp_path / "client_secret").unlink()
    assert isinstance(failure(one), Refused)


LATER: list[tuple[Answer, float | None]] = [
    (refusal("too_many", 429, Retry_After="77"), 77),
    (Answer(429, b"", {"Retry-After": "Wed, 01 Jan 2200 00:00:00 GMT"}), 3600),
    (Answer(503, {}, {"Retry-After": "0"}), None),
    (Answer(500, b"<h1>oops</h1>", {"Retry-After": "soon"}), None),
    (Answer(503, {}, {"Retry-After": f"Mon, 1 Jan 2024 {'9' * 30}:00:00 GMT"}), None),
    (refusal("temporarily_unavailable"), None),
    (Answer(404, b"not here"), None),
    (Answer(302, b"", {"Location": "https://elsewhere.example"}), None),
    (Answer(200, b"not JSON"), None),
    (Answer(200, b"[1]"), None),
    (Answer(200, {"access_token": ""}), None),
    (Answer(200, {"access_token": "two words"}), None),
    (Answer(200, {"access_token": 5}), None),
    (Answer(200, {"access_token": "a", "token_type": "mac"}), None),
    (Answer(200, {"access_token": "x" * 300_000}), None),
    (Answer(400, b"x" * 300_000), None),
]


@pytest.mark.parametrize(("answer", "delay"), LATER, ids=lambda value: getattr(value, "body", b"")[:20])
def test_trouble_of_the_server_is_temporary(
    source: MakeSource, tokens: TokenServer, answer: Answer, delay: float | None
) -> None:
    tokens.scripted = [answer]
    error = failure(source())
    assert isinstance(error, Temporary)
    assert error.delay == (None if delay is None else timedelta(seconds=delay))


# What the server asks for is kept to, however often a mailbox comes by.
def test_the_server_is_not_asked_again_before_its_time(source: MakeSource, tokens: TokenServer, clock: Clock) -> None:
    tokens.scripted = [refusal("slow_down", 429, Retry_After="77")]
    one = source()
    failure(one)
    clock.time += 70
    error = failure(one)
    assert isinstance(error, Temporary)
    assert error.delay == timedelta(seconds=7)
    assert len(tokens.asked) == 1
    clock.time += 8
    assert one.token() == "access-1"


# Ten folders of one mailbox do not ask ten times a minute what was refused; but a sign-in is noticed at once.
def test_a_sign_in_ends_a_refusal_at_once(source: MakeSource, tokens: TokenServer) -> None:
    tokens.scripted = [refusal("invalid_grant")]
    one, command = source(grant="refresh_token"), source(grant="refresh_token")
    assert str(failure(one)) == str(failure(one))
    assert len(tokens.asked) == 1
    command.adopt(command.application.by_refresh_token(FIRST))
    assert one.token() == "access-1"


# The token server may be away for a while before the end of the last token: nobody notices.
def test_a_renewal_that_fails_costs_nothing_while_the_token_is_good(
    source: MakeSource, tokens: TokenServer, clock: Clock
) -> None:
    one = source()
    one.token()
    clock.time += 3400
    tokens.scripted = [Answer(503)]
    assert one.token() == "access-1"
    assert one.token() == "access-1"
    assert len(tokens.asked) == 2
    clock.time += 11
    assert one.token() == "access-2"


# Its end is not waited for: there may be none.
def test_more_than_a_token_needs_is_not_read(source: MakeSource, tokens: TokenServer) -> None:
    tokens.scripted = [Answer(floods=True)]
    assert "with more than 262144 bytes" in str(failure(source()))


# Else a clock that was wrong for a while would keep the mailbox closed for as long.
def test_a_clock_that_was_set_back_does_not_keep_the_server_from_being_asked(
    source: MakeSource, tokens: TokenServer, clock: Clock
) -> None:
    tokens.scripted = [Answer(503)]
    one = source()
    failure(one)
    clock.time -= 86400
    assert one.token() == "access-1"


@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(drips=True)], ids=["silent", "dripping"])
def test_a_server_that_does_not_come_to_an_end_is_left_in_time(
    source: MakeSource, tokens: TokenServer, answer: Answer
) -> None:
    tokens.scripted = [answer]
    error = failure(source(timeout="1 s"))
    assert isinstance(error, Temporary)
    assert "did not answer within 1 s" in str(error)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"http://127.0.0.1:{free_port()}/token", "Connection refused"),
        ("https://tokens.invalid/token", "its name cannot be resolved"),
    ],
)
def test_a_server_that_is_not_there_is_temporary(source: MakeSource, url: str, said: str) -> None:
    error = failure(source(token_url=url))
    assert isinstance(error, Temporary)
    assert said in str(error)


def test_tls_is_trusted_by_its_own_authority_alone(source: MakeSource, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with token_server(certificate) as server:
        url = f"{server.url}/token"
        assert "its certificate is not trusted" in str(failure(source(token_url=url)))
        assert source(token_url=url, ca=str(certificate.certificate)).token() == "access-1"


# -- secrets


# A server may repeat what it was sent; and what is kept has no secret in its repr.
def test_no_secret_is_in_an_error_a_log_or_a_repr(
    source: MakeSource,
    tokens: TokenServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    configure("json", "debug")
    echo = f"{SECRET} {FIRST} client_secret=canary-client-secret%2B%2F%3D eyJhbGciOiJub25lIn0.e30."
    one = source(grant="refresh_token")
    said = []
    for answer in (refusal("invalid_grant", description=echo), Answer(500, echo.encode()), Answer(200, {"a": echo})):
        tokens.scripted = [answer]
        said.append(repr(failure(one)))
        clock.time += 100
    assert one.token() == "access-1"
    clock.time += 3400
    tokens.scripted = [refusal("invalid_grant", description=echo)]
    assert one.token() == "access-1"
    said += [repr(one.kept()), repr(one.application), one.describe(), caplog.text, *capsys.readouterr()]
    everything = "".join(said)
    assert "renewal of the token of oauth.box" in everything
    assert [word for word in ("canary", "access-1", "eyJ") if word in everything] == []


def test_a_caller_waits_no_longer_than_the_one_who_asks(source: MakeSource, tokens: TokenServer) -> None:
    tokens.scripted = [Answer(hangs=True)]
    one, errors = source(timeout="1 s"), list[GatewayError]()
    callers = [threading.Thread(target=lambda: errors.append(failure(one))) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert len(errors) == 4
    assert len(tokens.asked) == 1
