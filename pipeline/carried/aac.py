"""AAC's packets: what in them belongs to the container, and what is sound (ISO/IEC 14496-3, 4.4.1.1)."""

from __future__ import annotations

_ADTS_SYNC = 0xFFF
_PROGRAM_CONFIG = 5  # the element that says which channels there are


def is_adts(data: memoryview) -> bool:
    """Whether a packet says itself what is in it, by a header as transport streams need it."""
    return len(data) > 7 and int.from_bytes(data[:2], "big") & 0xFFF0 == _ADTS_SYNC << 4


def sound(data: memoryview) -> memoryview:
    """The sound alone, without an ADTS header and the list of channels that may follow it.

    FFmpeg writes both when a transport stream needs them, and takes them away for other containers.
    """
    if is_adts(data):
        data = data[7 if data[1] & 1 else 9 :]
    if data and data[0] >> 5 == _PROGRAM_CONFIG:
        data = data[_program_config_size(data) :]
    return data


def _program_config_size(data: memoryview) -> int:
    """Bytes of a program_config_element at the beginning, with its padding."""
    bits = _Bits(data, 3)
    bits.skip(4 + 2 + 4)  # instance, profile, rate
    front, side, back = bits.take(4), bits.take(4), bits.take(4)
    low, associated, coupling = bits.take(2), bits.take(3), bits.take(4)
    for size in (4, 4, 3):  # mixdowns: mono, stereo, matrix
        if bits.take(1):
            bits.skip(size)
    bits.skip(5 * (front + side + back + coupling) + 4 * (low + associated))
    bits.align()
    bits.skip(8 * bits.take(8))  # a comment
    return bits.position // 8


class _Bits:
    """Reads bits, the most significant first; zeros after the end."""

    def __init__(self, data: memoryview, position: int) -> None:
        self._data = data
        self.position = position

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        first, last = self.position // 8, (self.position + count + 7) // 8
        value = int.from_bytes(bytes(self._data[first:last]).ljust(last - first, b"\0"), "big")
        self.position += count
        return value >> (last * 8 - self.position) & (1 << count) - 1

    def skip(self, count: int) -> None:
        """Leave out `count` bits."""
        self.position += count

    def align(self) -> None:
        """Go on at the next byte."""
        self.position = (self.position + 7) // 8 * 8
