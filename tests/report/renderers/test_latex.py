import re

import pytest

from harness.report.publish import publish
from harness.report.renderers.latex import escaped, render_latex
from tests.report.experiments import experiment


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    folder = tmp_path_factory.mktemp("latex")
    made = experiment(folder, items=40, title="50 % of R&D_x {a} ~ $5 #1 ^ \\end{table}")
    return render_latex(publish(made.board, folder / "boards", made.predictions).publication)


def test_every_line_of_the_table_has_as_many_cells_as_the_alignment(text):
    align = re.search(r"\\begin\{tabular\}\{([lr]+)\}", text).group(1)
    lines = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(lines) == 6
    assert {len(re.split(r"(?<!\\)&", line)) for line in lines} == {len(align)}


def test_environments_and_braces_are_closed_and_only_ascii_letters_are_outside_of_text(text):
    assert re.findall(r"(?<!textbackslash\{\})\\(?:begin|end)\{(\w+)\}", text) == [
        "table",
        "tabular",
        "tabular",
        "table",
    ]
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert text.count(rule) == 1
    assert not set(text) & set("→≈±−Δ–*")


def test_the_best_is_bold_and_the_target_only_row_is_named(text):
    assert re.search(r"\\textbf\{\d\d\.\d\}", text)
    assert r"xnli (target only)" in text
    assert r"rte $\rightarrow$ pawsx $\rightarrow$ xnli" in text


def test_signs_of_latex_are_printed_as_they_stand():
    assert escaped("50% of a_b & {c} \\d") == r"50\% of a\_b \& \{c\} \textbackslash{}d"
