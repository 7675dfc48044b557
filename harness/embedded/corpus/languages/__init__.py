"""The languages of the corpus, one file each."""

from __future__ import annotations

from harness.embedded.corpus.languages.chinese import Chinese
from harness.embedded.corpus.languages.english import English
from harness.embedded.corpus.languages.french import French
from harness.embedded.corpus.languages.german import German
from harness.embedded.corpus.languages.grammar import Grammar
from harness.embedded.corpus.languages.russian import Russian
from harness.embedded.corpus.languages.spanish import Spanish
from harness.embedded.corpus.languages.swahili import Swahili
from harness.embedded.corpus.languages.turkish import Turkish

GRAMMARS: dict[str, Grammar] = {
    grammar.code: grammar
    for grammar in (English(), German(), Spanish(), French(), Russian(), Turkish(), Chinese(), Swahili())
}

__all__ = ["GRAMMARS", "Grammar"]
