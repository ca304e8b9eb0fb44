"""Reads a CSV file row by row with the number of its physical line, and says plainly what is wrong with the file.

Memory stays bounded whatever the file holds: one line, one field and the number of columns each have a limit.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

from engine.errors import InvalidInput

MOST_COLUMNS = 1_000
LONGEST_LINE = 1_000_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
_DELIMITERS = (",", ";", "\t", "|")
_BLOCK = 65_536
_UTF8_MARK = codecs.BOM_UTF8
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file and the physical line it begins on; `fault` says why it has no usable cells."""

    number: int
    cells: Sequence[str]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class CsvFile:
    """An open file: the names of its columns, its rows, and how many bytes of it have been read."""

    columns: Sequence[str]
    lines: Iterator[Line]
    bytes_read: Callable[[], int]


class _Reader(Protocol):
    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...


@contextmanager
def open_csv(path: Path, encoding: str | None) -> Iterator[CsvFile]:
    """Open the file and read the names of its columns; InvalidInput where it cannot be read as a CSV file."""
    try:
        binary = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None
    with binary:
        # All of it is read once before anything is recorded: a bad byte at the end must not leave half a file behind.
        with _text_of(binary, path, encoding) as text:
            for _ in _bounded(text, path):
                pass
            text.detach()
        with _text_of(binary, path, encoding) as text:
            yield CsvFile(*_parsed(text, path), bytes_read=binary.tell)


@contextmanager
def _text_of(binary: BinaryIO, path: Path, encoding: str | None) -> Iterator[io.TextIOWrapper]:
    """The file as text; a byte that does not fit the encoding becomes an error that names its position."""
    binary.seek(0)
    start = binary.read(4)
    if encoding is None and start.startswith(_UTF16_MARKS):
        raise InvalidInput(f"{path.name} is written in UTF-16: save it as UTF-8, or give the encoding utf-16.")
    encoding = _known_encoding(encoding or "utf-8")
    binary.seek(len(_UTF8_MARK) if encoding == "utf-8" and start.startswith(_UTF8_MARK) else 0)
    try:
        yield io.TextIOWrapper(binary, encoding, newline="")
    except UnicodeDecodeError as error:
        at = _first_bad_byte(path, encoding)
        raise InvalidInput(
            f"{path.name} is not written in {encoding}: byte {at} is 0x{error.object[error.start]:02X}. "
            "Save it as UTF-8, or give its encoding, such as cp1252."
        ) from None
    except UnicodeError as error:
        raise InvalidInput(f"{path.name} is not written in {encoding}: {error}.") from None


def _known_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name)
        "".encode(name)  # some codecs are no encodings of text
    except LookupError:
        raise InvalidInput(f"There is no encoding {name!r}: utf-8, utf-16, cp1252 and latin-1 are common.") from None
    return "utf-8" if found.name == "utf-8-sig" else found.name


def _first_bad_byte(path: Path, encoding: str) -> int:
    """Found by reading once more, as a text stream does not tell; positions count from 0."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return position - waiting + error.start
            position += len(block)


def _parsed(text: TextIO, path: Path) -> tuple[Sequence[str], Iterator[Line]]:
    lines = _bounded(text, path)
    skipped, first = next(((n, line) for n, line in enumerate(lines) if line.strip()), (0, ""))
    if not first:
        raise InvalidInput(f"{path.name} is empty: its first line should name the columns.")
    if "\0" in first:
        raise InvalidInput(f"{path.name} is not a text file in UTF-8: its first line holds NUL bytes.")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(_chained(first, lines), delimiter=delimiter, strict=True)
    try:
        header = next(reader)
    except csv.Error as error:
        raise InvalidInput(f"The first line of {path.name} cannot be read as the names of columns: {error}.") from None
    columns = [name.strip() for name in header]
    _check_columns(columns, path)
    return columns, _rows(reader, len(columns), skipped)


def _bounded(text: TextIO, path: Path) -> Iterator[str]:
    for number in count(1):
        line = text.readline(LONGEST_LINE + 1)
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise InvalidInput(f"Line {number} of {path.name} has over {LONGEST_LINE} characters: is it a CSV file?")
        yield line


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _check_columns(columns: Sequence[str], path: Path) -> None:
    if len(columns) > MOST_COLUMNS:
        raise InvalidInput(f"{path.name} has {len(columns)} columns, at most {MOST_COLUMNS} are read.")
    seen: dict[str, int] = {}
    for position, name in enumerate(columns, start=1):
        if name and name in seen:
            raise InvalidInput(f"{path.name} has the column {name!r} twice: it is number {seen[name]} and {position}.")
        seen[name] = position


def _rows(reader: _Reader, expected: int, skipped: int) -> Iterator[Line]:
    while True:
        begins = skipped + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(begins, (), f"{_plain(error)} (lines {begins} to {skipped + reader.line_num})")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != expected:
            yield Line(begins, cells, f"has {len(cells)} columns, {expected} are expected")
        else:
            yield Line(begins, [_without_mark(cell) for cell in cells])


def _plain(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a field is longer than {csv.field_size_limit()} characters: is a quote not closed?"
    if "unexpected end" in str(error):
        return "a quote is not closed before the end of the file"
    return f"cannot be read: {error}"


def _without_mark(cell: str) -> str:
    """A cell that we, or another careful program, marked as no formula is read without the mark."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA_STARTS else cell
