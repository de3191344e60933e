"""`python -m tests.fuzz [RUNS] [--seed N]`: that many mails made to break the reader; what breaks it is kept.

With atheris they are guided by what they reach in `gateway/mail`, and those that reached something new are kept in
`.build/fuzz` for the next time. Without it they are the foreign mails and what was kept, damaged.
"""

import argparse
import importlib
import random
import sys
import time
from importlib.util import find_spec
from typing import Any

_LONGEST = 16 * 1024
_SHOW_EVERY = 10_000
_HANGS_SECONDS = 60
_MEMORY_MB = 2048


def _guided(runs: int, seed: int) -> None:
    """Let atheris make the mails; it ends the process, with the count."""
    atheris: Any = importlib.import_module("atheris")
    # What is imported before this cannot be watched any more.
    with atheris.instrument_imports(include=["gateway.mail"]):
        from tests.fuzz.target import read
    from tests.fuzz.seeds import FOLDER, seeds, words

    found = FOLDER / "found"
    found.mkdir(parents=True, exist_ok=True)
    options = {
        "runs": runs,
        "seed": seed,
        "max_len": _LONGEST,
        "dict": words(),
        "artifact_prefix": f"{FOLDER}/broke-",
        "timeout": _HANGS_SECONDS,
        "rss_limit_mb": _MEMORY_MB,
    }
    given = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *given, str(found), str(seeds())], read)
    atheris.Fuzz()


def _unguided(runs: int, seed: int) -> None:
    """Damage mails without guidance."""
    from tests.corpora.test_mutated import damaged
    from tests.fuzz.seeds import FOLDER, seeds
    from tests.fuzz.target import read

    mails = [path.read_bytes() for path in [*sorted(seeds().iterdir()), *sorted((FOLDER / "found").glob("*"))]]
    chance, began = random.Random(seed), time.monotonic()
    for run in range(1, runs + 1):
        data = damaged(chance.choice(mails), chance)[:_LONGEST]
        try:
            read(data)
        except Exception:
            path = FOLDER / f"broke-{seed}-{run}"
            path.write_bytes(data)
            print(f"run {run} broke the reader; the mail is {path}", file=sys.stderr)
            raise
        if run % _SHOW_EVERY == 0:
            print(f"{run} runs", file=sys.stderr)
    print(f"Done {runs} runs in {time.monotonic() - began:.0f} seconds")


def main() -> None:
    """Run as often as asked."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unguided", action="store_true", help="without atheris, even where it is installed")
    options = parser.parse_args()
    guided = find_spec("atheris") is not None and not options.unguided
    (_guided if guided else _unguided)(options.runs, options.seed)


if __name__ == "__main__":
    main()
