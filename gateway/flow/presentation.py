"""How each route's answers look: their settings, with the templates and the logo that these name, read and tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Template

from gateway.config.answer import AnswerSection
from gateway.config.settings import Settings
from gateway.mail.contenttype import detect
from gateway.mail.filename import extension
from gateway.mail.stationery import LOGO, Mistake, Stationery, read_html, read_text
from gateway.model import Attachment

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_NOTHING_SET = AnswerSection()


@dataclass(frozen=True, slots=True)
class Presentation:
    """A route's `[route.answer]`, and its letter paper; None where answers go as Cention writes them."""

    section: AnswerSection = _NOTHING_SET
    stationery: Stationery | None = None


PLAIN = Presentation()
"""What is done where nothing is set."""


def presentations(settings: Settings, lines: list[str]) -> Mapping[str, Presentation]:
    """Return each route's presentation by the route's name; to `lines` goes what is wrong, by key, file and line."""
    return {
        route.name: Presentation(route.answer, _stationery(route.answer, f"route[{number}].answer", lines))
        for number, route in enumerate(settings.route, 1)
    }


def _stationery(section: AnswerSection, key: str, lines: list[str]) -> Stationery | None:
    words = {name: getattr(section, name).strip() for name in ("header", "signature", "legal")}
    if not any((section.text_template, section.html_template, section.logo, *words.values())):
        return None
    wrong: list[str] = []
    text = _template("text", section.text_template, f"{key}.text_template", wrong)
    html = _template("html", section.html_template, f"{key}.html_template", wrong)
    logo = _logo(section.logo, f"{key}.logo", wrong) if section.logo else None
    lines += wrong
    if text is None or html is None or wrong:
        return None
    return Stationery(text, html, {**words, "language": section.language}, logo)


def _template(kind: str, path: str, key: str, wrong: list[str]) -> Template | None:
    read = read_html if kind == "html" else read_text
    try:
        return read(Path(path).read_text(encoding="utf-8") if path else "")
    except OSError as error:
        wrong.append(f"{key}: {path}: expected a file: {error.strerror}")
    except UnicodeDecodeError as error:
        wrong.append(f"{key}: {path}: expected UTF-8 text, found something else at byte {error.start}")
    except Mistake as mistake:
        line = f", line {mistake.line}" if mistake.line else ""
        wrong.append(f"{key}: {path}{line}: {mistake}")
    return None


def _logo(path: str, key: str, wrong: list[str]) -> Attachment | None:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        wrong.append(f"{key}: {path}: expected a file: {error.strerror}")
        return None
    if (media_type := detect(content, path)) not in _PICTURES:
        wrong.append(f"{key}: {path}: expected a PNG, JPEG, GIF or WebP, found {media_type or 'something else'}")
        return None
    return Attachment(f"logo{extension(media_type)}", media_type, content, LOGO)
