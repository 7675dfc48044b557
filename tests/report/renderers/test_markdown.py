import json
import re
from html import unescape

import pytest

from harness.kinds.columns import RowCount
from harness.report.publication import compile_publication
from harness.report.publish import publish
from harness.report.renderers.markdown import render_page
from harness.report.renderers.terminal import render_terminal
from harness.report.table import Table
from harness.results.data_use import NOT_STATED, DataUse, SharedRows
from harness.results.reported import ReportedFileError, read_reported
from tests.corpora import CORPORA
from tests.report.experiments import LANGUAGES, board, columns, experiment, provenance, scored_row

XNLI = {"xnli": columns("xnli", ("en", "de", "sw"))}
BASE = {1: {"en": 0.66, "de": 0.60, "sw": 0.54}, 2: {"en": 0.64, "de": 0.61, "sw": 0.52}}
RTE = {1: {"en": 0.67, "de": 0.60, "sw": 0.57}, 2: {"en": 0.65, "de": 0.60, "sw": 0.56}}
XNLI_CODES = ("en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur")


def page(*rows, seeds=(1, 2), languages=XNLI, **changes):
    return render_page(compile_publication(board(rows, languages, seeds, **changes), None))


def tables(text):
    """Return each table of a page as a list of {header: cell}."""
    found, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("|--", "|:-")) and lines[number - 1].startswith("|"):
            header, rows = Table.cells(lines[number - 1]), []
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(dict(zip(header, Table.cells(row), strict=True)))
            found.append(rows)
    return found


def sequences(text):
    """Return the lines of a page's first table of all sequences."""
    return next(table for table in tables(text) if "ranks" in table[0])


def test_the_table_shows_percent_with_the_best_in_bold():
    text = page(scored_row((), BASE), scored_row(("rte",), RTE))
    rte, base = sequences(text)
    assert rte == {
        "ranks": "–",
        "order": "rte → xnli",
        "en": "**66.0**",
        "de": "60.0",
        "sw": "**56.5**",
        "average": "**60.8 ± 0.7**",
        "non-English": "**58.2 ± 0.4**",
        "gap": "+7.8 ± 1.1",
        "Δ target-only": "+1.3 ± 0.0",
    }
    assert base["order"] == "xnli (target only)"
    assert base["de"] == "**60.5**"
    assert base["Δ target-only"] == "baseline"


def test_one_seed_shows_no_sd_and_says_so():
    text = page(scored_row((), {1: BASE[1]}), seeds=(1,))
    assert "±" not in "".join(line for line in text.splitlines() if line.startswith("|"))
    assert "One seed: there is no standard deviation" in text


def test_failed_runs_are_listed_with_their_reason_and_those_not_run_apart_from_them():
    waiting = scored_row(("sst2",), {1: None})
    result = waiting.seeds[0].model_copy(update={"status": "not run", "error": None})
    text = page(
        scored_row((), BASE),
        scored_row(("rte",), {1: RTE[1], 2: None}),
        scored_row(("qqp",), {2: RTE[2]}),
        waiting.model_copy(update={"seeds": (result,)}),
    )
    failed, not_run = text.split("## Failed runs")[1].split("<details>")[0].split("## Not run yet")
    assert failed.strip() == "- rte → xnli, seed 2: RunError: loss is not finite"
    assert not_run.strip() == "- qqp → xnli: seed 1\n- sst2 → xnli: seeds 1, 2"
    states = {(row["order"], row["seed"]): row["average"] for row in tables(text.split("Every seed")[1])[0]}
    assert [states["rte → xnli", "2"], states["qqp → xnli", "1"], states["sst2 → xnli", "1"]] == [
        "failed",
        "not run",
        "not run",
    ]
    assert "3 sequences have no average" in text
    assert sequences(text)[-1]["average"] == "–"


def test_a_limited_run_is_marked_as_a_trial():
    assert "**LIMITED:** only the first 50 items" in page(
        scored_row((), BASE), provenance=provenance(limited=50)
    )
    assert "LIMITED" not in page(scored_row((), BASE))


def test_a_remark_stands_below_the_question():
    text = page(scored_row((), BASE), note="trained on *development* rows")
    assert "?\n\n> **Note:** trained on \\*development\\* rows\n\n## xnli" in text


def test_provenance_names_command_commit_data_packages_and_hardware():
    text = page(scored_row((), BASE), provenance=provenance(dirty=True))
    assert "```sh\nxstilts run sequences/rte-paraphrase-xnli.yaml --processes 2\n```" in text
    assert "`681e6aa0c0ff` **with uncommitted changes**" in text
    for part in (
        "torch 2.13.0",
        "2 × x86_64 CPU",
        "`zero2`",
        "2026-01-14",
        " cdcdcdcdcdcd ",
        " abababababab ",
    ):
        assert part in text


def test_a_path_of_one_machine_is_not_shown():
    text = page(scored_row((), BASE), provenance=provenance(sequence_file="/home/someone/a.yaml"))
    assert "/home" not in text
    assert "`a.yaml`" in text


def test_each_target_has_a_table_of_its_own():
    languages = {**XNLI, "pawsx": columns("pawsx", ("en", "de"))}
    other = scored_row((), {1: {"en": 0.9, "de": 0.8}, 2: {"en": 0.9, "de": 0.8}}, "pawsx")
    text = page(scored_row((), BASE), other, languages=languages)
    assert text.index("## xnli") < text.index("## pawsx")
    assert sequences(text.split("## pawsx")[1])[0]["average"] == "85.0 ± 0.0"


def test_many_languages_stand_in_a_second_table():
    languages = {"xnli": columns("xnli", XNLI_CODES)}
    scores = {1: dict.fromkeys(XNLI_CODES, 0.6), 2: dict.fromkeys(XNLI_CODES, 0.7)}
    text = page(scored_row((), scores), languages=languages)
    summary, by_language = (table for table in tables(text)[:3] if "ranks" in table[0])
    assert "ur" not in summary[0]
    assert summary[0]["average"] == "65.0 ± 7.1"
    assert list(by_language[0]) == ["ranks", "order", *XNLI_CODES]


def test_the_page_says_on_which_split_each_target_is_scored():
    scores = {1: dict.fromkeys(("en", "de"), 0.5)}
    rows = [scored_row((), scores, target) for target in ("xnli", "panx")]
    languages = {target: columns(target, ("en", "de")) for target in ("xnli", "panx")}
    text = render_page(
        compile_publication(
            board(rows, languages, (1,), provenance=provenance(splits={"panx": "validation"})), None
        )
    )
    assert "on the test split (panx on validation);" in text
    assert "scored on xnli test (en, de)" in text and "scored on panx validation (en, de)" in text


def test_forty_languages_are_folded_by_family_and_fit_a_terminal():
    languages = CORPORA["panx"].languages
    scores = {code: 0.5 + 0.01 * at for at, code in enumerate(languages)}
    rows = [scored_row(order, {1: scores, 2: scores}, "panx") for order in ((), ("rte",))]
    made = board(rows, {"panx": columns("panx", languages)}, (1, 2))
    text, shown = render_page(compile_publication(made, None)), render_terminal(made, 120)
    folded = re.findall(r"<summary>(.*) \((.*)\)</summary>", text)
    assert sorted(code for _, codes in folded for code in codes.split(", ")) == sorted(languages)
    assert ("Uralic", "et, fi, hu") in folded
    assert max(len(codes.split(", ")) for _, codes in folded) <= 8
    assert max(map(len, shown.splitlines())) <= 120
    for part in (text, shown):
        assert all(f"{100 * score:.1f}" in part for score in scores.values())


def test_names_cannot_break_out_of_the_page():
    evil = "x</details><script>alert(1)</script>|y\n# Big ![p](http://e/x.png) `a` \u202egpj"
    text = page(
        scored_row((), BASE),
        scored_row(("rte",), {1: RTE[1], 2: None}).model_copy(
            update={"seeds": (scored_row((), {1: None}).seeds[0].model_copy(update={"error": evil}),)}
        ),
        title=evil,
        question=evil,
        note=evil,
        data=(DataUse(name=evil, role="training", source=evil, revision=evil, fingerprint=evil, dropped=1),),
        overlap=tuple(
            SharedRows(
                training=evil,
                evaluation=evil,
                corpus=evil,
                language=evil,
                rows=9,
                dropped=shared,
                sentence_rows=0,
                similar_sentence_rows=0,
            )
            for shared in (0, 1)
        ),
        provenance=provenance(
            command=f"xstilts run ```\n{evil}",
            model=evil,
            hardware=evil,
            packages={evil: evil},
            deepspeed=evil,
        ),
    )
    outside_code = re.sub(r"(?s)(`+)(?!`).*?(?<!`)\1(?!`)", "", text.replace("\\`", ""))
    assert "<script" not in outside_code
    assert not re.search(r"(?<!\\)!?(?<!\\)\[p(?<!\\)\]\(", outside_code)
    assert "\u202e" not in text
    assert "# Big" not in [line[:5] for line in text.splitlines()]
    assert text.count("<details>") == text.count("\n</details>") == 4
    assert len(tables(text)) == 7


def test_the_page_says_what_training_and_evaluation_rows_share():
    def shared(training, language, **counts):
        values = {"dropped": 0, "sentence_rows": 0, "similar_sentence_rows": 0, **counts}
        names = {"evaluation": f"xtreme_xnli_{language}", "corpus": "xnli", "language": language}
        return SharedRows(training=training, rows=2000, **names, **values)

    data = (
        DataUse(name="xnli", role="training", source="here", rows=97, dropped=3, whole_fingerprint="ab" * 32),
    )
    overlap = (
        shared("xnli", "en", dropped=3, sentence_rows=1237, similar_sentence_rows=1238),
        shared("xnli", "sw"),
        shared("rte", "en"),
    )
    text = page(scored_row((), BASE), data=data, overlap=overlap)
    assert "**xnli: 3 of 100 rows were dropped before training**" in text
    assert tables(text.split("### Overlap")[1])[0] == [
        {
            "training": "xnli",
            "evaluation": "xtreme_xnli_en",
            "pairs dropped": "3",
            "sentences shared": "1,237",
            "similar": "1,238",
            "of rows": "2,000",
        }
    ]
    assert "Nothing is shared by: xnli and xnli (sw); rte and xnli (en)." in text
    clean = page(scored_row((), BASE), overlap=overlap[1:])
    assert "No training row is also an evaluation row." in clean


def test_the_page_says_what_was_counted_in_the_data_and_whose_the_data_are():
    counts = (RowCount(count=3, what="lines that break the file's format, left out"),)
    known = {"citation": "Dagan et al. 2006", "license": "research use"}
    unknown = {"citation": NOT_STATED, "license": NOT_STATED}
    data = (
        DataUse(name="rte", role="training", source="folder: rte.tsv", rows=9, counted=counts, **known),
        DataUse(name="own", role="training", source="folder: own.tsv", rows=9, **unknown),
    )
    text = page(scored_row((), BASE), data=data)
    assert "- rte: lines that break the file's format, left out: 3 (folder: rte.tsv)." in text
    assert "- rte: Dagan et al. 2006; license: research use." in text
    assert "- own: not stated; license: not stated." in text


def test_training_on_other_rows_than_the_published_set_is_said_in_finding_and_data():
    data = (
        DataUse(name="xnli", role="training", source="here", rows=2400, dropped=90, expected_rows=392_702),
        DataUse(name="rte", role="training", source="here", rows=2490, expected_rows=2490),
        DataUse(
            name="pawsx",
            role="training",
            source="here",
            rows=2000,
            expected_rows=49_401,
            development_rows=2000,
        ),
        DataUse(name="mine", role="training", source="here", rows=7),
    )
    text = page(scored_row((), BASE), scored_row(("rte",), RTE), data=data)
    limits = text.split("Limits of this finding")[1].split("\n\n")[0]
    assert "xnli (2,490, not 392,702), pawsx (2,000, not 49,401)" in limits
    assert "- **xnli: 2,490 rows, where the published training set has 392,702.**" in text
    assert "has 49,401.** That is the size of its development set, which was probably trained on" in text
    assert text.count("where the published training set has") == 2


def test_the_limits_of_a_target_name_no_training_set_of_another_target():
    rows = [scored_row((), BASE, target) for target in ("xnli", "pawsx")]
    data = tuple(
        DataUse(name=name, role="training", source="here", rows=7, expected_rows=9)
        for name in ("rte", "xnli", "pawsx")
    )
    languages = {target: columns(target) for target in ("xnli", "pawsx")}
    text = render_page(compile_publication(board(rows, languages, (1, 2, 3), data=data), None))
    first, second = text.split("published training sets: ")[1:]
    assert first.startswith("rte (7, not 9), xnli (7, not 9).")
    assert second.startswith("rte (7, not 9), pawsx (7, not 9).")


def test_all_commits_of_a_leaderboard_are_named():
    text = page(scored_row((), BASE), provenance=provenance(commit=f"{'a' * 40}, {'b' * 40}"))
    assert f"- Commit: `{'a' * 12}`, `{'b' * 12}`" in text


PAIR = ("better average", "the same tasks otherwise", "difference", "95% interval", "adjusted p")


def finding(text):
    (line,) = (line for line in text.splitlines() if line.startswith("**Finding:**"))
    return unescape(line.replace("\\", ""))


def test_the_first_screen_has_question_answer_best_and_baseline_and_one_picture(tmp_path):
    made = experiment(tmp_path, items=60)
    text = publish(made.board, tmp_path / "boards", made.predictions).markdown.read_text()
    overview = tables(text)[0]
    best = next(row for row in sequences(text) if not row["order"].endswith("(target only)"))
    assert {row["order"] for row in overview} == {best["order"], "xnli (target only)"}
    (own,) = (row for row in overview if row["order"] == best["order"])
    assert own["average"] == best["average"].strip("*")
    places = [text.index(part) for part in ("**Question:**", "**Finding:**", "| order", "![", "### All seq")]
    assert places == sorted(places)


def test_the_finding_answers_the_question_of_order(tmp_path):
    made = experiment(tmp_path, items=1500, effects=[0, 0, 0, 1.2, 0])
    text = publish(made.board, tmp_path / "boards", made.predictions).markdown.read_text()
    (pair,) = next(table for table in tables(text) if "better average" in table[0])
    assert pair["verdict"] == "significant"
    order, exploratory = finding(text).split("Exploratory:")
    assert "has a significant effect" in order
    largest = order.split("Largest difference:")[1]
    places = [largest.index(pair[column]) for column in PAIR]
    assert places == sorted(places)  # first the pair, then the effect, its interval and p
    assert "4 sequences" in exploratory and "1 significantly above, 0 significantly below" in exploratory


def test_the_finding_says_so_when_nothing_is_significant(tmp_path):
    made = experiment(tmp_path, effects=0.0, seed=4)
    text = publish(made.board, tmp_path / "boards", made.predictions).markdown.read_text()
    (pair,) = next(table for table in tables(text) if "better average" in table[0])
    answer = finding(text)
    assert "no significant effect" in answer and "4 not significantly different" in answer
    assert f"up to {pair['not excluded up to']} points are not excluded" in answer
    marked = [row["Δ target-only"] for row in sequences(text) if row["Δ target-only"] != "baseline"]
    assert all(cell.strip("*").startswith("≈") for cell in marked)


def test_with_one_seed_nothing_is_testable_and_nothing_has_a_rank(tmp_path):
    made = experiment(tmp_path, seeds=(1,))
    text = publish(made.board, tmp_path / "boards", made.predictions).markdown.read_text()
    assert "ot testable" in finding(text)
    assert {row["ranks"] for row in sequences(text)} == {"–"}
    assert {row["verdict"] for row in sequences(text)[1:]} <= {"not testable", "–"}
    assert "ties" not in sequences(text)[0]
    assert "| not testable (1 pair)" in (tmp_path / "boards" / "README.md").read_text()


def test_a_failed_run_leaves_the_other_rows_their_intervals(tmp_path):
    made = experiment(tmp_path)
    rows = list(made.board.rows)
    rows[1] = scored_row(("rte",), {1: None, 2: None, 3: None})
    partly = made.board.model_copy(update={"rows": tuple(rows)})
    text = publish(partly, tmp_path / "boards", made.predictions).markdown.read_text()
    cells = {row["order"]: row["average 95%"] for row in sequences(text)}
    assert cells["rte → xnli"] == "–"
    assert cells["pawsx → xnli"].startswith("[")


def test_numbers_of_others_stand_in_a_marked_block(tmp_path):
    path = tmp_path / "published.json"
    path.write_text(
        json.dumps(
            {
                "note": "…",
                "xtreme_averages": {"source": "a README", "mBERT": {"xnli": 65.4, "pawsx": 81.9}},
                "xnli_by_language_2": {"source": "a paper", "languages": ["en", "de"], "XLM-R": [84.0, 76.0]},
                "pawsx_by_language": {"source": "a paper", "languages": ["en"], "MMTE": [93.1]},
                "training_set_sizes": {"source": "x", "xnli": {"train": 392702}},
            }
        )
    )
    published = publish(board([scored_row((), BASE)], XNLI, (1, 2)), tmp_path / "boards", reported=path)
    text = published.markdown.read_text()
    block = text.split("## Reported elsewhere: xnli")[1]
    assert "**Not results of this project.**" in block
    assert tables(block)[0] == [
        {"model": "XLM-R", "en": "84.0", "de": "76.0", "average": "80.0", "languages": "2", "source": "(2)"}
    ]
    assert tables(block)[1] == [{"model": "mBERT", "average": "65.4", "source": "(1)"}]
    assert "- (1) a README\n- (2) a paper" in block
    assert "MMTE" not in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "holds a list"),
        ('{"x_averages": {"mBERT": {"xnli": 65}}}', "x_averages: `source` must say"),
        ('{"x_averages": {"source": "s", "mBERT": {"xnli": 165}}}', r"x_averages\.mBERT\.xnli: 165 is not"),
        (
            '{"xnli_by_language": {"source": "s", "languages": ["en", "de"], "m": [1]}}',
            "one number for each of 2",
        ),
        ('{"xnli_by_language": {"source": "s", "m": [1]}}', "languages: a list"),
        (r'{"x_averages": {"source": "s", "\ud800": {"xnli": 65}}}', "cannot be read as JSON.*surrogates"),
        (
            f'{{"x_averages": {{"source": "s", "{"m" * 5000}": {{"xnli": 165}}}}}}',
            r"x_averages\.m{68}…: 165 is not",
        ),
    ],
)
def test_unusable_reported_numbers_are_refused_with_their_place(tmp_path, content, words):
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(ReportedFileError, match=words):
        read_reported(path, ("xnli",))


@pytest.mark.parametrize("width", [80, 110, 300])
def test_the_terminal_table_fits_and_loses_no_column(tmp_path, width):
    made = experiment(tmp_path)
    publication = publish(made.board, tmp_path / "boards", made.predictions).publication
    text = render_terminal(publication, width)
    table_lines = [line for block in text.split("\n\n") for line in block.splitlines() if "  " in line]
    assert max(map(len, table_lines)) <= width
    for header in (*LANGUAGES, "average", "non-English", "gap", "Δ target-only", "Δ 95%"):
        assert sum(line.lstrip().startswith("ranks") and header in line for line in table_lines) >= 1
    assert "**" not in text
    assert "no significant effect" in text


def test_the_terminal_shows_a_board_alone():
    text = render_terminal(board([scored_row((), BASE), scored_row(("rte",), RTE)], XNLI, (1, 2)), 120)
    assert "rte → xnli" in text
    assert "No difference is tested" in text
