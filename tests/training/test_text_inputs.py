import pytest

from harness.kinds.text_inputs import input_ids, target_ids
from harness.models.references import ModelRef

from .text_models import make_byt5, make_mt5

MARKS = ("tiny: first:", "second:")


@pytest.fixture(scope="module", params=["mt5", "byt5"])
def tokenizer(request, tmp_path_factory):
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp(request.param)
    (make_mt5 if request.param == "mt5" else make_byt5)(folder)
    return AutoTokenizer.from_pretrained(folder)


def test_texts_stand_behind_their_marks(tokenizer):
    (ids,) = input_ids(tokenizer, MARKS, [("word1 word2", "word3")], 100)
    assert ids == tokenizer("tiny: first: word1 word2 second: word3")["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id


def test_the_longest_text_is_cut_first_and_none_is_lost(tokenizer):
    long, short = " ".join(["word1"] * 60), "word7 word8"
    for texts in ((long, short), (short, long)):
        for longest in (50, 60, 77):
            (ids,) = input_ids(tokenizer, MARKS, [texts], longest)
            assert longest - 8 <= len(ids) <= longest and ids[-1] == tokenizer.eos_token_id
            text = tokenizer.decode(ids, skip_special_tokens=True)
            assert short in text and "second:" in text and text.count("word1") >= 2


def test_an_input_shorter_than_its_marks_still_ends(tokenizer):
    (ids,) = input_ids(tokenizer, MARKS, [("word1", "word2")], 8)
    assert len(ids) == 8 and ids[-1] == tokenizer.eos_token_id


def test_answers_end_with_the_end_of_the_sequence(tokenizer):
    same, cut = target_ids(tokenizer, ["same", "word1 word2 word3 word4"], 5)
    assert same == tokenizer("same")["input_ids"][:4] + [tokenizer.eos_token_id][: len(same)]
    assert len(cut) == 5 and cut[-1] == tokenizer.eos_token_id


def test_the_file_that_mt5_publishes_is_read_as_sentencepiece_reads_it(tmp_path):
    """The published folders hold spiece.model and no tokenizer.json."""
    sentencepiece = pytest.importorskip("sentencepiece")
    from transformers import MT5Config

    from harness.models.tokenizer import fast_tokenizer

    texts = [f"xnli: premise: word{at} hypothesis: entailment neutral Wörter 你好" for at in range(40)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=40,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    MT5Config(vocab_size=40).save_pretrained(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer", "extra_ids": 0}')
    tokenizer = fast_tokenizer(ModelRef.at(tmp_path))
    processor = sentencepiece.SentencePieceProcessor(str(tmp_path / "spiece.model"))
    for text in ("xnli: premise: word7 hypothesis: Wörter 你好", "entailment"):
        assert tokenizer(text)["input_ids"] == [*processor.encode(text), 1]
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (0, 1)
