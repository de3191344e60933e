"""`dkim`: keys that answers are signed with, and what DNS has to say of them."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import complain, print_json

if TYPE_CHECKING:
    from gateway.outgoing.dkim import Signer

app = typer.Typer(no_args_is_help=True, help="Keys that answers are signed with (DKIM).")
_MODE = 0o600


class Kind(StrEnum):
    """What a key may be."""

    RSA = "rsa"
    ED25519 = "ed25519"


@app.command()
def new(
    domain: Annotated[str, typer.Argument(help="The domain that answers come from.")],
    selector: Annotated[str, typer.Option(help="Its name in DNS; by default one with this year.")] = "",
    kind: Annotated[
        Kind, typer.Option("--type", help="Every receiver knows rsa; ed25519 is good beside it.")
    ] = Kind.RSA,
    folder: Annotated[Path, typer.Option(help="Where the key is written.")] = Path(),
    *,
    as_json: AsJson = False,
) -> None:
    """Make a key: write its file, of mode 600, and print the record for DNS and the table for the settings."""
    from gateway.outgoing.dkim_key import new_key, zone_line

    name = selector or f"gw{datetime.now(UTC).year}{'e' if kind is Kind.ED25519 else ''}"
    plain = _checked(domain, name)
    key = new_key(kind.value)
    path = (folder / f"{name}.{plain}.pem").absolute()
    _write(path, key.pem)
    table = f'[[dkim]]\ndomain = "{plain}"\nselector = "{name}"\nkey = "file:{path}"'
    if as_json:
        host = f"{name}._domainkey.{plain}"
        print_json({"domain": plain, "selector": name, "key": path, "name": host, "record": key.record})
        return
    print(f"The key is in {path}. Let the gateway's user read it.\n\nFor DNS:\n")
    print(f"{zone_line(plain, name, key.record)}\n\nFor the settings, once DNS has it:\n\n{table}")


@app.command()
def show(config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """Print the record for DNS of each key in the settings; never a key."""
    from gateway.config.load import load
    from gateway.errors import SettingsError
    from gateway.outgoing.dkim import signers

    lines: list[str] = []
    keys = signers(load(config).dkim, lines)
    if lines:
        raise SettingsError([f"{config}: {line}" for line in lines])
    if as_json:
        print_json([_told(one) for one in keys])
        return
    if not keys:
        print("No [[dkim]] in the settings: answers are not signed. `cention-gateway dkim new DOMAIN` makes a key.")
    for one in keys:
        print(_zone_line(one))


def _told(signer: "Signer") -> dict[str, object]:
    name = f"{signer.selector}._domainkey.{signer.domain}"
    return {"domain": signer.domain, "selector": signer.selector, "name": name, "record": signer.key.record}


def _zone_line(signer: "Signer") -> str:
    from gateway.outgoing.dkim_key import zone_line

    return zone_line(signer.domain, signer.selector, signer.key.record)


def _checked(domain: str, selector: str) -> str:
    """Return the domain as DNS writes it; exit 64 where it is none, or the selector is none."""
    from pydantic import ValidationError

    from gateway.config.dkim import Dkim
    from gateway.config.units import Secret

    try:
        return Dkim(domain=domain, selector=selector, key=Secret("none", inline=True)).domain
    except ValidationError as error:
        (wrong, *_) = error.errors()
        said = str(wrong.get("ctx", {}).get("error") or f"{wrong['msg']}, found {wrong['input']!r:.100}")
        raise complain(f"{wrong['loc'][0]}: {said}", Exit.USAGE) from error


def _write(path: Path, pem: bytes) -> None:
    """Write a file that was not there; exit 1 where it cannot be written."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError as error:
        raise complain(f"{path}: is there already; choose another --selector", Exit.FAILED) from error
    except OSError as error:
        raise complain(f"{path}: cannot be written: {error.strerror}", Exit.FAILED) from error
    try:
        with os.fdopen(number, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(number)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise complain(f"{path}: cannot be written: {error.strerror}", Exit.FAILED) from error
