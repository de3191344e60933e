"""What gives access tokens to a mailbox that has no password, as a shape: they are of `gateway.oauth`."""

from typing import Protocol


class Token(Protocol):
    """Gives an access token where there is no password."""

    def __call__(self) -> str:
        """Return one that holds; Refused when a person has to see to it."""

    def invalidate(self, token: str = "") -> None:
        """Have another one got: the server did not take this one."""
