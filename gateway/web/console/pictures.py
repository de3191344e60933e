"""Numbers over time as small pictures: SVG made here, with a sentence that tells the same to who cannot see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Line:
    """What is drawn: its name, its class in the sheet, a number for each span of time."""

    name: str
    sign: str
    numbers: Sequence[int]

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(self.numbers)


@dataclass(frozen=True, slots=True)
class Picture:
    """Lines over the same time: the drawing, what it says in words, and the highest number in it."""

    svg: Markup
    lines: tuple[Line, ...]
    highest: int


def spread(counts: Mapping[int, int], begin: int, seconds: int, spans: int) -> list[int]:
    """Lay counts, by the beginning of their span, out from `begin` on; 0 where there is none."""
    return [counts.get(begin + place * seconds, 0) for place in range(spans)]


def picture(title: str, lines: Sequence[Line]) -> Picture:
    """Draw lines, the first one filled; each scaled to the highest number of all."""
    highest = max((max(line.numbers, default=0) for line in lines), default=0)
    width = max((len(line.numbers) for line in lines), default=1)
    said = f"{title}: " + ", ".join(f"{line.total:,} {line.name}" for line in lines) + f"; at most {highest:,}"
    paths = Markup("").join(_path(line, highest, filled=place == 0) for place, line in enumerate(lines))
    svg = Markup('<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>')
    return Picture(svg.format(width, HEIGHT, escape(said), paths), tuple(lines), highest)


def _path(line: Line, highest: int, *, filled: bool) -> Markup:
    """Draw steps: a mail in a minute is seen as one, however narrow the picture is."""
    moves: list[str] = []
    last = -1
    for place, count in enumerate(line.numbers):
        if count != last:
            level = HEIGHT - round(count * (HEIGHT - 2) / highest, 1) - 1 if highest else HEIGHT - 1
            moves.append(f"{'H' if moves else 'M0'}{f'{place}V' if moves else ' '}{level:g}")
            last = count
    edge = f"{''.join(moves)}H{len(line.numbers)}" if moves else ""
    shape = Markup('<path class="line {}" d="{}"/>').format(line.sign, edge)
    if not filled or not edge:
        return shape
    return Markup('<path class="area {}" d="{}V{}H0Z"/>').format(line.sign, edge, HEIGHT) + shape
