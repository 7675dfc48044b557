"""Validation of a file by a pydantic model, with errors in plain words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.config.problem import MOST_SOUGHT, Problem, SpecError, listed, shown
from harness.config.yaml_source import Key, YamlSource, dotted
from harness.message_text import cut, nearest

M = TypeVar("M", bound=BaseModel)
_Schema = Mapping[str, Any]


def read_model(source: YamlSource, model: type[M], unseen: frozenset[str] = frozenset()) -> M:
    """Validate a file's content, strictly: no text where a number belongs, no true where a 1 belongs.

    Args:
        source: The file.
        model: What it must be.
        unseen: Parts of the places of pydantic's errors that are no keys (tags of unions).

    Raises:
        SpecError: all problems of the file, each with line, key, value found and remedy.
    """
    if not isinstance(source.data, dict):
        keys = listed(model.model_json_schema()["properties"])
        found = "an empty file" if source.data is None else shown(source.data)
        raise SpecError(
            [source.problem((), "the file must be a mapping of keys", f"write `key: value`: {keys}", found)]
        )
    problems = list(source.problems)
    try:
        # JSON mode: lists become tuples and words enumerations while numbers and texts stay strict.
        checked = model.model_validate_json(json.dumps(source.data), strict=True)
    except ValidationError as error:
        wording = _Wording(source, model.model_json_schema())
        known = {problem.key for problem in problems}
        others = [wording.problem(one, unseen) for one in _telling(error.errors())[:MOST_SOUGHT]]
        raise SpecError([*problems, *(other for other in others if other.key not in known)]) from error
    if problems:
        raise SpecError(problems)
    return checked


def _telling(errors: list[Any]) -> list[Any]:
    """Leave out that a list is too short where that is only because its entries are refused."""
    places = {error["loc"][:-1] for error in errors}
    return [error for error in errors if error["type"] != "too_short" or error["loc"] not in places]


def own_message(message: str) -> str:
    """Return the message that a validator of this project wrote, without pydantic's prefix."""
    return message.removeprefix("Value error, ")


class _Wording:
    """Words for pydantic's errors, from the JSON Schema of the model, which knows what is allowed."""

    def __init__(self, source: YamlSource, schema: _Schema) -> None:
        self.source = source
        self.root = schema

    def problem(self, error: Any, unseen: frozenset[str]) -> Problem:
        kind = error["type"]
        place = tuple(part for part in error["loc"] if part not in unseen)
        if error["loc"] and error["loc"][-1] == "[key]":
            key = place[:-1]
            allowed = _describe(self._schema(key[:-1]).get("propertyNames", {}))
            return self.source.problem(
                key, "this key is not a valid name", f"write {allowed}", cut(str(key[-1]))
            )
        if kind == "missing":
            return self._missing(place)
        if kind == "extra_forbidden":
            return self._unknown(place)
        if kind == "value_error":
            message = own_message(error["msg"])
            return self.source.problem(place, message, "correct this value")
        allowed = _describe(self._schema(place), self.root)
        value = error["input"]
        required = place[-1] in self._schema(place[:-1]).get("required", ())
        remedy = _remedy(value, allowed, required)
        return self.source.problem(place, f"must be {allowed}", remedy, shown(value))

    def _missing(self, place: Key) -> Problem:
        name = str(place[-1])
        schema = self._schema(place)
        meaning = schema.get("description", "")
        remedy = f"add `{name}: …` ({_describe(schema, self.root)}){': ' + meaning if meaning else ''}"
        line = self.source.line(place[:-1])
        return Problem(
            self.source.path, line, dotted(place), "nothing", f"the key '{name}' is missing", remedy
        )

    def _unknown(self, place: Key) -> Problem:
        name, shown_name = str(place[-1]), cut(str(place[-1]))
        allowed = self._schema(place[:-1]).get("properties", {})
        missing = [key for key in allowed if key not in self.source.value(place[:-1])]
        hint = nearest(name, missing) or self._belongs_elsewhere(name)
        remedy = f"{hint}Allowed here: {listed(allowed)}"
        return self.source.problem(place, f"there is no key '{shown_name}' here", remedy, f"{shown_name}: …")

    def _belongs_elsewhere(self, name: str) -> str:
        for section, schema in self.root.get("properties", {}).items():
            if name in self._resolved(schema).get("properties", {}):
                return f"'{name}' belongs under `{section}:`. "
        return f"'{name}' belongs at the top level. " if name in self.root.get("properties", {}) else ""

    def _schema(self, place: Key) -> _Schema:
        """Return the schema of a key."""
        schema, value = self._resolved(self.root), self.source.data
        for part in place:
            schema = self._resolved(self._inner(self._branch(schema, value), part))
            value = _entry(value, part)
        return self._branch(schema, value)

    def _branch(self, schema: _Schema, value: object) -> _Schema:
        """Return, of the mappings allowed at a place, the one that shares most keys with the value."""
        shapes = list(self._shapes(schema))[1:]
        keys = value.keys() if isinstance(value, dict) else set[str]()
        shared = [(len(shape.get("properties", {}).keys() & keys), shape) for shape in shapes]
        most, best = max(shared, key=lambda pair: pair[0], default=(0, schema))
        return best if most else schema

    def _inner(self, schema: _Schema, part: str | int) -> _Schema:
        for shape in self._shapes(schema):
            if isinstance(part, int) and "items" in shape:
                items: _Schema = shape["items"]
                return items
            if isinstance(part, str) and shape.get("type") == "object":
                values = [*shape.get("patternProperties", {}).values(), shape.get("additionalProperties")]
                default = values[0] if isinstance(values[0], dict) else {}
                found: _Schema = shape.get("properties", {}).get(part, default)
                return found
        return {}

    def _shapes(self, schema: _Schema) -> Iterator[_Schema]:
        """Yield a schema and all that it allows in its place."""
        shape = self._resolved(schema)
        yield shape
        for branch in (*shape.get("anyOf", ()), *shape.get("oneOf", ())):
            yield from self._shapes(branch)

    def _resolved(self, schema: _Schema) -> _Schema:
        if "$ref" not in schema:
            return schema
        target: _Schema = self.root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _entry(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (TypeError, IndexError, KeyError):
        return None


def _remedy(value: object, allowed: str, required: bool) -> str:
    if value is None:
        return "write it after the colon" + ("" if required else ", or leave the key out")
    if allowed.startswith("a list") and isinstance(value, str | int | float) and not isinstance(value, bool):
        entry = cut(value) if isinstance(value, str) else shown(value)
        return f"write a list, e.g. [{entry}]"
    if isinstance(value, bool | int | float) and ("text" in allowed or "name" in allowed):
        return f'quote it if it is meant as text: "{shown(value)}"'
    if isinstance(value, str) and "number" in allowed and value.strip().replace(".", "", 1).isdigit():
        return f"write the number without quotes: {cut(value.strip())}"
    return f"write {allowed}"


def _describe(schema: _Schema, root: _Schema | None = None) -> str:
    """Return in words what a JSON Schema allows."""
    if "$ref" in schema and root is not None:
        return _describe(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if branches and "patternErrorMessage" not in schema:
        words = [_describe(branch, root) for branch in branches if branch.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "enum" in schema or "const" in schema:
        return f"one of {listed(schema['enum'])}" if "enum" in schema else f"the word {schema['const']}"
    return str(schema.get("patternErrorMessage") or _describe_type(schema, root))


def _describe_type(schema: _Schema, root: _Schema | None) -> str:
    match schema.get("type"):
        case "number" | "integer":
            words = _describe_number(schema)
        case "array":
            words = _describe_list(schema, root)
        case "object":
            keys = f" with the keys {listed(schema['properties'])}" if "properties" in schema else ""
            words = f"a mapping{keys}"
        case "boolean":
            words = "true or false"
        case _:
            most = schema.get("maxLength")
            words = f"text of 1 to {most:,} characters" if most else "text"
    return words


def _describe_number(schema: _Schema) -> str:
    bounds = [
        f"{word} {schema[key]:,}" if isinstance(schema[key], int) else f"{word} {schema[key]:g}"
        for key, word in (
            ("exclusiveMinimum", "above"),
            ("minimum", "at least"),
            ("exclusiveMaximum", "below"),
            ("maximum", "at most"),
        )
        if key in schema
    ]
    noun = "a whole number" if schema["type"] == "integer" else "a number"
    return " ".join([noun, " and ".join(bounds)]).strip()


def _describe_list(schema: _Schema, root: _Schema | None) -> str:
    least = schema.get("minItems", 0)
    most = schema.get("maxItems")
    bounds = [f"at least {least}"] * bool(least) + [f"at most {most}"] * bool(most)
    count = f" ({', '.join(bounds)})" if bounds else ""
    inner = _describe(schema.get("items", {}), root)
    return f"a list{count}, each entry {inner}"
