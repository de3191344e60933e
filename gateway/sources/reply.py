"""Errors to SMTP replies: the one table of this border (rule 6). What is not in the family is temporary."""

from gateway.errors import Full, GatewayError, Permanent, TooLarge

# Most specific first: the first class that fits decides.
_REPLIES: tuple[tuple[type[GatewayError], str], ...] = (
    (Full, "452 4.3.1 No room for more mail now, try again later"),
    (TooLarge, "552 5.3.4 Too large: {error}"),
    (Permanent, "554 5.6.0 {error}"),
    (GatewayError, "451 4.3.0 Not able to take mail now, try again later"),
)


def reply_for(error: BaseException, trace: str) -> str:
    """Return the SMTP reply for an error; `trace` names the log line that has the details."""
    for kind, reply in _REPLIES:
        if isinstance(error, kind):
            return f"{reply.format(error=error)} ({trace})"
    return f"451 4.3.0 Something unexpected, try again later ({trace})"
