"""Send messages between judge and player: JSON and raw bytes, of limited size, never pickles."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MOST_JSON = 8 << 20  # bytes of one message's text
MOST_BYTES = 64 << 20  # and of all of its arrays
MOST_ARRAYS = 20_000
MOST_IN_ALL = 1 << 30  # bytes of all messages in one conversation; what has crossed is kept
ENDED = "the process that runs your code has ended"
OVER = "your code was stopped: it took too long"
# What reading raises where the other side has written something that nobody writes.
MALFORMED = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RuntimeError)
_HEAD = struct.Struct("<II")
_BUFFER = 1 << 16  # bytes; most messages are shorter, and so arrive whole


class Broken(Exception):
    """The other side is gone, or sent what the protocol does not allow."""


@dataclass
class Message:
    """A JSON object, and the arrays that it refers to by number."""

    body: dict[str, Any]
    arrays: list[bytes] = field(default_factory=list)


class Wire:
    """The connection to the other side, in both directions.

    Raises (sending and receiving):
        Broken: The other side is gone, or the message is too large or malformed.
    """

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source, self._target = source, target
        self.left = MOST_IN_ALL

    @classmethod
    def of(cls, connection: socket.socket, *, ahead: bool = False) -> Wire:
        """Over a socket. It is read `ahead` where no fork is to find the rest."""
        source = connection.makefile("rb", _BUFFER if ahead else 0)
        return cls(source, connection.makefile("wb", _BUFFER))  # type: ignore[arg-type]

    def read_ahead(self) -> None:
        """From now on read all that has arrived at once; no other process reads here meanwhile."""
        self._source = io.BufferedReader(self._source, _BUFFER)  # type: ignore[type-var]

    def close(self) -> None:
        """Close both directions; what was not sent yet is lost."""
        for stream in (self._source, self._target):
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def send(self, message: Message) -> None:
        text = json.dumps(message.body).encode()
        _bounded(len(text), len(message.arrays), sum(map(len, message.arrays)))
        sizes = struct.pack(f"<{len(message.arrays)}I", *map(len, message.arrays))
        try:
            self._target.write(_HEAD.pack(len(text), len(message.arrays)) + text + sizes)
            for array in message.arrays:
                self._target.write(array)
            self._target.flush()
        except (OSError, ValueError) as error:
            raise Broken(f"{ENDED}: {error}") from error

    def receive(self) -> Message:
        length, count = _HEAD.unpack(self._read(_HEAD.size))
        _bounded(length, count, 0)
        text = self._read(length)
        sizes = struct.unpack(f"<{count}I", self._read(4 * count))
        _bounded(length, count, sum(sizes))
        self.left -= length + sum(sizes)
        if self.left < 0:
            raise Broken(f"more than {MOST_IN_ALL >> 20} MB have crossed in one check")
        arrays = [self._read(size) for size in sizes]
        try:
            body = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Broken("what came back is not JSON") from error
        if not isinstance(body, dict):
            raise Broken("what came back is not a message")
        return Message(body, arrays)

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                more = self._source.read(min(size - len(data), 1 << 20))
            except (OSError, ValueError) as error:
                raise Broken(f"{ENDED}: {error}") from error
            if not more:
                raise Broken(ENDED)
            data += more
        return bytes(data)


def _bounded(length: int, count: int, size: int) -> None:
    if length > MOST_JSON or count > MOST_ARRAYS or size > MOST_BYTES:
        raise Broken(
            f"a message of {length + size} bytes in {count} arrays; at most {MOST_JSON} bytes of "
            f"text, {MOST_ARRAYS} arrays and {MOST_BYTES} bytes of numbers cross at once"
        )
