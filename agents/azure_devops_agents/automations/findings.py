"""Work items from a scanner's findings: created once, updated when severity or message changes, else left alone.

Which finding belongs to which work item is decided here, never by a model: a digest of rule, repository, path and the
flagged text is a tag of the work item. Line numbers are no part of it, so a finding that moves stays the same finding.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from azure_devops_agents.automations.automation import Automation, Plan, Step
from azure_devops_agents.automations.filed import Filed, FiledRecord
from azure_devops_agents.automations.sarif import SEVERITIES, Finding, Severity, read_findings
from azure_devops_agents.paths import filed_path
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.safety import ContentPolicy, neutralize
from langchain_azure_devops.text import PSEUDONYM, clean, one_line, redact
from langchain_azure_devops.tools.work_items import (
    WorkItem,
    create_work_item,
    query_work_items,
    read_newest_of_project,
    update_work_item,
)

MAX_ITEMS = 1_000
_PER_QUERY = 100
_MAX_MESSAGE, _MAX_NAME, _MAX_TITLE, _MAX_LINES = 4_000, 300, 200, 50
_BODIES = ("System.Description", "Microsoft.VSTS.TCM.ReproSteps")
_SEVERITY_FIELD = "Microsoft.VSTS.Common.Severity"
_SEVERITY_VALUES = {"critical": "1 - Critical", "high": "2 - High", "medium": "3 - Medium", "low": "4 - Low"}
_STATE = re.compile(r"\bstate-([0-9a-f]{12})\b")


@dataclass(frozen=True)
class Entry:
    """One finding with cleaned texts: the content of its work item."""

    identity: str
    severity: str
    tool: str
    rule: str
    repository: str
    path: str
    lines: tuple[int, ...]
    message: str

    @property
    def tag(self) -> str:
        """Return the tag by which the work item is found again."""
        return f"finding-{self.identity}"

    @property
    def state(self) -> str:
        """Return a digest of severity and message; the work item is updated when it changes."""
        return hashlib.sha256(json.dumps([self.severity, self.message]).encode()).hexdigest()[:12]

    @property
    def title(self) -> str:
        """Return the title of a new work item. It depends on the identity only."""
        where = f" in {self.path}" if self.path else ""
        title = f"Finding: {self.rule}{where}"
        return title if len(title) <= _MAX_TITLE else f"{title[: _MAX_TITLE - 1]}…"


class FindingsInputs(BaseModel):
    """The inputs of the automation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[Path, Field(title="FILE.sarif", description="The file of the scanner.")]
    min_severity: Annotated[Severity, Field(description="Leave out what is below.")] = "high"
    type: Annotated[str, Field(description="The type of new work items.")] = "Bug"
    repository: Annotated[
        str | None, Field(title="NAME", description="The scanned repository, if the file does not say.")
    ] = None


def plan_findings(client: AzureDevOps, inputs: FindingsInputs) -> Plan:
    """Plan what has to be written so that every finding of the file has one up-to-date work item.

    Raises:
        InvalidRequest: The file is refused, or has too many findings.
    """
    found, ignored = read_findings(inputs.file)
    wanted = [entry for entry in found if SEVERITIES.index(entry.severity) >= SEVERITIES.index(inputs.min_severity)]
    entries = merge_findings(wanted, inputs.repository or "")
    if len(entries) > MAX_ITEMS:
        raise InvalidRequest(
            f"{inputs.file.name} has {len(entries):,} findings, more than {MAX_ITEMS:,} work items at once. Raise "
            "--min-severity, or split the file.",
            subject="sarif",
        )
    project = client.run_sync(client.required_project(None))
    record = FiledRecord(filed_path(), client, project)
    filed = record.find(entry.tag for entry in entries)
    existing = _existing(client, project, entries, filed)
    steps = [
        _wait_for_outcome(entry)
        if not existing.get(entry.tag) and (known := filed.get(entry.tag)) is not None and known.unsettled
        else _step(entry, existing.get(entry.tag, []), project, inputs.type)
        for entry in entries
    ]
    counts = {
        f"below {inputs.min_severity}": len(found) - len(wanted),
        "the same finding again": len(wanted) - len(entries),
        "passed, suppressed or gone": ignored,
    }
    notes = tuple(f"{count} left out: {why}." for why, count in counts.items() if count)
    return Plan(tuple(steps), notes, record)


def merge_findings(findings: Iterable[Finding], repository: str) -> list[Entry]:
    """Merge findings into one entry for each identity, in the order of their first appearance."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(identify(finding, repository), []).append(finding)
    return [_entry(identity, group, repository) for identity, group in groups.items()]


def identify(finding: Finding, repository: str) -> str:
    """Return the first 12 hexadecimal digits of a digest of rule, repository, path and flagged text.

    White space counts as little as line numbers do. A secret counts by its kind only: the digest must not let anybody
    test guesses of it, and a secret that was changed but not taken out is the same finding.
    """
    window = _without_secrets(one_line(finding.window))
    parts = [finding.rule, (finding.repository or repository).lower(), finding.path, window]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def describe(entry: Entry) -> str:
    """Write the Markdown of a work item. All text of the file is in one code block, where no markup or mention acts."""
    lines = ", ".join(str(line) for line in entry.lines[:_MAX_LINES]) + (" ..." * (len(entry.lines) > _MAX_LINES))
    facts = {
        "severity": entry.severity,
        "scanner": entry.tool,
        "rule": entry.rule,
        "repository": entry.repository,
        "path": entry.path,
        "lines when written": lines,
    }
    block = "\n".join([*(f"{name}: {value}" for name, value in facts.items() if value), "", entry.message])
    runs = [len(run) for run in re.findall(r"`+", block)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return (
        f"A scanner found this. The text in the block is the scanner's.\n\n{fence}text\n{block}\n{fence}\n\n"
        f"Kept up to date by `automate findings` as {entry.tag}, state-{entry.state}. Leave this line and the tag."
    )


def _entry(identity: str, group: list[Finding], repository: str) -> Entry:
    first = group[0]
    messages = sorted({_inert(clean(finding.message).strip()) for finding in group})
    return Entry(
        identity=identity,
        severity=max((finding.severity for finding in group), key=SEVERITIES.index),
        tool=_name(first.tool),
        rule=_name(first.rule),
        repository=_name(first.repository or repository),
        path=_name(first.path),
        lines=tuple(sorted({finding.line for finding in group if finding.line})),
        message="\n".join(messages)[:_MAX_MESSAGE],
    )


def _wait_for_outcome(entry: Entry) -> Step:
    """Leave a finding alone whose work item an earlier run may have created."""
    return Step("unsettled", f"{entry.title} (an earlier run sent it, and its outcome is not known yet)")


def _step(entry: Entry, existing: list[WorkItem], project: str, type: str) -> Step:
    details = [("severity", entry.severity), ("where", f"{entry.path}:{', '.join(map(str, entry.lines[:5]))}")]
    if not existing:
        arguments: dict[str, object] = {
            "type": type,
            "title": entry.title,
            "project": project,
            "description": describe(entry),
            "tags": [entry.tag],
        }
        details.append(("message", one_line(entry.message)[:_MAX_NAME]))
        arguments |= _fields(type, entry)
        return Step("create", entry.title, tuple(details), create_work_item, arguments, key=entry.tag)
    item = min(existing, key=lambda candidate: candidate.id)
    subject = f"{item.type} {item.id} ({item.state}): {item.title}"
    if len(existing) > 1:
        details.append(("also", f"{', '.join(str(other.id) for other in existing if other is not item)} have the tag"))
    if entry.state in {state for extra in item.more for state in _STATE.findall(extra.value)}:
        return Step("unchanged", subject, tuple(details))
    details.append(("message", one_line(entry.message)[:_MAX_NAME]))
    changes = {"id": item.id, "revision": item.revision, "description": describe(entry)}
    return Step("update", subject, tuple(details), update_work_item, {**changes, **_fields(item.type, entry)})


def _fields(type: str, entry: Entry) -> Mapping[str, object]:
    """Return the severity field of a bug; other types show the severity only in the description."""
    if type.lower() != "bug":
        return {}
    return {"fields": [{"name": _SEVERITY_FIELD, "value": _SEVERITY_VALUES[entry.severity]}]}


def _existing(
    client: AzureDevOps, project: str, entries: list[Entry], filed: Mapping[str, Filed]
) -> dict[str, list[WorkItem]]:
    """Find the project's work items by the tags of the findings, also those that queries do not find yet."""
    tags = frozenset(entry.tag for entry in entries)
    recorded = [known.id for known in filed.values() if known.id is not None]
    items = {item.id: item for item in _query(client, project, sorted(tags))}
    newest = client.run_sync(read_newest_of_project(client, project, list(_BODIES), recorded))
    items |= {item.id: item for item in newest}
    known: dict[str, list[WorkItem]] = {}
    for item in items.values():
        for tag in tags.intersection(word.strip().lower() for word in (item.tags or "").split(";")):
            known.setdefault(tag, []).append(item)
    return known


def _query(client: AzureDevOps, project: str, tags: list[str]) -> Iterator[WorkItem]:
    """Yield the project's work items that a query finds by one of the tags."""
    for start in range(0, len(tags), _PER_QUERY):
        any_of = " OR ".join(f"[System.Tags] CONTAINS '{tag}'" for tag in tags[start : start + _PER_QUERY])
        # The project of the route is compared, which may be given by its name or its id.
        wiql = f"SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @Project AND ({any_of}) ORDER BY [System.Id]"  # noqa: E501, S608 - WIQL; tags are digests
        cursor: str | None = None
        while True:
            page = query_work_items.call_sync(
                client, wiql=wiql, project=project, fields=list(_BODIES), limit=1000, cursor=cursor
            )
            yield from page.items
            if (cursor := page.cursor) is None:
                break


def _name(text: str) -> str:
    return _inert(one_line(text))[:_MAX_NAME]


def _inert(text: str) -> str:
    """Remove secrets, and disable links, pipeline commands and mentions."""
    return neutralize(_without_secrets(text), ContentPolicy(()))


def _without_secrets(text: str) -> str:
    # No digest of the secret remains: every process must produce the same text, so its key could not be secret.
    return PSEUDONYM.sub(r"(secret removed: \1)", redact(text, b""))


FINDINGS = Automation(
    name="findings",
    summary="Create or update one work item for each finding of a scanner's SARIF 2.1.0 file.",
    inputs=FindingsInputs,
    plan=plan_findings,
)
