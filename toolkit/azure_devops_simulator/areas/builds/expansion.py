"""Expand the YAML of a pipeline for one run: insert its parameters, and resolve `${{ if }}` and `${{ each }}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import yaml

from azure_devops_simulator.api.errors import NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.areas.builds.expressions import ExpressionError, as_word, evaluate, is_true
from azure_devops_simulator.state.builds import Definition, Reason
from azure_devops_simulator.state.values import JsonObject, JsonValue

_INSIDE = re.compile(r"\$\{\{\s*(?P<expression>.*?)\s*\}\}", re.DOTALL)
_DIRECTIVE = re.compile(r"\$\{\{\s*(?P<word>if|elseif|else|each|insert)\b\s*(?P<rest>.*?)\s*\}\}", re.DOTALL)
_EACH = re.compile(r"(?P<name>\w+)\s+in\s+(?P<of>.+)", re.DOTALL)
_TEXTS = {"string", "number", "boolean"}


class ParameterError(Exception):
    """A value for a parameter that the pipeline does not have or does not take, or a parameter without a value."""


def expand(text: str, given: JsonObject, predefined: JsonObject) -> str:
    """Return the YAML with the values of its parameters. A file without template expressions is returned as it is.

    Args:
        text: the YAML.
        given: values of parameters.
        predefined: variables that every run has.

    Raises:
        ParameterError: the values do not fit the parameters that the file declares.
        NotSimulatedError: values are given, and the file has an expression that cannot be evaluated.
    """
    try:
        loaded = as_object(yaml.safe_load(text))
    except yaml.YAMLError:
        loaded = {}
    values = _values(loaded.pop("parameters", None), given)
    if not values and "${{" not in text:
        return text
    expander = _Expander()
    expanded = expander.value(loaded, {"parameters": values, "variables": predefined | variables_of(loaded)})
    if expander.unknown and given:
        raise NotSimulatedError("some template expression of a pipeline whose parameters are given")
    return yaml.safe_dump(expanded, sort_keys=False, allow_unicode=True, width=10_000)


def predefined_variables(definition: Definition, ref: str, commit_id: str, reason: Reason) -> JsonObject:
    """Return the variables that expressions may use in every run of a definition."""
    return {
        "Build.DefinitionName": definition.name,
        "Build.Reason": reason[0].upper() + reason[1:],
        "Build.Repository.Name": definition.repository.name,
        "Build.SourceBranch": ref,
        "Build.SourceBranchName": ref.rsplit("/", 1)[-1],
        "Build.SourceVersion": commit_id,
        "System.TeamProject": definition.project.name,
    }


def variables_of(pipeline: JsonObject) -> JsonObject:
    """Return the variables that a pipeline sets itself. Groups and templates are left out."""
    named = pipeline.get("variables")
    if isinstance(named, Mapping):
        return dict(named)
    rows = [as_object(row) for row in as_list(named)]
    return {as_text(row["name"]): row.get("value") for row in rows if "name" in row}


def _values(declared: JsonValue, given: JsonObject) -> JsonObject:
    """Return the value of each declared parameter: the given one, or else its default."""
    if isinstance(declared, Mapping):
        rows: list[JsonObject] = [{"name": name, "default": default} for name, default in declared.items()]
    else:
        rows = [row for row in map(as_object, as_list(declared)) if "name" in row]
    known = {as_word(row["name"]).lower() for row in rows}
    if unexpected := [name for name in given if name.lower() not in known]:
        raise ParameterError(f"Unexpected parameter '{unexpected[0]}'")
    asked = {name.lower(): value for name, value in given.items()}
    return {as_word(row["name"]): _value(row, asked) for row in rows}


def _value(row: JsonObject, asked: Mapping[str, JsonValue]) -> JsonValue:
    name, kind = as_word(row["name"]), as_text(row.get("type"), "string")
    if name.lower() not in asked:
        if "default" not in row and kind in _TEXTS:
            raise ParameterError(f"A value for the '{name}' parameter must be provided.")
        return row.get("default")
    value = asked[name.lower()]
    allowed = [as_word(one).casefold() for one in as_list(row.get("values"))]
    if allowed and as_word(value).casefold() not in allowed:
        raise ParameterError(f"The '{name}' parameter value '{as_word(value)}' is not a valid value.")
    if kind == "string":
        return as_word(value)
    try:
        read: JsonValue = yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        read = None
    is_number = isinstance(read, int | float) and not isinstance(read, bool)
    if (kind == "boolean" and not isinstance(read, bool)) or (kind == "number" and not is_number) or read is None:
        raise ParameterError(f"The '{name}' parameter value '{as_word(value)}' is not a valid {kind.capitalize()}.")
    return read


class _Expander:
    """Replaces the expressions of a value. `unknown` are those that cannot be evaluated; they stay as they are."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def value(self, value: JsonValue, names: JsonObject) -> JsonValue:
        """Return a value with everything inside expanded."""
        if isinstance(value, Mapping):
            found: JsonObject = {}
            for key, inside, scope in self._entries(value.items(), names):
                if key is None:
                    found |= as_object(self.value(inside, scope))
                else:
                    found[as_word(self._text(as_word(key), scope))] = self.value(inside, scope)
            return found
        if isinstance(value, list):
            rows: list[JsonValue] = []
            pairs = ((next(iter(v.items())) if _is_directive(v) else ("", v)) for v in value)
            for key, inside, scope in self._entries(pairs, names):
                expanded = self.value(inside, scope)
                rows += as_list(expanded) if key is None else [expanded]
            return rows
        return self._text(value, names) if isinstance(value, str) else value

    def _entries(
        self, pairs: Iterable[tuple[str, JsonValue]], names: JsonObject
    ) -> Iterator[tuple[str | None, JsonValue, JsonObject]]:
        """Yield what is left of entries. One without a key is the inside of a directive and joins its surroundings."""
        decided = False
        for key, inside in pairs:
            found = _DIRECTIVE.fullmatch(as_word(key))
            if found is None:
                yield key, inside, names
                continue
            word, rest = found["word"], found["rest"]
            try:
                if word == "each":
                    yield from self._each(rest, inside, names)
                elif word == "insert" or (word == "else" and not decided):
                    yield None, inside, names
                elif word in {"if", "elseif"}:
                    decided = word == "elseif" and decided
                    holds = not decided and is_true(evaluate(rest, names))
                    decided = decided or holds
                    if holds:
                        yield None, inside, names
            except ExpressionError as error:
                self.unknown.append(str(error))

    def _each(
        self, rest: str, inside: JsonValue, names: JsonObject
    ) -> Iterator[tuple[str | None, JsonValue, JsonObject]]:
        loop = _EACH.fullmatch(rest)
        if loop is None:
            raise ExpressionError(rest)
        items = evaluate(loop["of"], names)
        rows = [{"key": k, "value": v} for k, v in items.items()] if isinstance(items, Mapping) else as_list(items)
        for row in rows:
            yield None, inside, {**names, loop["name"].lower(): row}

    def _text(self, text: str, names: JsonObject) -> JsonValue:
        whole = _INSIDE.fullmatch(text)
        if whole and "}}" not in whole["expression"]:
            value = self._evaluated(whole, names)
            return value if isinstance(value, list | dict) else as_word(value)
        return _INSIDE.sub(lambda found: as_word(self._evaluated(found, names)), text)

    def _evaluated(self, found: re.Match[str], names: JsonObject) -> JsonValue:
        try:
            return evaluate(found["expression"], names)
        except ExpressionError as error:
            self.unknown.append(str(error))
            return found[0]


def _is_directive(value: JsonValue) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and bool(_DIRECTIVE.fullmatch(as_word(next(iter(value)))))
