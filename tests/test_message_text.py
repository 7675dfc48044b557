import pytest

from harness.message_text import cut, first_line, in_short, names_in_short, printable, values_in_short


def test_what_is_short_is_shown_whole():
    assert cut("name") == "name"
    assert in_short(["a", 1]) == "['a', 1]"
    assert names_in_short(["a", "b"]) == "a, b"
    assert values_in_short(["a", 1]) == "'a', 1"
    assert names_in_short([]) == ""


@pytest.mark.parametrize("shown", [cut("9" * 5000), in_short("9" * 5000), names_in_short(["9" * 5000])])
def test_what_is_long_is_cut_and_says_so(shown):
    assert len(shown) == 80
    assert shown.endswith("9…")


def test_of_many_names_some_are_shown_and_the_others_counted():
    shown = names_in_short(f"name{number}" for number in range(100_000))
    assert shown.startswith("name0, name1, ")
    assert len(shown) < 450
    count = shown.count(",") - shown.rpartition(" and ")[2].count(",") + 1
    assert shown.endswith(f" and {100_000 - count:,} more")


def test_a_message_cannot_steer_a_terminal_and_can_always_be_written():
    assert printable("é — 中 \U0001f600\tx\n") == "é — 中 \U0001f600\tx\n"
    assert printable("\x1b[2J\r\u202e\udcff\u2028") == r"\x1b[2J\r\u202e\udcff\u2028"


def test_of_an_error_the_first_line_is_shown_or_its_type():
    assert first_line(ValueError("\nwrong\nsince")) == "wrong"
    assert first_line(ValueError()) == "ValueError"
