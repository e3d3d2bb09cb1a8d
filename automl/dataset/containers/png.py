"""Pixels of an array as a PNG file that is not compressed: the same bytes with every library."""

import struct
import zlib

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}
"""Channels to PNG's code for grey, RGB and RGBA."""

_STORED_BYTES = 0xFFFF


def encoded(pixels: bytes, *, width: int, height: int, channels: int) -> bytes:
    """A PNG file of 8 bits a channel.

    Args:
        pixels: row by row, `width` x `channels` bytes each.
        width: in pixels.
        height: in pixels.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA).
    """
    length = width * channels
    rows = (pixels[start : start + length] for start in range(0, height * length, length))
    filtered = b"".join(b"\0" + row for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", _stored(filtered)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _stored(content: bytes) -> bytes:
    """A zlib stream of blocks that are stored as they are."""
    stream = [b"\x78\x01"]
    for start in range(0, len(content), _STORED_BYTES):
        block = content[start : start + _STORED_BYTES]
        is_last = start + _STORED_BYTES >= len(content)
        stream += [struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF), block]
    return b"".join([*stream, struct.pack(">I", zlib.adler32(content))])


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum
