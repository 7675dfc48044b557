"""The HTML page, parsed, and where a browser is available opened in it."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from harness.leaderboard.publish import publish
from tests.leaderboard.experiments import experiment, provenance

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
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
    simulated = experiment(folder, items=60, effects=[0, 0.2, 0, 0.6, 0], **changes)
    return publish(simulated.board, folder / "boards", simulated.predictions).markdown.with_suffix(".html")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return made(tmp_path_factory.mktemp("html"))


def test_it_is_well_formed_and_needs_nothing_from_elsewhere(page):
    document = Document(page.read_text())
    assert document.unbalanced == []
    assert [tag for tag in document.open if tag != "p"] == []
    assert len(document.of("img")) == 3
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


def test_numeric_columns_are_marked_for_sorting_as_numbers(page):
    header = page.read_text().split("<thead>")[1].split("</thead>")[0]
    assert re.search(r'<th style="text-align:right">average</th>', header)
    assert re.search(r'<th style="text-align:left">order</th>', header)


def test_names_cannot_break_out_of_the_document(tmp_path):
    evil = "</title><script>alert(1)</script><img src=x onerror=alert(1)>"
    changed = made(tmp_path / "evil", title=evil, provenance=provenance(model=evil, command=evil))
    document = Document(changed.read_text())
    assert len(document.of("script")) == 1
    assert all("onerror" not in image for image in document.of("img"))


def opened(page, folder, script):
    """Return the document after a script, and what the browser wrote to its console."""
    copy = folder / "page.html"
    copy.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run(
        [BROWSER, *options, f"--user-data-dir={folder / 'profile'}", copy.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium available")
def test_a_click_on_a_header_sorts_in_a_browser_without_a_console_message(page, tmp_path):
    click = (
        "const heads = [...document.querySelector('table').tHead.rows[0].cells];"
        "const head = heads.find((cell) => cell.textContent === 'average');"
        "head.querySelector('button').click();"
    )
    dom, console = opened(page, tmp_path, click)
    assert console == []
    body = dom.split("<tbody>")[1].split("</tbody>")[0]
    index = re.findall(r"<th[^>]*><button[^>]*>(.*?)</button>", dom.split("</thead>")[0]).index("average")
    averages = [
        float(re.search(r"[\d.]+", re.sub("<.*?>", "", re.findall(r"<td.*?</td>", row)[index])).group())
        for row in body.split("</tr>")[:-1]
    ]
    assert len(averages) == 5
    assert averages == sorted(averages)
    assert 'aria-sort="ascending"' in dom
