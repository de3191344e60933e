"""The archive images that come with the simulator: an agent's own, drawn for it."""

from pathlib import Path

import pybase64

from gateway.simulator.errand import Upload

FOLDER = Path(__file__).parent
NAMES = ("signature.png", "map.png", "thanks.png")


def content(name: str) -> bytes:
    """The image's bytes, a PNG; KeyError for a name that is not in NAMES."""
    if name not in NAMES:
        raise KeyError(name)
    return (FOLDER / name).read_bytes()


def upload(name: str) -> Upload:
    """The image as a file of an answer."""
    return Upload(name, "image/png", pybase64.b64encode(content(name)).decode())
