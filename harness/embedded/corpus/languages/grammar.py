"""What a language must be able to say: one method for each kind of clause."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from harness.embedded.corpus.meaning import Being, Both, Clause, Comparing, Doing, Giving, Quality


class Grammar(ABC):
    """Spells clauses out as sentences of one language.

    Subclasses return clauses in lower case without a full stop; `sentence` finishes them.
    """

    code: ClassVar[str]
    conjunction: ClassVar[str] = " and "
    full_stop: ClassVar[str] = "."

    def sentence(self, clause: Clause) -> str:
        """The clause as a finished sentence."""
        return self.capitalised(self.spelled(clause)) + self.full_stop

    def spelled(self, clause: Clause) -> str:
        """The clause without capital and full stop."""
        match clause:
            case Being():
                return self.being(clause)
            case Doing():
                return self.doing(clause)
            case Quality():
                return self.quality(clause)
            case Comparing():
                return self.comparing(clause)
            case Giving():
                return self.giving(clause)
            case Both():
                return self.being(clause.first) + self.conjunction + self.being(clause.second)

    def capitalised(self, text: str) -> str:
        """The text with its first letter in upper case."""
        return text[0].upper() + text[1:]

    @abstractmethod
    def being(self, clause: Being) -> str:
        """Presence or activity, with quantities and attributes."""

    @abstractmethod
    def doing(self, clause: Doing) -> str:
        """A past action on an object, active or passive, affirmed or denied."""

    @abstractmethod
    def quality(self, clause: Quality) -> str:
        """A predicate adjective, plain, intensified or denied."""

    @abstractmethod
    def comparing(self, clause: Comparing) -> str:
        """A comparison of inequality."""

    @abstractmethod
    def giving(self, clause: Giving) -> str:
        """A transfer of an indefinite gift, from either side, affirmed or denied."""


def table(rows: str) -> dict[str, tuple[str, ...]]:
    """A lexicon from lines `key field field …`; an underscore inside a field stands for a blank."""
    entries = [line.split() for line in rows.strip().splitlines()]
    return {key: tuple(field.replace("_", " ") for field in fields) for key, *fields in entries}
