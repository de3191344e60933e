"""Writes compound files (MS-CFB), as Outlook's are: streams by their paths.

Small streams lie in sectors of their own size, within the stream of the root.
"""

import struct
from pathlib import Path

_SECTOR, _SMALL_SECTOR, _LARGE = 512, 64, 4096
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_PER_SECTOR = _SECTOR // 4


class _Sectors:
    """Sectors of one size, and the table of which follows which."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.content = bytearray()
        self.chain: list[int] = []

    def add(self, data: bytes) -> int:
        """Keep data; return its first sector."""
        if not data:
            return _END
        first, count = len(self.chain), -(-len(data) // self.size)
        self.content += data + bytes(-len(data) % self.size)
        self.chain += [*range(first + 1, first + count), _END]
        return first


def write(path: Path, streams: dict[str, bytes]) -> None:
    """Write a file of streams, named by paths such as "folder/stream"."""
    large, small = _Sectors(_SECTOR), _Sectors(_SMALL_SECTOR)
    starts = {name: (large if len(data) >= _LARGE else small).add(data) for name, data in streams.items()}
    starts[""] = large.add(bytes(small.content))
    sizes = {name: len(data) for name, data in streams.items()} | {"": len(small.content)}
    entries = [_entry(*one, starts.get(one[0], _END), sizes) for one in _tree(_entries(streams)).items()]
    first_entry = large.add(b"".join(entries))
    small_table = large.add(struct.pack(f"<{len(small.chain)}I", *small.chain))
    small_tables = len(large.chain) - small_table if small.chain else 0
    tables = 1
    while len(large.chain) + tables > tables * _PER_SECTOR:
        tables += 1
    where = list(range(len(large.chain), len(large.chain) + tables))
    chain = [*large.chain, *[_TABLE] * tables]
    chain += [_FREE] * (-len(chain) % _PER_SECTOR)
    head = _header(first_entry, small_table, small_tables, where)
    path.write_bytes(head + large.content + struct.pack(f"<{len(chain)}I", *chain))


def _header(first_entry: int, small_table: int, small_tables: int, tables: list[int]) -> bytes:
    head = struct.pack("<8s16xHHHHH6xII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, len(tables))
    head += struct.pack("<IIIIIII", first_entry, 0, _LARGE, small_table, small_tables, _END, 0)
    return head + struct.pack("<109I", *tables, *[_FREE] * (109 - len(tables)))


def _entries(streams: dict[str, bytes]) -> list[str]:
    folders = {"/".join(name.split("/")[:depth]) for name in streams for depth in range(1, name.count("/") + 1)}
    return sorted({*folders, *streams})


def _tree(names: list[str]) -> dict[str, list[int]]:
    """Return for each path, the root's first, its places: the one before it, the one after it, and what is within."""
    place = {path: number for number, path in enumerate(["", *names])}
    within: dict[str, list[str]] = {}
    for name in names:
        within.setdefault(name.rpartition("/")[0], []).append(name)
    tree = {path: [_FREE, _FREE, _FREE] for path in place}
    for folder, some in within.items():
        tree[folder][2] = _middle(some, place, tree)
    return tree


def _middle(some: list[str], place: dict[str, int], tree: dict[str, list[int]]) -> int:
    """Link what is in a folder to a balanced tree; return the place of its top."""
    if not some:
        return _FREE
    half = len(some) // 2
    tree[some[half]][:2] = _middle(some[:half], place, tree), _middle(some[half + 1 :], place, tree)
    return place[some[half]]


def _entry(path: str, links: list[int], start: int, sizes: dict[str, int]) -> bytes:
    name = (path.rpartition("/")[2] or "Root Entry").encode("utf-16-le") + b"\0\0"
    kind = _ROOT if not path else _STREAM if path in sizes else _STORAGE
    return struct.pack("<64sHBB3I16x4x16xIQ", name, len(name), kind, 1, *links, start, sizes.get(path, 0))
