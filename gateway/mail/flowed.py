"""Text in format=flowed (RFC 3676): lines that were broken for the way are joined again."""

_SIGNATURE = "-- "


def unflow(text: str, *, delete_space: bool) -> str:
    """Return `text`, its lines ended by LF, with soft line breaks taken out.

    `delete_space` is the parameter DelSp=yes: the space before a soft break belongs to the break.
    """
    paragraphs: list[list[str]] = []
    flowing, depth = False, 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        quoted = len(line) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != _SIGNATURE
        kept = content[:-1] if soft and delete_space else content
        if flowing and quoted == depth and content != _SIGNATURE:
            paragraphs[-1].append(kept)
        else:
            paragraphs.append([f"{'>' * quoted} {kept}" if quoted else kept])
        flowing, depth = soft, quoted
    return "\n".join(map("".join, paragraphs))
