"""The simulator's front page: where to look and what to send."""

from html import escape

ADDRESSES = (
    ("GET /_sim/errands", "the errands that were created, as they were posted"),
    ("GET /_sim/errands/ID", "one of them"),
    ("POST /_sim/errands/ID/answer", "answer it as an agent would: text, html, attachments, archives, to, subject"),
    ("GET, PUT, DELETE /_sim/faults", "what is to go wrong: status, body, delay, cut, calls, rate"),
    ("GET, DELETE /_sim/calls", "what the API was sent"),
)


def front(base: str) -> str:
    """The page, as HTML; `base` is where Cention's API is."""
    rows = "\n".join(f"<li><code>{escape(address)}</code>: {escape(use)}</li>" for address, use in ADDRESSES)
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Cention simulator</title></head>
<body>
<h1>Cention simulator</h1>
<p>The API is at <code>{escape(base)}</code>.</p>
<ul>
{rows}
</ul>
</body>
</html>
"""
