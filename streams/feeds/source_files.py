"""Files as numbered lines of bytes: plain or gzip, read as a stream, `-` for standard input."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from models.errors import InputError

MAXIMUM_LINE_BYTES = 16 * 1024 * 1024


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line with its number from 1, without its line end; raises InputError naming the file.

    A line longer than 16 MiB is cut there: it is no observation, and must not fill the memory.
    """
    number = 0
    try:
        with _open(path) as stream:
            while line := stream.readline(MAXIMUM_LINE_BYTES):
                number += 1
                whole = line.endswith(b"\n")
                yield number, line.rstrip(b"\r\n")
                while not whole and (rest := stream.readline(MAXIMUM_LINE_BYTES)):
                    whole = rest.endswith(b"\n")
    except FileNotFoundError:
        raise InputError(str(path), "no such file") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} after line {number}", f"broken gzip file: {error}") from None
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror or error}") from None


def _open(path: Path) -> BinaryIO:
    if str(path) == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    stream = path.open("rb")
    if stream.read(2) == b"\x1f\x8b":
        stream.close()
        return cast(BinaryIO, gzip.open(path, "rb"))
    stream.seek(0)
    return stream
