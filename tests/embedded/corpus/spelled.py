"""Every sentence that the parallel data sets of the corpus contain, for the tests of their grammar."""

import re
from functools import cache

from harness.embedded.corpus.drawing import SPLITS
from harness.embedded.corpus.languages import GRAMMARS
from harness.embedded.corpus.parallel import DESIGNS, clause_pairs


@cache
def sentences(language: str) -> tuple[str, ...]:
    """All different sentences of all splits in one language, training clauses included."""
    pairs = [pair for name in DESIGNS for split in SPLITS for pair in clause_pairs(name, split)]
    clauses = {clause: None for pair in pairs for clause in (pair.first, pair.second)}
    return tuple(GRAMMARS[language].sentence(clause) for clause in clauses)


def found(pattern: str, language: str) -> list[re.Match[str]]:
    """Every match of a pattern in the sentences of a language, letter case aside."""
    return [match for text in sentences(language) for match in re.finditer(pattern, text, re.IGNORECASE)]
