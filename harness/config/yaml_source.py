"""A YAML file as plain data with the line of every key.

Stricter than YAML where YAML surprises: `2e-5` is a number (YAML 1.2 and JSON say so, PyYAML reads it as
text), `no` and `on` must be quoted or spelled `false` and `true`, and duplicate keys, tags, anchors and
several documents are refused. https://yaml.org/spec/1.2.2/#103-core-schema lists the scalars that are known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.config.problem import MOST_SOUGHT, Problem, SpecError, shown
from harness.message_text import cut, first_line

Key = tuple[str | int, ...]

_LARGEST_FILE = 1_000_000  # bytes
_DEEPEST = 20
_LONGEST_NUMBER = 40  # characters

# Not 010: that is 8 in YAML 1.1 and 10 in YAML 1.2.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = {"": None, "~": None, "null": None, "true": True, "True": True, "false": False, "False": False}
# YAML 1.1 reads these as true and false, YAML 1.2 as text. It names y and n too, but its readers and writers
# (https://pyyaml.org/wiki/PyYAMLDocumentation) take both for text and write them unquoted.
_AMBIGUOUS = re.compile(r"yes|no|on|off|YES|NO|ON|OFF|Yes|No|On|Off|TRUE|FALSE")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class YamlSource:
    """A file's content.

    Attributes:
        path: The file as the user named it.
        data: Nested dicts (with text keys), lists, str, int, float, bool and None.
        lines: Key path -> line of the key, or of the entry of a list.
        problems: What is refused though it can be read, such as a key that stands twice.
    """

    path: Path
    data: Any
    lines: dict[Key, int]
    problems: tuple[Problem, ...] = ()

    def line(self, key: Key) -> int:
        """Return the line of a key, or of the nearest enclosing key that the file has."""
        while key not in self.lines:
            key = key[:-1]
        return self.lines[key]

    def value(self, key: Key) -> Any:
        """Return the value at a key.

        Raises:
            KeyError: the file has no such key.
        """
        value = self.data
        for part in key:
            try:
                value = value[part]
            except (TypeError, IndexError, KeyError) as error:
                raise KeyError(dotted(key)) from error
        return value

    def problem(self, key: Key, message: str, remedy: str, found: str | None = None) -> Problem:
        """Return a problem at a key, which shows the value there if `found` is not given."""
        if found is None:
            found = shown(self.value(key))
        return Problem(self.path, self.line(key), dotted(key), found, message, remedy)


def dotted(key: Key) -> str:
    """Return a key path as users read it: `orders[0][1]`, `training.epochs`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{cut(part)}" if text else cut(part)
    return text


def read_yaml(path: Path, *, any_tags: bool = False) -> YamlSource:
    """Read one YAML file.

    Args:
        path: The file.
        any_tags: Read tagged scalars (such as lm-eval's `!function`) as text instead of refusing them.

    Raises:
        SpecError: not readable, not UTF-8, too large, not YAML, or nested too deep.
    """
    return parse_yaml(path, read_text(path), any_tags=any_tags)


def parse_yaml(path: Path, text: str, *, any_tags: bool = False) -> YamlSource:
    """Parse the text of a YAML file.

    Raises:
        SpecError: not YAML, or nested too deep.
    """
    reader = _Reader(path, any_tags)
    try:
        data = reader.document(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or first_line(error)
        line = mark.line + 1 if mark else None
        raise SpecError(
            [
                Problem(
                    path,
                    line,
                    "",
                    _line_of(text, line),
                    f"not valid YAML: {what}",
                    "check the indentation (spaces only), brackets and quotes at and above this line",
                )
            ]
        ) from error
    return YamlSource(path, data, reader.lines, tuple(reader.problems))


def read_text(path: Path) -> str:
    """Return the text of a small UTF-8 file.

    Raises:
        SpecError: it cannot be read, is too large, not UTF-8, or holds control characters.
    """

    def refuse(line: int | None, found: str, message: str, remedy: str) -> SpecError:
        return SpecError([Problem(path, line, "", found, message, remedy)])

    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise refuse(
            None, "", f"cannot be read: {error.strerror}", "check the path and its rights"
        ) from error
    if len(content) > _LARGEST_FILE:
        raise refuse(
            None, "", f"larger than {_LARGEST_FILE:,} bytes", "name the file that you wrote, not a data file"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x}"
        raise refuse(line, found, "not UTF-8", "save the file as UTF-8 text") from error
    control = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        found = f"character U+{ord(control.group()):04X}"
        raise refuse(line, found, "not a text file: it holds a control character", "remove the character")
    return text


class _Reader:
    """Builds plain data from the events of one document and notes the lines and what is refused."""

    def __init__(self, path: Path, any_tags: bool) -> None:
        self.path = path
        self.any_tags = any_tags
        self.lines: dict[Key, int] = {(): 1}
        self.problems: list[Problem] = []

    def document(self, events: Iterator[yaml.Event]) -> Any:
        next(events)  # stream start
        if isinstance(next(events), yaml.StreamEndEvent):
            return None
        data = self._value(next(events), (), events)
        next(events)  # document end
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after, (), "---", "a second document in one file", "put it into a file of its own")
        return data

    def _value(self, event: yaml.Event, key: Key, events: Iterator[yaml.Event]) -> Any:
        self.lines.setdefault(key, _line(event))
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            found = f"{sign}{getattr(event, 'anchor', '')}"
            self._refuse(event, key, found, "anchors and aliases (& and *) are not allowed", "write it out")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, key)
        self._refuse_tag(event, key)
        if len(key) >= _DEEPEST:
            self._refuse(event, key[:3], "", f"nested more than {_DEEPEST} levels deep", "check the brackets")
            raise SpecError(self.problems)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(key, events)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(key, events)
        return None

    def _list(self, key: Key, events: Iterator[yaml.Event]) -> list[Any]:
        entries: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            entries.append(self._value(event, (*key, len(entries)), events))
        return entries

    def _mapping(self, key: Key, events: Iterator[yaml.Event]) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = _line(event)
            name = self._key(event, key, events)
            inner = (*key, name)
            twice = name in entries
            if twice:
                self._refuse(
                    event, inner, name, f"stands twice; first in line {self.lines[inner]}", "keep one of them"
                )
            else:
                self.lines[inner] = line
            value = self._value(next(events), inner, events)
            if not twice:
                entries[name] = value
        return entries

    def _key(self, event: yaml.Event, key: Key, events: Iterator[yaml.Event]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._value(event, (*key, "?"), events)
            self._refuse(
                event, key, "a list or mapping", "a key must be a single word", "write `name: value`"
            )
            return "?"
        if event.anchor:
            self._refuse(event, key, f"&{event.anchor}", "anchors (&) are not allowed", "write it out")
        self._refuse_tag(event, key)
        if event.implicit[0] and _AMBIGUOUS.fullmatch(event.value):
            self._refuse_ambiguous(event, key)
        return str(event.value)

    def _scalar(self, event: yaml.ScalarEvent, key: Key) -> Any:
        text = event.value
        self._refuse_tag(event, key)
        if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text):
            self._refuse(event, key, text, "holds a control character", "remove the character")
        if not event.implicit[0]:  # quoted
            return text
        if _AMBIGUOUS.fullmatch(text):
            self._refuse_ambiguous(event, key)
        return _plain(text)

    def _refuse_ambiguous(self, event: yaml.ScalarEvent, key: Key) -> None:
        self._refuse(
            event,
            key,
            event.value,
            f"YAML takes an unquoted {event.value} for true or false",
            f'quote it if a name or text is meant ("{event.value}"), else write true or false',
        )

    def _refuse_tag(self, event: yaml.Event, key: Key) -> None:
        tag = getattr(event, "tag", None)
        if tag and tag != "!" and not self.any_tags:
            self._refuse(event, key, str(tag), "tags (!) are not allowed", "write the plain value")

    def _refuse(self, event: yaml.Event, key: Key, found: str, message: str, remedy: str) -> None:
        line = _line(event)
        self.problems.append(Problem(self.path, line, dotted(key), shown_text(found), message, remedy))
        if len(self.problems) >= MOST_SOUGHT:
            raise SpecError(self.problems)


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark is not None else 1


def _plain(text: str) -> Any:
    """Return what an unquoted scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    short = len(text) <= _LONGEST_NUMBER
    if short and _INTEGER.fullmatch(text):
        return int(text)
    if short and _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _NOT_FINITE.fullmatch(text) else text


def shown_text(text: str) -> str:
    """Return text of the file without quotes, on one line, printable and shortened."""
    return shown(text)[1:-1] if text else ""


def _line_of(text: str, line: int | None) -> str:
    lines = text.split("\n")
    return lines[line - 1].strip()[:80] if line is not None and line <= len(lines) else ""
