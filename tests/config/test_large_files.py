"""Files that are large for no reason are refused quickly, in a message that can be read."""

import time
from pathlib import Path

import pytest

from harness.config.load import check_files
from harness.config.problem import SpecError
from tests.config.files import SEQUENCE, changed, write

MANY = range(60_000)
FILES = {
    "one unknown task often": changed(SEQUENCE, ("[rte, pawsx]", f"[{', '.join('a' for _ in MANY)}]")),
    "many unknown tasks": changed(SEQUENCE, ("[rte, pawsx]", f"[{', '.join(f'a{i}' for i in MANY)}]")),
    "many names that are none": changed(SEQUENCE, ("[rte, pawsx]", f"[{', '.join(f'A{i}' for i in MANY)}]")),
    "a sample of too many tasks": changed(
        SEQUENCE,
        ("[rte, pawsx]", f"[{', '.join(f'a{i}' for i in MANY)}]"),
        ("{lengths: [0, 1]}", "{sample: 3, length: 30000, seed: 1}"),
    ),
    "a seed often": changed(SEQUENCE, ("seeds: [1, 2]", f"seeds: [{', '.join('1' for _ in MANY)}]")),
    "an order often": changed(SEQUENCE, ("{lengths: [0, 1]}", f"[{', '.join('[b]' for _ in MANY)}]")),
    "unknown keys": SEQUENCE + "".join(f"k{i}: 1\n" for i in MANY),
    "a key often": SEQUENCE + "".join("k: 1\n" for _ in MANY),
    "anchors": changed(SEQUENCE, ("[rte, pawsx]", f"[{', '.join('&a b' for _ in MANY)}]")),
    "settings of tasks that are not trained": changed(
        SEQUENCE, ("    rte: {epochs: 3}\n", "".join(f"    q{i}: {{epochs: 2}}\n" for i in MANY[:20_000]))
    ),
    "mixtures": changed(
        SEQUENCE,
        (
            "orders:",
            "mixtures:\n" + "".join(f"  m{i}: {{tasks: [rte, mrpc]}}\n" for i in MANY[:2000]) + "orders:",
        ),
        ("[rte, pawsx]", f"[{', '.join(f'm{i}' for i in MANY[:2000])}]"),
        ("{lengths: [0, 1]}", "all"),
    ),
    "a long key": SEQUENCE + f"? {'x' * 900_000}\n: 1\n",
    "a long name of a DeepSpeed file": changed(SEQUENCE, ("zero2", "x" * 900_000)),
    "a long path of a DeepSpeed file": changed(SEQUENCE, ("zero2", f"{'x' * 1900}.json")),
    "a long name of a model": changed(SEQUENCE, ("e5-small", "x" * 900_000)),
    "a folder of nobody as the model": changed(SEQUENCE, ("embedded:e5-small", "~nobody-of-this-name/x")),
    "a long name of a task": changed(SEQUENCE, ("[rte, pawsx]", f"[{'x' * 900_000}]")),
    "brackets": "[" * 900_000,
}


@pytest.mark.parametrize("name", FILES)
def test_a_large_file_is_refused_quickly_and_in_short(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "own.yaml", FILES[name][:999_999])
    started = time.process_time()
    try:
        check_files([str(path)])
    except SpecError as error:
        assert str(path) in str(error)
        assert len(str(error)) < 250 * (500 + len(str(path)))
    else:
        assert name == "a folder of nobody as the model"  # whether there is such a model is not asked yet
    assert time.process_time() - started < 20
