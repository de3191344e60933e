"""What the runs begin with: the foreign mails, and pages that hold one of everything."""

from pathlib import Path

from tests.corpora.test_mutated import MAILS, SPICE

FOLDER = Path(".build/fuzz")
_PAGES = Path(__file__).with_name("pages")


def seeds() -> Path:
    """Return a folder of mails and pages."""
    folder = FOLDER / "seeds"
    folder.mkdir(parents=True, exist_ok=True)
    for path in [*MAILS, *_PAGES.glob("*.html")]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def words() -> Path:
    """Return a file of words that mails are made of, in libFuzzer's form."""
    path = FOLDER / "words"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in SPICE)
    path.write_text("".join(f'"{word}"\n' for word in escaped))
    return path
