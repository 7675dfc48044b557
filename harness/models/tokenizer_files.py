"""The files of a model's folder that make up its tokenizer."""

import ast
from collections.abc import Iterator
from pathlib import Path

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "bpe.codes",
    "byte_maps.json",
    "dict.txt",
    "emoji.json",
    "entity_vocab.json",
    "normalizer.json",
    "prophetnet.tokenizer",
    "sentencepiece.model",
    "source.spm",
    "spm_char.model",
    "target.spm",
    "target_vocab.json",
    "tokenizer.model",
    "vocab-src.json",
    "vocab-tgt.json",
    "word_pronunciation.json",
    "word_shape.json",
)
"""The files by which the tokenizers of transformers are saved: `vocab_files_names` of all its classes."""

_NAMES = ("VOCAB_FILES_NAMES", "vocab_files_names")


def tokenizer_files(folder: Path) -> tuple[str, ...]:
    """Return the names of a folder's tokenizer files, whether or not they are there.

    Those that a tokenizer class in its own Python code names are among them; the code is read, not run.
    """
    own = (name for path in sorted(folder.glob("*.py")) for name in _named_in(path))
    return tuple(dict.fromkeys((*TOKENIZER_FILES, *own)))


def _named_in(path: Path) -> Iterator[str]:
    try:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else []
        named = any(isinstance(target, ast.Name) and target.id in _NAMES for target in targets)
        if named and isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for value in node.value.values:
                text = value.value if isinstance(value, ast.Constant) else None
                if isinstance(text, str) and text and Path(text).name == text:
                    yield text
