"""Text files as they should be: UTF-8, without NUL bytes, not empty."""

from pathlib import Path

from harness.errors import UserError


class MalformedFileError(UserError):
    """A data file cannot be read as what its source says it is."""


def file_text(path: Path) -> str:
    """Return the content of a text file, with line feeds for line ends.

    Raises:
        MalformedFileError: not readable, not UTF-8, NUL bytes, or empty.
    """
    if path.exists() and not path.is_file():
        raise MalformedFileError(f"{path}: cannot be read (not a file); name the data set's file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MalformedFileError(f"{path}: cannot be read ({error.strerror}); check the path") from error
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
        raise MalformedFileError(
            f"{path}, line {line}: holds a NUL byte, so it is not a text file; download it again"
        )
    return text.replace("\r\n", "\n")


def file_lines(text: str) -> list[str]:
    """Return the lines of a text, without their ends."""
    # Not splitlines(): that also splits at U+0085 and U+2028, which occur inside sentences.
    return text.removesuffix("\n").split("\n")
