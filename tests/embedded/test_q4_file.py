"""Reading the packed 4-bit encoder file: a small file, written here after the documented layout."""

import struct

import numpy as np
import pytest

from harness.embedded.q4_file import Q4File, Q4FormatError

SCALE = 0.25
NIBBLES = bytes((j % 16) | ((15 - j % 16) << 4) for j in range(16))
PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁猫")


def packed_file(version=1, block=32):
    head = b"E5S1" + struct.pack("<I7ifi", version, 32, 1, 2, 64, 6, 512, 2, 1e-12, block)
    texts = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    vocabulary = struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, texts))) + offsets
    vocabulary += np.array([0, 0, 0, 0, -7.5], dtype="<f4").tobytes() + b"".join(texts)
    normaliser = struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xA0, 1, 0x20)
    q4 = struct.pack("<e", SCALE) + NIBBLES
    fp32 = np.array([1.5, -2.5], dtype="<f4").tobytes()
    start = len(head + vocabulary + normaliser) + 4 + 2 * (2 + 3 + 1 + 4 + 8 + 8)
    directory = struct.pack("<i", 2)
    directory += struct.pack("<H3sBIQQ", 3, b"q.w", 1, 32, start, len(q4))
    directory += struct.pack("<H3sBIQQ", 3, b"q.b", 0, 2, start + len(q4), len(fp32))
    return head + vocabulary + normaliser + directory + q4 + fp32


def test_low_nibbles_are_the_first_half_of_a_block():
    weights = Q4File(packed_file()).tensor("q.w", (1, 32))
    low = [SCALE * (j - 8) for j in range(16)]
    np.testing.assert_array_equal(weights, [low + [SCALE * (15 - j - 8) for j in range(16)]])


def test_fp32_tensors_come_as_they_are():
    assert Q4File(packed_file()).tensor("q.b", (2,)).tolist() == [1.5, -2.5]


def test_header_and_vocabulary_are_read():
    file = Q4File(packed_file())
    assert file.header.layer_norm_eps == 1e-12
    assert (file.header.hidden_size, file.header.layers, file.header.heads) == (32, 1, 2)
    assert (file.header.intermediate_size, file.header.vocabulary_size) == (64, 6)
    assert (file.header.positions, file.header.token_types) == (512, 2)
    assert file.vocabulary.pieces == PIECES
    assert file.vocabulary.scores.tolist() == [0, 0, 0, 0, -7.5]
    assert (file.vocabulary.bos, file.vocabulary.pad, file.vocabulary.eos, file.vocabulary.unk) == (
        0,
        1,
        2,
        3,
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"GGUF" + packed_file()[4:], "magic b'GGUF'"),
        (packed_file(version=2), "version 2"),
        (packed_file(block=16), "blocks of 16"),
        (packed_file()[:20], "truncated"),
        (packed_file()[:70], "truncated"),
    ],
)
def test_a_file_of_another_layout_is_refused(content, complaint):
    with pytest.raises(Q4FormatError, match=complaint):
        Q4File(content)


def test_a_missing_tensor_and_a_wrong_shape_are_refused():
    file = Q4File(packed_file())
    with pytest.raises(Q4FormatError, match=r"no tensor 'k\.w'; it holds q\.w, q\.b"):
        file.tensor("k.w", (1, 32))
    with pytest.raises(Q4FormatError, match="the shape \\(3,\\) needs 3"):
        file.tensor("q.b", (3,))


def test_a_tensor_cut_off_at_the_end_of_the_file_is_refused():
    with pytest.raises(Q4FormatError, match="holds 1 values"):
        Q4File(packed_file()[:-4]).tensor("q.b", (2,))
