"""`user`: who signs in to the console with a password."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exits import Exit
from gateway.cli.options import DEFAULT, AsJson, Config
from gateway.cli.terminal import complain, print_json, print_table
from gateway.config.role import Role

if TYPE_CHECKING:
    from gateway.config.console import ConsoleSection

app = typer.Typer(no_args_is_help=True, help="Who signs in to the console with a password.")

Name = Annotated[str, typer.Argument(help="The name that they sign in by.")]


@app.command()
def add(
    name: Name,
    role: Annotated[
        Role, typer.Option(help="What they may do; each role may do what those before it may.")
    ] = Role.LOOK,
    config: Config = DEFAULT,
    *,
    from_stdin: Annotated[bool, typer.Option("--stdin", help="Read the password from standard input.")] = False,
) -> None:
    """Add somebody to `console.users_file`, or give them another password or role; a running gateway knows at once.

    Without a users_file it prints the lines for the settings. The password is asked for twice.
    """
    from gateway.web.console.password import hashed
    from gateway.web.console.usersfile import User, read, write

    _check_name(name)
    console = _console(config)
    user = User(role, hashed(_password(from_stdin=from_stdin)))
    if not console.users_file:
        print(f'[console.user."{name}"]\nrole = "{role}"\npassword = "{user.password}"')
        return
    path = Path(console.users_file)
    users = read(path)
    write(path, {**users, name: user})
    print(f"{name} {'is changed' if name in users else 'is added'} in {path}, with the role {role}.")
    if name in console.user:
        print(f"But [console.user.{name}] of {config} goes before it.", file=sys.stderr)


@app.command()
def remove(name: Name, config: Config = DEFAULT) -> None:
    """Take somebody out of `console.users_file`; their sessions end at once."""
    from gateway.web.console.usersfile import read, write

    console = _console(config)
    if name in console.user:
        raise complain(f"{name} is in {config} itself: take [console.user.{name}] out there", Exit.FAILED)
    path = Path(console.users_file)
    users = read(path) if console.users_file else {}
    if name not in users:
        raise complain(f"{name}: there is no such user", Exit.FAILED)
    write(path, {other: user for other, user in users.items() if other != name})
    print(f"{name} is removed from {path}.")


@app.command("list")
def list_(config: Config = DEFAULT, *, as_json: AsJson = False) -> None:
    """List who signs in with a password, and where they are written down."""
    from rich.table import Table

    from gateway.web.console.usersfile import users_of

    console = _console(config)
    rows = [
        {"name": name, "role": user.role.value, "kept": str(config) if name in console.user else console.users_file}
        for name, user in sorted(users_of(console).items())
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("name", "role", "kept in")
    for row in rows:
        table.add_row(*row.values())
    print_table(table)


def _console(config: Path) -> "ConsoleSection":
    from gateway.config.load import load

    return load(config).console


def _check_name(name: str) -> None:
    from gateway.config.console import USER_NAME

    if not re.fullmatch(USER_NAME, name):
        expected = "up to 64 letters, digits and . _ @ + -, the first a letter or digit"
        raise complain(f"{name!r}: expected {expected}", Exit.USAGE)


def _password(*, from_stdin: bool) -> str:
    """Return a password that was typed twice, or is the first line of standard input; exit 65 for a weak one."""
    from gateway.web.console.password import MOST, weakness

    if from_stdin or not sys.stdin.isatty():
        password = sys.stdin.readline(MOST + 2).rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True)
    if wrong := weakness(password):
        raise complain(f"password: {wrong}", Exit.UNUSABLE)
    return password
