"""Two small pictures: real PNGs, and different ones."""

import struct
import zlib


def png(red: int, green: int, blue: int) -> bytes:
    """An 8 by 8 picture of one colour."""
    rows = (b"\0" + bytes([red, green, blue]) * 8) * 8
    parts = (b"IHDR", struct.pack(">2I5B", 8, 8, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


RED = png(200, 0, 0)
BLUE = png(0, 0, 200)
