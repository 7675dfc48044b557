"""The corpora that ship with xstilts."""

from harness.config.catalogue import Catalogue
from harness.config.corpus import Corpus

CORPORA: dict[str, Corpus] = dict(Catalogue.load().corpora)
