"""From an exception of requests to a sentence: every class that there is."""

import inspect
import ssl

import pytest
from requests import exceptions
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError

from gateway.cention.network import trouble
from gateway.errors import Temporary

URL = "https://api.example.com/s/demo/capi/json/c3_new_errands"
SECRET = "s3cr3t"
POOL = HTTPConnectionPool("api.example.com")


def subclasses(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(each for below in kind.__subclasses__() for each in subclasses(below))]


CLASSES = sorted(set(subclasses(exceptions.RequestException)), key=lambda kind: kind.__name__)


def test_the_list_of_classes_is_whole() -> None:
    public = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass)]
    assert {kind for kind in public if issubclass(kind, exceptions.RequestException)} <= set(CLASSES)
    assert len(CLASSES) > 20


# The text of an exception may quote a header, and with it the token.
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_exception_is_temporary_and_names_the_host_and_no_secret(kind: type[Exception]) -> None:
    arguments = (SECRET, "", 0) if issubclass(kind, exceptions.JSONDecodeError) else (SECRET,)
    found = trouble(kind(*arguments), URL)
    assert type(found) is Temporary
    assert "api.example.com" in str(found)
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.ConnectTimeout("x"), "did not take the connection in time"),
        (exceptions.ReadTimeout("x"), "in time"),
        (exceptions.ConnectionError(ReadTimeoutError(POOL, URL, "x")), "in time"),
        (exceptions.ConnectionError(TimeoutError()), "in time"),
        (exceptions.ConnectionError(ConnectionResetError(104, "Connection reset by peer")), "cut: Connection reset"),
        (exceptions.ConnectionError("x"), "was cut"),
        (exceptions.ChunkedEncodingError("x"), "was cut"),
        (exceptions.SSLError(ssl.SSLError(1, "wrong version number")), "no TLS connection"),
        (exceptions.InvalidURL("x"), "is `url` right?"),
        (exceptions.InvalidHeader("x"), "is the token right?"),
        (exceptions.ProxyError("x"), "proxy"),
        (OSError(24, "Too many open files"), "failed: Too many open files"),
    ],
)
def test_what_happened_is_said(error: Exception, said: str) -> None:
    assert said in str(trouble(error, URL))


def test_a_refused_connection_is_told_from_a_cut_one() -> None:
    inner = NewConnectionError(HTTPConnection("api.example.com"), "x")
    inner.__cause__ = ConnectionRefusedError(111, "Connection refused")
    outer = exceptions.ConnectionError(MaxRetryError(POOL, URL, inner))
    assert "refuses connections" in str(trouble(outer, URL))


# An exception may be its own context.
def test_a_circle_of_causes_ends() -> None:
    error = exceptions.ConnectionError("x")
    error.args = (error,)
    assert "was cut" in str(trouble(error, URL))
