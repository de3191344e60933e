"""What a route puts around its answers: a logo, a header, a signature, small print, by two Jinja2 templates.

A template is tried when it is read, on an answer of every kind, so that a mistake in it is found with its line before
any mail needs it. It is given words, no objects of ours, and runs in Jinja's sandbox; what an agent or a customer wrote
is a value in it and never a template.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from traceback import extract_tb
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from gateway.errors import Permanent, Reason
from gateway.mail import original
from gateway.model import Attachment

NAMES = (
    *("body", "answer", "original", "header", "signature", "legal", "logo", "language", "subject", "errand"),
    *("route", "sender_name", "sender_address", "recipient_name", "recipient_address"),
)
"""What a template may name. `body` is `answer` and `original` together; `logo` is its address, "" for none."""

LOGO = "logo-of-the-route"
"""The name by which the HTML says `cid:` to the logo."""

_TEXT = """\
{% if header %}{{ header }}

{% endif %}
{{ answer }}
{%- if signature %}


{{ "-- " }}
{{ signature }}
{%- endif %}
{%- if original %}


{{ original }}
{%- endif %}
{%- if legal %}


{{ legal }}
{%- endif %}
"""
_HTML = """\
{% if logo or header %}
<div style="margin-bottom:1.5em">
{% if logo %}<img src="{{ logo }}" alt="{{ sender_name }}" style="display:block;max-width:100%;border:0">{% endif %}
{% if header %}<div style="margin-top:.5em">{{ header }}</div>{% endif %}
</div>
{% endif %}
{{ answer }}
{% if signature %}
<div style="margin:1.5em 0">{{ signature }}</div>
{% endif %}
{{ original }}
{% if legal %}
<div style="margin-top:1.5em;font-size:12px;line-height:1.4;color:#666666">{{ legal }}</div>
{% endif %}
"""
_MARKS = {"answer": "the-answer-itself", "original": "the-original-message"}


class Mistake(ValueError):
    """A template that cannot be used: `line` is where, 0 where that is not known."""

    def __init__(self, said: str, line: int = 0) -> None:
        super().__init__(said)
        self.line = line


@dataclass(frozen=True, slots=True)
class Stationery:
    """A route's letter paper, ready for use: both templates, the words that are the same in each mail, the logo."""

    text: Template = field(repr=False)
    html: Template = field(repr=False)
    words: Mapping[str, str]
    logo: Attachment | None = None

    def around_text(self, body: str, facts: Mapping[str, str]) -> str:
        """Return the plain text of a mail; `facts` are the names of `NAMES` that belong to one answer."""
        return _filled(self.text, _values(body, {**self.words, **facts}))

    def around_html(self, body: str, facts: Mapping[str, str]) -> str:
        """Return the HTML of a mail, a page or a fragment as the template has it; of `facts` as `around_text`."""
        given = {name: _in_html(text) for name, text in {**self.words, **facts}.items()}
        return _filled(self.html, {**_values(body, given, Markup), "logo": f"cid:{LOGO}" if self.logo else ""})


def read_text(source: str = "") -> Template:
    """Read the template for the text, ours where there is none. Mistake where it cannot be used."""
    return _tried(source or _TEXT, autoescape=False)


def read_html(source: str = "") -> Template:
    """Read the template for the HTML, ours where there is none. Mistake where it cannot be used."""
    return _tried(source or _HTML, autoescape=True)


def _in_html(text: str) -> Markup:
    return Markup("<br>\n").join(escape(line) for line in text.splitlines())


def _values(body: str, given: Mapping[str, str], kind: type[str] = str) -> dict[str, str]:
    answer, quoted = original.split(body)
    own = {"body": kind(body), "answer": kind(answer.rstrip()), "original": kind(quoted)}
    return dict.fromkeys(NAMES, "") | dict(given) | own


def _filled(template: Template, values: Mapping[str, str]) -> str:
    try:
        return template.render(values)
    except Exception as error:
        raise Permanent(
            f"the template of the route cannot be filled: {error}", reason=Reason.MAIL_UNWRITABLE
        ) from error


def _tried(source: str, *, autoescape: bool) -> Template:
    environment = ImmutableSandboxedEnvironment(
        autoescape=autoescape, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    try:
        tree = environment.parse(source)
        template = environment.from_string(source)
    except TemplateSyntaxError as error:
        raise Mistake(error.message or "cannot be read", error.lineno) from error
    for name, line in _unknown(tree):
        raise Mistake(f'"{name}" is not known; there is {", ".join(NAMES)}', line)
    for empty in (False, True):
        _try(template, empty=empty)
    return template


def _unknown(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Find names that nothing gives a value to, also where no answer that is tried would come by."""
    own = {*NAMES, "loop", "range", "dict", "lipsum", "cycler", "joiner", "namespace", "caller", "varargs", "kwargs"}
    named = list(tree.find_all(nodes.Name))
    own |= {one.name for one in named if one.ctx != "load"}
    own |= {one.name for one in tree.find_all(nodes.Macro)}
    return ((one.name, one.lineno) for one in named if one.name not in own)


def _try(template: Template, *, empty: bool) -> None:
    """Fill a template with all that there can be, or with the answer alone; the answer must be in what comes out."""
    values: dict[str, Any] = dict.fromkeys(NAMES, "" if empty else "x")
    values |= {**_MARKS, "body": "".join(_MARKS.values())}
    try:
        filled = template.render(values)
    except Exception as error:
        raise Mistake(str(error) or type(error).__name__, _line(error)) from error
    for name, mark in _MARKS.items():
        if (times := filled.count(mark)) != 1:
            said = f"the {name} is in it {times} times" if times else f"the {name} is nowhere in it"
            raise Mistake(f"{said}; expected {{{{ body }}}}, or {{{{ answer }}}} and {{{{ original }}}}, once")


def _line(error: Exception) -> int:
    if isinstance(error, TemplateError) and isinstance(found := getattr(error, "lineno", None), int):
        return found
    lines = [frame.lineno or 0 for frame in extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return lines[-1] if lines else 0
