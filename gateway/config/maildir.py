"""`[[maildir]]` and `[[pickup]]`: directories that mail is taken from."""

from pathlib import Path

from pydantic import Field, field_validator

from gateway.config.section import Section
from gateway.config.units import Duration, Size


class Directory(Section):
    """A directory that mail is taken from."""

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$", description="Its name in logs and metrics.")
    path: Path = Field(description="The directory; the gateway's user must be able to read, write and rename in it.")
    route: str = Field(description="The `[[route]]` for all mail, or for what `route_by` finds none for.")
    route_by: list[str] = Field(
        default_factory=list,
        description="Headers that name the recipient, by which a route is found, the first that does: "
        '`["Delivered-To", "X-Original-To", "To"]`.',
    )
    interval: Duration = Field(
        default=30.0,
        ge=1,
        description="How often is looked in any case. On a local disk the kernel tells at once; of what another "
        "machine writes by NFS it knows nothing.",
    )
    max_size: Size = Field(default=50_000_000, description="Largest message taken.")

    @field_validator("path")
    @classmethod
    def _path_is_absolute(cls, path: Path) -> Path:
        if not path.is_absolute():
            raise ValueError(f'expected an absolute path such as "/var/mail/support", found "{path}"')
        return path


class Maildir(Directory):
    """A Maildir whose `new` mail is taken from. It is one alone: its subfolders are Maildirs of their own."""

    after: str = Field(
        default="cur",
        pattern=r"^(cur|delete|done:.+)$",
        description="What is done with a message once it is ours: `cur` moves it to `cur`, marked as seen, "
        "`done:FOLDER` moves it to a directory, whose path may begin at the Maildir, `delete` deletes it.",
    )

    @property
    def done(self) -> Path | None:
        """Return the directory that messages are moved to, None where they are deleted."""
        kind, _, folder = self.after.partition(":")
        return None if kind == "delete" else self.path / (folder or "cur")


class Pickup(Directory):
    """A directory into which programs put mails as files, `*.eml`, each best by a rename from another name."""

    after: str = Field(
        default="done",
        pattern=r"^(done|delete)$",
        description="What is done with a file once it is ours: `done` moves it to the directory `done` in it, `delete` "
        "deletes it. What can never be taken is moved to `failed`, beside a file that says why.",
    )
    settle: Duration = Field(
        default=2.0,
        ge=0.01,
        description="How long a file must not have changed, nor be open for writing, before it is read.",
    )

    @property
    def done(self) -> Path | None:
        """Return the directory that files are moved to, None where they are deleted."""
        return self.path / "done" if self.after == "done" else None
