"""Bytes of a delivered file → blocks of whole records, with the line of each, in bounded memory.

Plain, gzip and zip files are told apart by their first bytes. A block holds complete records only; where a
format quotes its fields, a line break inside quotes does not end a record. Nothing is decoded or judged here
beyond counting fields, so that every later fault can name its line.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from detente.errors import DetenteError

BLOCK_BYTES = 16 * 2**20
"""Size of a block [bytes] before parsing."""

LONGEST_RECORD = 4 * 2**20
"""A record longer than this [bytes] is a quote that never closes."""

_QUOTE, _NEWLINE = 34, 10


Item = TypeVar("Item")


class BrokenStreamError(DetenteError):
    """A file that stops being readable; `line` is the last line that could be read."""

    def __init__(self, line: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.hint = hint


class Block(NamedTuple):
    """Whole records: their bytes, and for each its first line (from 1), its first byte and its fields."""

    data: bytes
    lines: NDArray[np.int64]
    starts: NDArray[np.int64]
    fields: NDArray[np.int64]

    def without(self, wrong: NDArray[np.bool_]) -> Block:
        """The block with some of its records taken out."""
        if not np.any(wrong):
            return self
        ends = np.append(self.starts[1:], len(self.data))
        kept = [self.data[a:b] for a, b in zip(self.starts[~wrong], ends[~wrong], strict=True)]
        sizes = np.array([len(part) for part in kept], dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        return Block(b"".join(kept), self.lines[~wrong], starts, self.fields[~wrong])


@dataclass(frozen=True)
class Dialect:
    """How records are written: one-byte `delimiter`, and whether fields may be quoted."""

    delimiter: str
    quoted: bool


def read_blocks(
    path: Path,
    dialect: Dialect,
    block_bytes: int = BLOCK_BYTES,
    progress: Callable[[int], None] = lambda place: None,
) -> Iterator[Block]:
    """Blocks of whole records of a file, in order.

    `progress` is told how many bytes of the file, compressed as it is, were read so far.

    Raises
    ------
    BrokenStreamError
        After the last whole record, if the compression breaks off or a quote never closes.
    """
    line, rest = 1, b""
    with path.open("rb") as raw, open_stream(raw) as stream:
        for piece, problem in _pieces(stream, block_bytes):
            progress(raw.tell())
            block, rest = _cut(rest + piece, dialect, line, last=not piece and problem is None)
            if block is not None:
                yield block
                line += int(np.count_nonzero(np.frombuffer(block.data, np.uint8) == _NEWLINE))
            if problem is not None:
                raise BrokenStreamError(line - 1, *problem)
            if len(rest) > LONGEST_RECORD + block_bytes:
                raise BrokenStreamError(
                    line,
                    f"a quote that opens in the record of line {line} is never closed.",
                    "Write a quote inside a quoted field twice, or remove it.",
                )


def first_record(path: Path) -> str:
    """The first line of a file as text, for recognising its header and delimiter; '' of an empty file."""
    with path.open("rb") as raw, open_stream(raw) as stream:
        for piece, problem in _pieces(stream, 1 << 16):
            if problem is not None and not piece:
                raise BrokenStreamError(0, *problem)
            return piece.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8-sig", errors="replace")
    return ""


def ahead(items: Iterator[Item], thread: Executor) -> Iterator[Item]:
    """The items, each fetched in another thread while the one before it is in use.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(max_workers=1) as thread:
    ...     list(ahead(iter("abc"), thread))
    ['a', 'b', 'c']
    """
    end = object()
    coming = thread.submit(next, items, end)
    while (item := coming.result()) is not end:
        coming = thread.submit(next, items, end)
        yield item  # type: ignore[misc]


@contextmanager
def open_stream(raw: BinaryIO) -> Iterator[BinaryIO]:
    """The uncompressed bytes of an open file, plain, gzip or zip."""
    with ExitStack() as stack:
        magic = raw.read(4)
        raw.seek(0)
        if magic.startswith(b"\x1f\x8b"):
            yield stack.enter_context(gzip.GzipFile(fileobj=raw))  # type: ignore[misc]
        elif magic == b"PK\x03\x04":
            yield stack.enter_context(_zip_member(stack, raw))
        else:
            yield raw


def _zip_member(stack: ExitStack, raw: BinaryIO) -> BinaryIO:
    try:
        archive = stack.enter_context(zipfile.ZipFile(raw))
    except zipfile.BadZipFile as problem:
        raise BrokenStreamError(
            0, f"the zip archive is broken: {problem}.", "Download the file again; it is probably cut off."
        ) from None
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) != 1:
        names = ", ".join(info.filename for info in members[:5])
        raise BrokenStreamError(
            0,
            f"the zip archive holds {len(members)} files ({names}).",
            "Unpack it and give the files one by one.",
        )
    return io.BufferedReader(archive.open(members[0]))  # type: ignore[type-var]


def _pieces(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, tuple[str, str] | None]]:
    """Pieces of at least `size` bytes; the last is empty or comes with what broke the stream."""
    read = getattr(stream, "read1", stream.read)
    while True:
        parts: list[bytes] = []
        have = 0
        try:
            while have < size and (part := read(min(size, 1 << 20))):
                parts.append(part)
                have += len(part)
        except (EOFError, zlib.error, OSError, zipfile.BadZipFile) as problem:
            yield b"".join(parts), _broken(problem)
            return
        yield b"".join(parts), None
        if not have:
            return


def _broken(problem: Exception) -> tuple[str, str]:
    if isinstance(problem, EOFError):
        return "the compressed file breaks off before its end.", "It is cut off: download it again."
    return f"the file cannot be read further: {problem}.", "It is damaged: download it again."


def _cut(data: bytes, dialect: Dialect, line: int, *, last: bool) -> tuple[Block | None, bytes]:
    """The whole records at the front of `data`, and the rest."""
    if last and data and not data.endswith(b"\n"):
        data += b"\n"
    codes = np.frombuffer(data, dtype=np.uint8)
    breaks, delimiter = codes == _NEWLINE, codes == ord(dialect.delimiter)
    newlines = np.flatnonzero(breaks)
    ends = newlines
    if dialect.quoted:
        outside = ~np.logical_xor.accumulate(codes == _QUOTE)
        ends, delimiter = np.flatnonzero(breaks & outside), delimiter & outside
    if ends.size == 0:
        return None, data
    cut = int(ends[-1]) + 1
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    fields = 1 + _count_between(np.flatnonzero(delimiter[:cut]), starts)
    lines = _count_between(newlines[newlines < cut], starts)
    first = line + np.cumsum(lines) - lines
    return Block(data[:cut], first, starts, fields), data[cut:]


def _count_between(places: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the places lie in each record, from its start to the next."""
    before = np.searchsorted(places, np.append(starts, np.iinfo(np.int64).max))
    return np.diff(before)
