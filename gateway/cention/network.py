"""What goes wrong before Cention has answered: exceptions of requests and sockets, as sentences for a postmaster."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from requests import exceptions
from urllib3.exceptions import LocationValueError, NameResolutionError, ReadTimeoutError

from gateway.errors import Temporary

_BAD_URL = (
    exceptions.InvalidURL,
    exceptions.MissingSchema,
    exceptions.InvalidSchema,
    exceptions.URLRequired,
    LocationValueError,
)
_CUT = (exceptions.ChunkedEncodingError, exceptions.ConnectionError, ConnectionError, http.client.HTTPException)

# The first row with a class that is found in the exception or its causes gives the sentence.
_SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (NameResolutionError, socket.gaierror),
        "the name {host} cannot be resolved: is it right in `url`, and does DNS answer?",
    ),
    ((ssl.SSLError, exceptions.SSLError), "no TLS connection to {host}: {detail}"),
    ((exceptions.ConnectTimeout,), "{host} did not take the connection in time"),
    ((TimeoutError, ReadTimeoutError, exceptions.Timeout), "{host} did not answer, or not completely, in time"),
    ((ConnectionRefusedError,), "{host} refuses connections: does its web server run?"),
    ((exceptions.ProxyError, exceptions.InvalidProxyURL), "the proxy on the way to {host} cannot be used"),
    (_BAD_URL, "{url} is no address that can be called: is `url` right?"),
    ((exceptions.InvalidHeader,), "the request to {host} has a header that HTTP cannot carry: is the token right?"),
    ((exceptions.ContentDecodingError,), "the answer of {host} is compressed in a way that cannot be read"),
    (_CUT, "the connection to {host} was cut: {detail}"),
)

# How a connection ended, where the operating system gave no reason.
_ENDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((http.client.RemoteDisconnected,), "it ended without an answer"),
    ((http.client.IncompleteRead, exceptions.ChunkedEncodingError), "it ended in the middle of the answer"),
    ((http.client.HTTPException,), "what came is not HTTP"),
)


def trouble(error: Exception, url: str) -> Temporary:
    """Return the error for a call to `url` that brought no answer.

    The exception's own text is left out: it may quote what was sent, the token included.
    """
    causes = list(_causes(error))
    host = _host(url)
    for classes, sentence in _SENTENCES:
        if any(isinstance(cause, classes) for cause in causes):
            return Temporary(sentence.format(host=host, url=url, detail=_detail(causes)))
    return Temporary(f"the call to {host} failed: {_detail(causes)}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk through what led to an exception: requests and urllib3 keep it in their arguments and as `reason`."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, BaseException) and found not in seen:
            seen.append(found)
            waiting += [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]
            yield found


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url
    except ValueError:
        return url


def _detail(causes: list[BaseException]) -> str:
    """Return the reason that the certificate's check or the operating system gave, or what kind of end it was."""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, ssl.SSLError) and (reason := getattr(cause, "reason", None)):
            return str(reason).replace("_", " ").lower()
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    ends = (sentence for classes, sentence in _ENDS if any(isinstance(cause, classes) for cause in causes))
    return next(ends, type(causes[-1]).__name__)
