"""What a cluster of the tests can do, whatever its engine."""

import random
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from harness.config.executor_profile import ExecutorProfile


class Cluster(ABC):
    """Two nodes of one core each, on this machine.

    Attributes:
        executor: Name of the executor that runs steps on it.
        may_be_lost: Its nodes without which it goes on.
        folder: Of its logs and all else that it writes; its processes name it.
    """

    executor: ClassVar[str]
    may_be_lost: ClassVar[tuple[str, ...]]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def start(self) -> None:
        """Start it; return when it takes work."""

    @abstractmethod
    def stop(self) -> None:
        """End it and all that runs on it."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return the settings of a profile with which its steps are heard of soon."""

    @abstractmethod
    def lose_node(self, node: str) -> None:
        """Kill a node and all that runs on it; return when the cluster knows."""

    @abstractmethod
    def restore_node(self, node: str) -> None:
        """Start a lost node again."""

    @abstractmethod
    def workers(self) -> list[int]:
        """Return the process ids of what carries steps out, on all nodes."""

    @abstractmethod
    def fault(self, drawing: random.Random) -> str:
        """Let something go wrong that a run must survive; return what."""

    def profile(self, **settings: object) -> ExecutorProfile:
        """Return a profile of it, with further settings."""
        resources = {"threads": 1, "memory_gb": 0.5}
        return ExecutorProfile.model_validate(
            {"executor": self.executor, "settings": self.settings() | settings, "resources": resources}
        )
