"""Tables of HTML as lines of text: rows of what is tabular, and one cell after the other of what is only a layout.

What comes in is what `nh3` wrote: each element closed, and no attributes on rows and cells.
"""

import re

_INNERMOST = re.compile(r"<table([^>]*+)>([^<]*+(?:<(?!/?table\b)[^<]*+)*+)</table>")
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<(t[dh])>(.*?)</\1>", re.DOTALL)
_OUTSIDE = re.compile(r"<(/?)(?:t[dh]|caption)>")
_BORDER = re.compile(r' border="(?!0?")')
_LINE = re.compile(r"</?(?:p|div|li|ul|ol|dl|dt|dd|blockquote|center|section|article|h[1-6]|br|hr)(?: [^>]*+)?>")
_TAG = re.compile(r"<(?!img\b)[^>]*+>")
_BLANK = re.compile(r"(?:\s|&nbsp;)+")
_LONGEST_CELL = 300
_LEAST_ROWS = 2


def as_lines(html: str) -> str:
    """Return `html` with its tables as lines, the cells of a row divided by `|` where the table is one."""
    return _OUTSIDE.sub(r"<\1div>", _INNERMOST.sub(_written, html))


def _written(table: re.Match[str]) -> str:
    attributes, content = table[1], table[2]
    rows = [_cells(row[1]) for row in _ROW.finditer(content)]
    divider = " | " if _is_tabular(rows, drawn=bool(_BORDER.search(attributes)) or "<th>" in content) else " "
    return f"<p>{_ROW.sub(lambda row: _line(_cells(row[1]), divider), content)}</p>"


def _is_tabular(rows: list[list[str]], *, drawn: bool) -> bool:
    """Say if a table is one: its cells are short and stand beside each other, more than once or with lines between."""
    beside = [row for row in rows if sum(map(_says_something, row)) > 1]
    if any(len(cell) > _LONGEST_CELL for row in beside for cell in row) or len(rows) < _LEAST_ROWS or not beside:
        return False
    return drawn or (len(beside) >= _LEAST_ROWS and all(_is_a_line(cell) for row in beside for cell in row))


def _line(cells: list[str], divider: str) -> str:
    """Return a row: in one line if it is of a table or its cells are lines, else a block for each cell."""
    speaking = [cell for cell in cells if _says_something(cell)]
    if len(speaking) > 1 and (divider != " " or all(map(_is_a_line, speaking))):
        inline = [_BLANK.sub(" ", _LINE.sub(" ", cell)).strip() for cell in (speaking if divider == " " else cells)]
        return f"<div>{divider.join(inline).replace(': | ', ': ').rstrip(' |')}</div>"
    return "".join(f"<div>{cell}</div>" for cell in speaking)


def _cells(row: str) -> list[str]:
    return [cell[2] for cell in _CELL.finditer(row)]


def _says_something(cell: str) -> bool:
    return bool(_BLANK.sub("", _TAG.sub("", cell)))


def _is_a_line(cell: str) -> bool:
    return sum(map(_says_something, _LINE.split(cell))) <= 1
