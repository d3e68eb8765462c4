"""Findings in a SARIF 2.1.0 file. The file is not trusted: authors of the scanned code wrote parts of it.

Source: the OASIS standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

import math
import posixpath
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from langchain_azure_devops.errors import InvalidRequest

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
MAX_BYTES = 50 * 1024 * 1024
_BY_LEVEL = {"error": "high", "warning": "medium", "note": "low", "none": "low"}
_HIGHEST = SEVERITIES[-1]
_NO_FINDING = frozenset({"pass", "notApplicable", "informational"})
_PLACEHOLDER = re.compile(r"\{(\d{1,3})\}")
# Longer texts are no messages or lines of code. Without limits a small file could demand gigabytes of memory.
_MAX_TEXT, _MAX_ARGUMENT, _MAX_LINE, _MAX_BASES = 4_000, 1_000, 10_000_000, 20


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class _Message(_Part):
    text: str | None = None
    id: str | None = None
    arguments: list[str] = []


class _Artifact(_Part):
    uri: str | None = None
    index: int = -1


class _Region(_Part):
    start_line: int | None = None
    snippet: _Message | None = None


class _Physical(_Part):
    artifact_location: _Artifact | None = None
    region: _Region | None = None
    context_region: _Region | None = None


class _Location(_Part):
    physical_location: _Physical | None = None


class _Configuration(_Part):
    level: str | None = None


class _Rule(_Part):
    id: str
    name: str | None = None
    default_configuration: _Configuration | None = None
    message_strings: dict[str, _Message] = {}
    properties: dict[str, JsonValue] = {}


class _Component(_Part):
    name: str
    rules: list[_Rule] = []
    index: int = -1


class _ComponentReference(_Part):
    index: int = -1


class _RuleReference(_Part):
    id: str | None = None
    index: int = -1
    tool_component: _ComponentReference | None = None


class _Suppression(_Part):
    status: Literal["accepted", "underReview", "rejected"] = "accepted"


class _Result(_Part):
    rule_id: str | None = None
    rule_index: int = -1
    rule: _RuleReference | None = None
    kind: str = "fail"
    level: str | None = None
    message: _Message
    locations: list[_Location] = []
    suppressions: list[_Suppression] | None = None
    baseline_state: str | None = None
    partial_fingerprints: dict[str, str] = {}
    properties: dict[str, JsonValue] = {}


class _Tool(_Part):
    driver: _Component
    extensions: list[_Component] = []


class _ArtifactEntry(_Part):
    location: _Artifact | None = None


class _Provenance(_Part):
    repository_uri: str


class _Run(_Part):
    tool: _Tool
    results: list[_Result] | None = None
    artifacts: list[_ArtifactEntry] = []
    version_control_provenance: list[_Provenance] = []
    original_uri_base_ids: dict[str, _Artifact] = {}


class _Log(_Part):
    version: Literal["2.1.0"]
    runs: list[_Run]


@dataclass(frozen=True)
class Finding:
    """One result of a scanner, not yet cleaned.

    Attributes:
        tool: The scanner's name.
        rule: The id of the rule.
        severity: One of SEVERITIES.
        repository: The repository's address or name; empty when the file does not say.
        path: The file's path in the repository; empty when the finding is in no file.
        line: Its line, from 1; 0 when not known.
        window: The text it was found in, or else the scanner's fingerprint of that; does not change when lines move.
        message: What the scanner says.
    """

    tool: str
    rule: str
    severity: str
    repository: str
    path: str
    line: int
    window: str
    message: str


def read_findings(path: Path) -> tuple[list[Finding], int]:
    """Read the findings of a file, and count the results that are none: passed, suppressed, or gone since the baseline.

    Raises:
        InvalidRequest: It is no regular file, larger than 50 MB, not UTF-8, or not SARIF 2.1.0; says where.
    """
    try:
        log = _Log.model_validate_json(_content(path))
    except ValidationError as error:
        reasons = "; ".join(_reason(entry["loc"], entry["msg"]) for entry in error.errors(include_input=False)[:3])
        raise InvalidRequest(
            f"{path.name} was refused, because it is not a SARIF 2.1.0 file: {reasons}.", subject="sarif"
        ) from None
    found: list[Finding] = []
    ignored = 0
    for run in log.runs:
        rules = _rules(run)
        for result in run.results or []:
            if _is_finding(result):
                found.append(_finding(run, rules, result))
            else:
                ignored += 1
    return found, ignored


def _content(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InvalidRequest(f"{path.name} was refused, because it is not a regular file.", subject="sarif")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error.strerror}.", subject="sarif") from error
    if len(content) > MAX_BYTES:
        raise InvalidRequest(
            f"{path.name} was refused, because it is larger than {MAX_BYTES // 2**20} MB. Split the scan, or leave out "
            "what is not needed.",
            subject="sarif",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest(f"{path.name} was refused, because it is not UTF-8 text.", subject="sarif") from None


def _reason(where: tuple[int | str, ...], message: str) -> str:
    place = ".".join(str(part) for part in where)[:200]
    return f"{place}: {message}" if place else message


def _is_finding(result: _Result) -> bool:
    accepted = any(suppression.status == "accepted" for suppression in result.suppressions or [])
    return result.kind not in _NO_FINDING and result.baseline_state != "absent" and not accepted


def _finding(run: _Run, rules: Mapping[str, _Rule], result: _Result) -> Finding:
    rule = _rule(run, rules, result)
    named = result.rule_id or (result.rule.id if result.rule else None) or (rule.id if rule else None)
    physical = result.locations[0].physical_location if result.locations else None
    region = physical.region if physical else None
    line = (region.start_line or 0) if region else 0
    provenance = run.version_control_provenance
    return Finding(
        tool=run.tool.driver.name,
        rule=named or "unnamed rule",
        severity=_severity(result, rule),
        repository=_repository(provenance[0].repository_uri) if provenance else "",
        path=_path(run, physical.artifact_location if physical else None),
        line=line if 0 < line < _MAX_LINE else 0,
        window=_window(result, physical)[:_MAX_TEXT],
        message=_message(result.message, rule),
    )


def _rules(run: _Run) -> dict[str, _Rule]:
    """Return all rules of a run by id. The scanner's own rules win over those of its extensions."""
    return {rule.id: rule for part in (*reversed(run.tool.extensions), run.tool.driver) for rule in part.rules}


def _rule(run: _Run, rules: Mapping[str, _Rule], result: _Result) -> _Rule | None:
    """Find the rule of a result, by its index in the component or else by its id."""
    reference = result.rule or _RuleReference()
    component, extension = run.tool.driver, reference.tool_component
    if extension is not None and 0 <= extension.index < len(run.tool.extensions):
        component = run.tool.extensions[extension.index]
    index = result.rule_index if result.rule_index >= 0 else reference.index
    if 0 <= index < len(component.rules):
        return component.rules[index]
    return rules.get(result.rule_id or reference.id or "")


def _severity(result: _Result, rule: _Rule | None) -> str:
    """Take the severity from the score `security-severity` (0 to 10), or else from the level.

    A level that the standard does not have counts as the highest severity: a finding must not be left out because its
    scanner has a word of its own for it. The standard's level for none at all is `warning`.
    """
    for properties in (result.properties, rule.properties if rule else {}):
        try:
            score = float(str(properties["security-severity"]))
        except (KeyError, ValueError):
            continue
        if math.isfinite(score):
            return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"
    default = rule.default_configuration.level if rule and rule.default_configuration else None
    return _BY_LEVEL.get((result.level or default or "warning").strip().lower(), _HIGHEST)


def _message(message: _Message, rule: _Rule | None) -> str:
    text = message.text
    if text is None and rule is not None and message.id in rule.message_strings:
        text = rule.message_strings[message.id].text
    arguments = message.arguments

    def argument(match: re.Match[str]) -> str:
        number = int(match[1])
        return arguments[number][:_MAX_ARGUMENT] if number < len(arguments) else match[0]

    return _PLACEHOLDER.sub(argument, (text or "")[:_MAX_TEXT])[:_MAX_TEXT] or "The scanner gave no message."


def _window(result: _Result, physical: _Physical | None) -> str:
    """Return what stays the same when lines are added above: the flagged text, or else the scanner's fingerprint."""
    for region in (physical.region, physical.context_region) if physical else ():
        if region is not None and region.snippet is not None and region.snippet.text:
            return region.snippet.text
    return "; ".join(f"{name}={value}" for name, value in sorted(result.partial_fingerprints.items()))


def _path(run: _Run, location: _Artifact | None) -> str:
    """Return the path in the repository with forward slashes. It is never opened, only compared."""
    if location is None:
        return ""
    if location.uri is None and 0 <= location.index < len(run.artifacts):
        location = run.artifacts[location.index].location or location
    uri = location.uri or ""
    for base in list(run.original_uri_base_ids.values())[:_MAX_BASES]:
        if base.uri:
            uri = uri.removeprefix(base.uri)
    if uri.lower().startswith("file:"):
        uri = re.sub(r"(?i)^file:(//[^/]*)?", "", uri)
    text = unquote(uri).replace("\\", "/").strip()
    return posixpath.normpath(text).lstrip("/") if text else ""


def _repository(uri: str) -> str:
    """Return host and path of a repository's address, the same for every way to clone it, and without credentials."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return uri
    return f"{host}{parts.path}".strip("/").removesuffix(".git")
