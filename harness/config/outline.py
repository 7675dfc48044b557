"""The names in a sequence file with their places, as far as the file can be understood.

It lets every check run on a file that has other problems, so that all of them are reported at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.config.yaml_source import Key, YamlSource

Places = dict[Key, str]


@dataclass
class Outline:
    """What a sequence file names.

    Attributes:
        intermediates: Place -> name, in the order of the file; likewise the others.
        orders: One entry for each explicit order.
        repeats: Whether a task may occur more than once in an order.
        design: What `orders:` says where it is a mapping.
        lengths: Place -> length.
        seeds: Place -> seed.
        contrasts: Place -> the tasks that a primary contrast names.
        per_task: Place of the section -> task.
        mixtures: Mixture -> place -> name of each of its tasks.
        head: What `training:` says of heads.
        few_shot_languages: Place -> language of few-shot stages.
        few_shot_split: The rows that they draw from; empty where the file names none that exists.
        split: The evaluated split; empty where the file names none that exists.
        splits: Place -> the split of a target of its own, likewise; the place ends with the target.
    """

    source: YamlSource
    intermediates: Places = field(default_factory=dict)
    targets: Places = field(default_factory=dict)
    orders: dict[Key, Places] = field(default_factory=dict)
    repeats: bool = False
    design: dict[str, Any] = field(default_factory=dict)
    lengths: dict[Key, int] = field(default_factory=dict)
    seeds: dict[Key, int] = field(default_factory=dict)
    contrasts: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    per_task: Places = field(default_factory=dict)
    mixtures: dict[str, Places] = field(default_factory=dict)
    head: Any = None
    few_shot_languages: Places = field(default_factory=dict)
    few_shot_split: str = "development"
    evaluations: Places = field(default_factory=dict)
    split: str = "test"
    splits: Places = field(default_factory=dict)

    @classmethod
    def of(cls, source: YamlSource) -> "Outline":
        """Read what can be read."""
        data = source.data if isinstance(source.data, dict) else {}
        training = _mapping(data.get("training"))
        evaluation = _mapping(data.get("evaluation"))
        few_shot = _mapping(data.get("few_shot"))
        drawn = few_shot.get("from", "development")
        orders, split = data.get("orders"), evaluation.get("split", "test")
        return cls(
            source,
            intermediates=_entries(data.get("intermediates"), ("intermediates",), str),
            targets=_entries(data.get("targets"), ("targets",), str),
            orders=_orders(_mapping(orders).get("listed"), ("orders", "listed"))
            if isinstance(orders, dict)
            else _orders(orders, ("orders",)),
            repeats=_mapping(orders).get("repeats") is True,
            design=_mapping(orders),
            lengths=_entries(_mapping(orders).get("lengths"), ("orders", "lengths"), int),
            seeds=_entries(data.get("seeds"), ("seeds",), int),
            contrasts=_contrasts(data.get("contrasts")),
            per_task={("training", "per_task", name): name for name in _mapping(training.get("per_task"))},
            mixtures={
                name: _entries(_mapping(mixture).get("tasks"), ("mixtures", name, "tasks"), str)
                for name, mixture in _mapping(data.get("mixtures")).items()
            },
            head=training.get("head"),
            few_shot_languages=_entries(few_shot.get("language"), ("few_shot", "language"), str),
            few_shot_split=drawn if drawn in ("train", "development") else "",
            evaluations=_entries(evaluation.get("tasks"), ("evaluation", "tasks"), str),
            split=_known_split(split),
            splits={
                ("evaluation", "splits", target): _known_split(own)
                for target, own in _mapping(evaluation.get("splits")).items()
            },
        )

    def split_of(self, target: str) -> str:
        """Return the split that a target is scored on; empty where that is none that exists."""
        return self.splits.get(("evaluation", "splits", target), self.split)

    @property
    def single_intermediates(self) -> Places:
        """The intermediates that are no mixtures."""
        return {key: name for key, name in self.intermediates.items() if name not in self.mixtures}

    @property
    def members(self) -> Places:
        """The tasks of all mixtures."""
        return {key: name for tasks in self.mixtures.values() for key, name in tasks.items()}

    @property
    def tasks(self) -> Places:
        """The training tasks in use: intermediates, those of mixtures, and targets."""
        return {**self.single_intermediates, **self.members, **self.targets}


def _known_split(value: Any) -> str:
    return value if value in ("test", "validation") else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _orders(value: Any, place: Key) -> dict[Key, Places]:
    return {
        (*place, position): _entries(order, (*place, position), str)
        for position, order in enumerate(value if isinstance(value, list) else [])
        if isinstance(order, list)
    }


def _contrasts(value: Any) -> dict[Key, tuple[str, ...]]:
    return {
        ("contrasts", position): tuple(_texts(entry))
        for position, entry in enumerate(value if isinstance(value, list) else [])
        if isinstance(entry, dict)
    }


def _texts(value: Any) -> Iterator[str]:
    """Yield every text within nested lists and mappings' values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _entries(value: Any, place: Key, kind: type) -> dict[Key, Any]:
    entries = value if isinstance(value, list) else []
    return {(*place, position): entry for position, entry in enumerate(entries) if type(entry) is kind}
