"""Every command of the how-to pages on Slurm and Ray is run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.config.yaml_source import read_yaml
from harness.execution.executors.registry import check_profile
from tests.cluster.processes import wait_until
from tests.cluster.ray_cluster import HEAD, RayCluster
from tests.cluster.slurm_cluster import SlurmCluster
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[2]


class Reader:
    """Somebody who follows a page, with a tiny experiment in place of `quickstart`."""

    def __init__(self, page: str, folder: Path) -> None:
        text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
        self.profile, *others = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
        for number, resources in enumerate(others):
            path = folder / f"other-{number}.yaml"
            path.write_text(f"executor: {page.removesuffix('.md')}\n{resources}")
            check_profile(read_yaml(path))
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        self.commands = [line for block in blocks for line in block.splitlines()]
        self.folder, self.store = folder, folder / "store"
        self.file = make_experiment(folder, seeds="[1]", orders="[[rte]]")
        self.home = folder / "home"
        self.variables = os.environ | {"XSTILTS_HOME": str(self.home), "XSTILTS_DATA": str(folder / "data")}

    def write_profile(self, name: str, **changes: str) -> None:
        text = self.profile
        for old, new in changes.items():
            assert f"{old}: " in text
            text = re.sub(rf"{old}: \S+", f"{old}: {new}", text)
        (self.home / "executors").mkdir(parents=True)
        (self.home / "executors" / name).write_text(text)

    def follow(self, command: str) -> str:
        line = command.replace("quickstart.sh", str(self.folder / "job.sh"))
        line = line.replace("/shared/store", str(self.store)).replace("~/.config/xstilts", str(self.home))
        line = line.replace(" quickstart ", f" {self.file} ")
        line = re.sub(r"^xstilts", shlex.join([sys.executable, "-m", "harness.cli.main"]), line)
        done = subprocess.run(
            line, shell=True, cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


def test_each_command_on_slurm(tmp_path: Path, slurm: SlurmCluster) -> None:
    reader = Reader("slurm.md", tmp_path)
    reader.write_profile("my-slurm.yaml")
    said = {command: reader.follow(command) for command in reader.commands[:-2]}
    assert "my-slurm" in said["xstilts list executors"]
    (ran,) = (text for command, text in said.items() if command.startswith("xstilts run"))
    assert "2 stages trained" in ran and re.search(r"queued .*job \d+_\d+", ran)
    assert len(list(reader.store.glob("runs/*/steps/*/log"))) == 4

    reader.store = tmp_path / "by-script"
    print_script, submit = reader.commands[-2:]
    reader.follow(print_script)
    reader.follow(submit)
    page = tmp_path / "leaderboards" / "tiny-orders.md"
    page.unlink()
    wait_until(lambda: not slurm.jobs(), 600, "the end of the array")
    assert page.exists()


def test_each_command_on_ray(tmp_path: Path, ray: RayCluster) -> None:
    reader = Reader("ray.md", tmp_path)
    reader.write_profile("my-ray.yaml", address=f"{ray.address}\n  node_ip_address: {HEAD}")
    said = {command: reader.follow(command) for command in reader.commands}
    assert "my-ray" in said["xstilts list executors"]
    (ran,) = (text for command, text in said.items() if command.startswith("xstilts run"))
    assert "2 stages trained" in ran
