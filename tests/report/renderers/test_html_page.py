"""The HTML page, parsed, and where a browser is available opened in it."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from harness.report.publish import publish
from tests.report.experiments import LANGUAGES, experiment, provenance

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ALL = 1  # the table of all sequences is the second
VOID = {"meta", "img", "br", "hr", "input", "link"}


class Document(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.unbalanced = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def made(folder, **changes):
    folder.mkdir(exist_ok=True)
    settings = {"effects": [0, 0.2, 0, 0.6, 0], **changes}
    simulated = experiment(folder, items=60, **settings)
    return publish(simulated.board, folder / "boards", simulated.predictions).markdown.with_suffix(".html")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return made(tmp_path_factory.mktemp("html"))


def test_it_is_well_formed_and_needs_nothing_from_elsewhere(page):
    document = Document(page.read_text())
    assert document.unbalanced == []
    assert [tag for tag in document.open if tag != "p"] == []
    assert len(document.of("img")) == 4
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in document.of("img"))
    assert all(image["alt"] for image in document.of("img"))
    assert not document.of("link")
    assert all("src" not in script for script in document.of("script"))
    assert any("default-src 'none'" in (meta.get("content") or "") for meta in document.of("meta"))


def test_the_stages_stand_as_a_list_in_place_of_the_diagram(page):
    text = page.read_text()
    assert "flowchart" not in text
    assert "<li>rte<ul><li>xnli</li><li>pawsx<ul><li>xnli</li></ul></li></ul></li>" in text
    assert "```mermaid\nflowchart LR" in page.with_suffix(".md").read_text()


def test_header_cells_say_what_their_columns_hold(page):
    header = page.read_text().split("<thead>")[ALL + 1].split("</thead>")[0]
    assert re.search(r'<th class="number">average</th>', header)
    assert re.search(r'<th class="name">order</th>', header)
    assert re.findall(r'<th data-group="language" class="number">(.*?)</th>', header) == list(LANGUAGES)


def test_every_link_within_the_page_has_its_place(page):
    document = Document(page.read_text())
    places = {attributes["id"] for _, attributes in document.tags if "id" in attributes}
    links = [a["href"][1:] for a in document.of("a") if a["href"].startswith("#")]
    assert len(links) > 3
    assert set(links) <= places


def test_names_cannot_break_out_of_the_document(tmp_path):
    evil = "</title><script>alert(1)</script><img src=x onerror=alert(1)>"
    changed = made(tmp_path / "evil", title=evil, provenance=provenance(model=evil, command=evil))
    document = Document(changed.read_text())
    assert len(document.of("script")) == 1
    assert all("onerror" not in image for image in document.of("img"))


def opened(page, folder, script=None):
    """Return the document after a script, and what the browser wrote to its console."""
    copy, text = folder / "page.html", page.read_text()
    if script is not None:  # the page's own policy admits no script but its own
        text = re.sub("<meta http-equiv.*?>", "", text)
        text = text.replace("</body>", f"<script>{script}</script></body>")
    copy.write_text(text)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run(
        [BROWSER, *options, f"--user-data-dir={folder / 'profile'}", copy.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def shown(dom):
    """Return headers and rows of the table of all sequences as far as they are not hidden, as texts."""
    table = dom.split("<table>")[ALL + 1].split("</table>")[0]
    found = []
    for attributes, row in re.findall(r"<tr([^>]*)>(.*?)</tr>", table, re.DOTALL):
        cells = re.findall(r"<t[hd]([^>]*)>(.*?)</t[hd]>", row, re.DOTALL)
        texts = [re.sub("<.*?>", "", text) for own, text in cells if "hidden" not in own]
        if "hidden" not in attributes:
            found.append(texts)
    return found[0], found[1:]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium available")
class TestInABrowser:
    def test_the_page_admits_its_own_script_and_says_nothing(self, page, tmp_path):
        dom, console = opened(page, tmp_path)
        assert console == []
        assert '<select class="theme"' in dom

    def test_a_click_on_a_header_sorts_by_numbers(self, page, tmp_path):
        click = (
            "const heads = [...document.querySelectorAll('table')[1].tHead.rows[0].cells];"
            "heads.find((cell) => cell.textContent === 'average').querySelector('button').click();"
        )
        dom, console = opened(page, tmp_path, click)
        assert console == []
        headers, rows = shown(dom)
        averages = [float(row[headers.index("average")].split()[0]) for row in rows]
        assert len(averages) == 5
        assert averages == sorted(averages)
        assert 'aria-sort="ascending"' in dom

    def test_a_language_has_a_view_of_its_own_with_the_best_row_on_top(self, page, tmp_path):
        choose = (
            "const view = document.querySelector('.tools select');"
            "view.value = [...view.options].find((one) => one.text === 'Swahili (sw)').value;"
            "view.dispatchEvent(new Event('change'));"
        )
        headers, rows = shown(opened(page, tmp_path, choose)[0])
        assert headers == ["ranks", "order", "sw"]
        scores = [float(row[-1]) for row in rows]
        assert scores == sorted(scores, reverse=True)

    def test_a_search_leaves_the_rows_that_have_every_word(self, tmp_path):
        orders = [(), *[(f"task-{number}",) for number in range(8)]]
        long = made(tmp_path / "long", orders=orders, effects=0.0)
        search = (
            "const field = document.querySelector('.tools input[type=search]');"
            "field.value = 'XNLI task-3'; field.dispatchEvent(new Event('input'));"
        )
        dom, _ = opened(long, tmp_path, search)
        headers, rows = shown(dom)
        assert [row[headers.index("order")] for row in rows] == ["task-3 → xnli"]
        assert "1 of 9 rows</output>" in dom
