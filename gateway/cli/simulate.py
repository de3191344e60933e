"""`simulate`: a Cention to try things against. Each option is a field of the simulator's Options."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.exits import Exit
from gateway.cli.terminal import complain

if TYPE_CHECKING:
    from gateway.simulator.server import Simulator

app = typer.Typer()


def _option(text: str, panel: str | None = None, name: str | None = None) -> Any:
    return typer.Option(*([name] if name else []), help=text, rich_help_panel=panel)


_WHO, _FORM, _TROUBLE = "Areas, tokens, callbacks", "How callbacks are written", "What is to go wrong"
_Many = list[str] | None
_Listen = Annotated[str, _option("host:port; port 0 is any free one.")]
_State = Annotated[Path | None, _option("File in which errands and tokens survive a restart; without it, memory.")]
_Workspace = Annotated[str, _option("The first workspace's name.", _WHO)]
_Areas = Annotated[_Many, _option("AREA or WORKSPACE/AREA; repeatable. Default: support.", _WHO, "--area")]
_Accounts = Annotated[_Many, _option("As --area, but its token names a channel's account.", _WHO, "--account")]
_Create = Annotated[str | None, _option("The first area's token; generated if not given.", _WHO)]
_AreaTokens = Annotated[_Many, _option("AREA=TOKEN, another area's token.", _WHO, "--area-token")]
_Attachment = Annotated[str | None, _option("Token that gets attachments; generated if not given.", _WHO)]
_Days = Annotated[float, _option("How long generated tokens are good.", _WHO)]
_Callback = Annotated[str, _option("Where answers are POSTed to.", _WHO)]
_Secret = Annotated[str | None, _option("Secret key of the callback; generated if not given, empty: none.", _WHO)]
_AreaCallbacks = Annotated[
    _Many, _option("AREA=URL, where its answers go instead; repeatable.", _WHO, "--area-callback")
]
_AreaSecrets = Annotated[_Many, _option("AREA=SECRET, for its own callback.", _WHO, "--area-secret")]
_Links = Annotated[str, _option("own, foreign, relative, absent or mixed.", _FORM)]
_Spelling = Annotated[str, _option("new, or old: htmlBody, emailAddress, links under /ng/api/json/.", _FORM)]
_Ids = Annotated[str, _option("Ids of resources: text or number.", _FORM)]
_Unknown = Annotated[str, _option("Members that the contract does not know: refuse or ignore.", _TROUBLE)]
_Tries = Annotated[int, _option("How often a callback is tried that is not answered 2xx.", _TROUBLE)]
_Waits = Annotated[
    list[float] | None, _option("Seconds before the next try; repeatable. Default: 1.", _TROUBLE, "--wait")
]
_Latency = Annotated[float, _option("Seconds that every answer takes.", _TROUBLE)]
_Jitter = Annotated[float, _option("Seconds that may come on top, by chance.", _TROUBLE)]
_Rate = Annotated[float, _option("Share of calls, 0 to 1, that are answered 503.", _TROUBLE)]
_Largest = Annotated[int, _option("Bytes of a body above which it is 413.", _TROUBLE)]


@app.command()
def simulate(
    listen: _Listen = "127.0.0.1:8900",
    state: _State = None,
    workspace: _Workspace = "demo",
    areas: _Areas = None,
    accounts: _Accounts = None,
    create_token: _Create = None,
    area_tokens: _AreaTokens = None,
    attachment_token: _Attachment = None,
    token_days: _Days = 365,
    callback: _Callback = "",
    callback_secret: _Secret = None,
    area_callbacks: _AreaCallbacks = None,
    area_secrets: _AreaSecrets = None,
    links: _Links = "own",
    spelling: _Spelling = "new",
    ids: _Ids = "text",
    unknown: _Unknown = "refuse",
    tries: _Tries = 1,
    waits: _Waits = None,
    latency: _Latency = 0,
    jitter: _Jitter = 0,
    error_rate: _Rate = 0,
    largest: _Largest = 256_000_000,
) -> None:
    """Run a Cention to try things against; docs/simulator.md tells all of it."""
    simulator = _made(locals())
    from asyncio import run

    run(_simulate(simulator))


def _made(given: dict[str, Any]) -> "Simulator":
    """The simulator that the options ask for; ends the program with a sentence when they cannot be used."""
    from gateway.simulator.options import Options
    from gateway.simulator.server import Simulator

    try:
        pairs = {name: _pairs(name, given[name] or ()) for name in ("area_tokens", "area_callbacks", "area_secrets")}
        lists = {name: tuple(given[name] or ()) for name in ("areas", "accounts")}
        options = Options(**given | pairs | lists | {"waits": tuple(given["waits"] or (1.0,))})
    except ValueError as error:
        raise complain(error, Exit.USAGE) from error
    try:
        return Simulator(options)
    except OSError as error:
        raise complain(f"--state: {error}", Exit.UNAVAILABLE) from error


def _pairs(name: str, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What stands before and after the first "=" of each; ValueError where there is none."""
    for one in given:
        if "=" not in one:
            raise ValueError(f"{name}: AREA=VALUE expected, found no =")  # what was found may be a token
    return tuple((area, value) for area, _, value in (one.partition("=") for one in given))


async def _simulate(simulator: "Simulator") -> None:
    from asyncio import create_task, sleep

    try:
        await simulator.start()
    except OSError as error:
        raise complain(f"cannot listen: {error.strerror or error}", Exit.UNAVAILABLE) from error
    serving = create_task(simulator.serve_forever())
    await sleep(0)  # it minds signals before anyone can know that it is there
    for label, value in simulator.describe():
        print(f"{label + ':':<28}{value}", flush=True)
    await serving
