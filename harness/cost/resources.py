"""What a step needs of the machine that runs it."""

from pydantic import Field

from harness.config.executor_profile import ResourceSettings
from harness.frozen_model import FrozenModel

GIB = 1024**3


class Resources(FrozenModel):
    """The resource request of a step."""

    devices: float = Field(0.0, description="GPUs of each process; a fraction where several steps share one.")
    processes: int = Field(1, description="Processes that run the step together, over all nodes.")
    nodes: int = Field(1, description="Machines.")
    threads: int = Field(1, description="CPU threads of each process.")
    memory: int | None = Field(None, description="Bytes of main memory of each node; None: not known.")
    device_memory: int | None = Field(None, description="Bytes of memory of each GPU; None: not known.")
    seconds: float | None = Field(None, description="Expected duration; None: not known.")
    time_limit: float | None = Field(None, description="Seconds that the user grants; None: no limit set.")

    def requested(self) -> "Resources":
        """Return what is asked of a scheduler: without what is only expected, memory in whole GiB.

        Steps of nearly the same needs then have the same request, and can share an array or a worker.
        """
        memory = None if self.memory is None else -(-self.memory // GIB) * GIB
        return self.model_copy(update={"seconds": None, "device_memory": None, "memory": memory})

    def overridden(self, settings: ResourceSettings) -> "Resources":
        """Return the request with what an executor profile sets."""
        changed = settings.model_dump(exclude={"memory_gb", "minutes"}, exclude_none=True)
        if settings.memory_gb is not None:
            changed["memory"] = round(settings.memory_gb * 1e9)
        if settings.minutes is not None:
            changed["time_limit"] = settings.minutes * 60
        return self.model_copy(update=changed)
