"""The settings of a Ray executor, and the connection to its cluster."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

from pydantic import Field, field_validator

from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.message_text import first_line

_ANSWER_SECONDS = 10.0
_PASSED_ON = ("PYTHONPATH", "HF_HOME", "HF_HUB_OFFLINE")


class NoRayError(UserError):
    """Ray is not installed, or there is no cluster."""


class RaySettings(FrozenModel):
    """What a profile sets for Ray."""

    address: str = Field(
        "auto",
        description="HOST:PORT of a cluster's head; auto: the one that RAY_ADDRESS names or that this "
        "machine belongs to; local: one on this machine, for this run.",
    )
    node_ip_address: str | None = Field(
        None, description="Address of this machine in the cluster, where it has several."
    )
    custom: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {}, description="Custom resources of each process, by name."
    )
    accelerator_type: str | None = Field(None, description="Type of GPU in Ray's words, such as A100.")
    max_workers: Annotated[int, Field(ge=1)] | None = Field(None, description="Steps at the same time.")
    idle_seconds: Annotated[float, Field(ge=0)] = Field(
        60.0, description="How long a worker without a step keeps its resources and imports."
    )
    runtime_env: dict[str, Any] = Field({}, description="Ray's runtime environment (env_vars, image_uri …).")

    @field_validator("address")
    @classmethod
    def _not_by_the_client(cls, address: str) -> str:
        if address.startswith("ray://"):
            raise ValueError(
                "Ray's client (ray://) is not supported, since a run needs the store that the nodes share; "
                "run xstilts on a node of the cluster, with address: auto"
            )
        return address


def connect(settings: RaySettings) -> bool:
    """Connect to a cluster, or start one; return whether this call did so.

    Raises:
        NoRayError: Ray is not installed, or there is no cluster at the address.
    """
    try:
        with _signals_as_they_are():
            import ray
    except ImportError as error:
        raise NoRayError(
            f"executor ray: the package ray cannot be imported ({error}); install it: "
            "pip install 'xstilts[ray]'"
        ) from error
    if ray.is_initialized():
        return False
    given: dict[str, Any] = {"address": settings.address, "log_to_driver": False, "logging_level": "ERROR"}
    if settings.address == "local":
        given["include_dashboard"] = False
    if settings.node_ip_address is not None:
        given["_node_ip_address"] = settings.node_ip_address
    with _signals_as_they_are():
        try:
            _require_answer(settings.address)
            ray.init(**given, runtime_env=_environment(settings))
        except (OSError, RuntimeError, ValueError) as error:
            raise NoRayError(
                f"executor ray: no cluster at address {settings.address!r} ({first_line(error)}); "
                "start one by `ray start --head`, or set settings.address in the executor profile, such as "
                "local for one that lasts as long as the run"
            ) from error
    return True


def _require_answer(address: str) -> None:
    """Look whether something listens at an address, for which Ray itself would wait minutes.

    Raises:
        OSError: nothing does.
    """
    host, separator, port = address.rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host, int(port)), _ANSWER_SECONDS).close()


def _environment(settings: RaySettings) -> dict[str, Any]:
    names = [name for name in os.environ if name in _PASSED_ON or name.startswith("XSTILTS_")]
    passed_on = {name: os.environ[name] for name in names}
    return settings.runtime_env | {"env_vars": passed_on | settings.runtime_env.get("env_vars", {})}


@contextmanager
def _signals_as_they_are() -> Iterator[None]:
    """Keep this process's own handling of SIGTERM, which Ray replaces."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, before)
