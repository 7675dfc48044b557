"""Things found by name: those that xstilts brings, and those that other distributions announce."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from harness.errors import UserError
from harness.message_text import cut, names_in_short, nearest

T = TypeVar("T")


class UnknownNameError(UserError):
    """Nothing of this sort has this name."""


class BrokenEntryPointError(UserError):
    """What a distribution announces cannot be imported, or is something else."""


class Registry(Generic[T]):
    """Objects of one type by name; each is imported when it is first asked for."""

    def __init__(self, kind: type[T], what: str, group: str, built_in: Mapping[str, str]) -> None:
        """Say what there is.

        Args:
            kind: What every object must be an instance of.
            what: What messages call one, such as `metric`.
            group: The entry points (Python packaging's term) by which other distributions announce theirs.
            built_in: Name -> `module:attribute`; these cannot be replaced by an entry point.
        """
        self._kind, self._what, self._group = kind, what, group
        self._built_in = dict(built_in)
        self._found: dict[str, T] = {}
        self._points: Mapping[str, EntryPoint] | None = None

    def get(self, name: str) -> T:
        """Return the object of a name.

        Raises:
            UnknownNameError: there is none; names the nearest.
            BrokenEntryPointError: another distribution announces it, but what it announces is not one.
        """
        if name not in self._found:
            if name in self._built_in:
                module, _, attribute = self._built_in[name].partition(":")
                found = getattr(import_module(module), attribute)
            elif name in self._announced:
                found = self._loaded(self._announced[name])
            else:
                known = self.names()
                raise UnknownNameError(
                    f"there is no {self._what} {cut(name)!r}; {nearest(name, known)}"
                    f"known are {names_in_short(known)}"
                )
            self._found[name] = found
        return self._found[name]

    def names(self) -> tuple[str, ...]:
        """Return all names, those of xstilts first."""
        return tuple(dict.fromkeys((*self._built_in, *self._announced)))

    @property
    def _announced(self) -> Mapping[str, EntryPoint]:
        if self._points is None:
            # Read when first needed: it opens a file of every installed distribution.
            self._points = {point.name: point for point in entry_points(group=self._group)}
        return self._points

    def _loaded(self, point: EntryPoint) -> T:
        where = f"the entry point {point.name!r} of {self._group} ({point.value})"
        try:
            found: Any = point.load()
        except Exception as error:
            raise BrokenEntryPointError(
                f"{where} cannot be imported: {error}; update or remove the distribution that announces it"
            ) from error
        if not isinstance(found, self._kind):
            raise BrokenEntryPointError(
                f"{where} is a {type(found).__name__}, not a {self._kind.__name__}; correct the distribution "
                "that announces it"
            )
        return found
