"""Text files as they should be: UTF-8, without NUL bytes, not empty; perhaps compressed."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from harness.errors import UserError

MOST_BYTES = 8 * 2**30
_ZSTD = b"\x28\xb5\x2f\xfd"


class MalformedFileError(UserError):
    """A data file cannot be read as what its source says it is."""


def file_text(path: Path) -> str:
    """Return the content of a text file, unpacked, with line feeds for line ends.

    Raises:
        MalformedFileError: not readable, damaged, not UTF-8, NUL bytes, empty, or another file in its place
            (a web page, an archive, a pointer of Git LFS).
    """
    content = _content(path)
    _refuse_stand_ins(path, content)
    if not content.strip(b" \r\n"):
        raise MalformedFileError(f"{path}: holds no rows; put the data set's file there again")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        guess = "it looks like UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "perhaps Latin-1"
        raise MalformedFileError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8 ({guess}); "
            "convert the file to UTF-8, for example with iconv"
        ) from error
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        utf_16 = content[1::2].count(0) == len(content) // 2 or content[::2].count(0) * 2 >= len(content)
        what = "it looks like UTF-16" if utf_16 else "it is not a text file"
        remedy = "convert the file to UTF-8, for example with iconv" if utf_16 else "download it again"
        raise MalformedFileError(f"{path}, line {line}: holds a NUL byte ({what}); {remedy}")
    # Python's csv writer ends lines in CR CR LF where its file was not opened with newline="" on Windows.
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    # A file of lines that end in CR may still have LF at its very end.
    return text.replace("\r", "\n") if text.count("\r") > text.count("\n") else text


def _refuse_stand_ins(path: Path, content: bytes) -> None:
    """Refuse what often lies in a data file's place after a download."""
    start = content[:300].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise MalformedFileError(f"{path}: a web page, not the data set's file; download the file itself")
    if start.startswith(b"version ") and b"\noid sha256:" in start:
        raise MalformedFileError(
            f"{path}: a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`"
        )
    if content.startswith(b"PK\x03\x04"):
        raise MalformedFileError(f"{path}: a zip archive; unpack it, and name the file in it")


def file_lines(text: str) -> list[str]:
    """Return the lines of a text, without their ends and without blank lines at the end."""
    # Not splitlines(): that also splits at U+0085 and U+2028, which occur inside sentences.
    lines = text.removesuffix("\n").split("\n")
    while len(lines) > 1 and not lines[-1].strip(" "):
        lines.pop()
    return lines


def _content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where its first bytes are those of a compressed file."""
    if path.exists() and not path.is_file():
        raise MalformedFileError(f"{path}: a folder or device, not a file; name the data set's file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MalformedFileError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    opener = _opener(content)
    if opener is None:
        return content
    try:
        with opener(io.BytesIO(content)) as unpacked:
            content = unpacked.read(MOST_BYTES + 1)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise MalformedFileError(
            f"{path}: a damaged compressed file; download it again, or put the unpacked file in its place"
        ) from error
    if len(content) > MOST_BYTES:
        raise MalformedFileError(
            f"{path}: unpacks to more than {MOST_BYTES / 2**30:.0f} GiB, which is more than is read at once; "
            "split the data set"
        )
    return content


def _opener(content: bytes) -> Callable[[IO[bytes]], IO[bytes]] | None:
    for start, opener in (
        (b"\x1f\x8b", gzip.open),
        (b"BZh", bz2.open),
        (b"\xfd7zXZ\0", lzma.open),
        (_ZSTD, _zstd),
    ):
        # "BZh" may begin a text; a compressed file goes on with bytes that no text has.
        if content.startswith(start) and (start != b"BZh" or content[4:10] == b"1AY&SY"):
            return opener  # type: ignore[return-value]  # gzip, bz2 and lzma say so in their own classes
    return None


def _zstd(packed: IO[bytes]) -> IO[bytes]:
    import pyarrow as pa

    stream: IO[bytes] = pa.CompressedInputStream(pa.PythonFile(packed, "r"), "zstd")
    return stream
