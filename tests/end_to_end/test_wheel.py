import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of xstilts, installed from its wheel into an environment without the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "-q", "--no-build-isolation", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("xstilts-*.whl")
    environment = folder / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    install = [*pip, "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    # The dependencies are those of the tests' own environment; a path file brings its packages but not
    # its editable install of the checkout, which is a path file itself.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    dependencies = environment / "lib" / version / "site-packages" / "dependencies.pth"
    dependencies.write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin" / "xstilts"


def xstilts(installed: Path, folder: Path, *arguments: str) -> str:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        [str(installed), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installed_xstilts_finds_its_sequences_tasks_and_deepspeed_files(
    installed: Path, tmp_path: Path
) -> None:
    python = installed.with_name("python")
    place = subprocess.run(
        [str(python), "-c", "import harness; print(harness.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert place.startswith(str(installed.parents[1])), "the checkout was imported instead of the wheel"
    for kind, folder, suffix in (
        ("sequences", "sequences", ".yaml"),
        ("tasks", "tasks/training", ".yaml"),
        ("deepspeed", "deepspeed_configs", ".json"),
    ):
        names = {path.stem for path in (ROOT / folder).glob(f"*{suffix}")}
        assert names
        listed = xstilts(installed, tmp_path, "list", kind)
        assert {name for name in names if name not in listed} == set()


@pytest.mark.slow
def test_an_installed_xstilts_runs_a_shipped_sequence_in_an_empty_folder(
    installed: Path, tmp_path: Path
) -> None:
    shown = xstilts(
        installed, tmp_path, "run", "quickstart", "--limit", "16", "--seeds", "1",
        "--store", "store", "--leaderboards", "boards",
    )  # fmt: skip
    assert (tmp_path / "boards" / "quickstart-trial-16.md").is_file()
    assert "swahili" in shown.lower() or "sw" in shown.split()
