"""A report as findings in SARIF 2.1.0, for tools that collect the results of scanners.

Every statement that its evidence supports is a result. In the report of an incident they are findings; an inferred one
is to be reviewed by a person. In every other report they inform. A language model wrote the statements: the name of the
tool, a tag of each rule and the properties of each run and result say so.

Source: the OASIS standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from azure_devops_agents.evidence.record import Evidence
from azure_devops_agents.reports.outline import STATEMENTS, one_line, safe_url

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_DISTRIBUTION = "langchain-azure-devops"
_INCIDENT = "incident"
_SHOWN = ("observed", "inferred")
_CWE = re.compile(r"\bCWE-(\d{1,5})\b", re.IGNORECASE)
_AI = {"ai/origin": "generated"}
_RULES = {
    "observed": ("investigation/observed", "A statement that its evidence says literally."),
    "inferred": ("investigation/inferred", "A statement that follows from its evidence; a person has to review it."),
}


@dataclass(frozen=True)
class _File:
    """A place in a file of a repository."""

    repository: str
    path: str
    line: int
    commit: str


@dataclass
class _Group:
    """The results about one repository; that of all others has no address."""

    results: list[dict[str, Any]] = field(default_factory=list)
    commits: set[str] = field(default_factory=set)


def render_sarif(report: Mapping[str, Any], evidence: Mapping[str, Evidence], question: str = "") -> dict[str, Any]:
    """Return a report as a SARIF log with one run for each repository.

    Args:
        report: The report, as the graph stores it.
        evidence: The index of the thread.
        question: What was asked.
    """
    groups: dict[str, _Group] = {}
    for section in _SHOWN:
        for entry in report.get(section) or ():
            files = list(_find_files(entry, report.get("links") or {}))
            group = groups.setdefault(files[0].repository if files else "", _Group())
            group.results.append(_result(section, entry, files, report, evidence))
            group.commits.update(file.commit for file in files if file.commit)
    runs = [_run(repository, group, report, question) for repository, group in (groups or {"": _Group()}).items()]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _run(repository: str, group: _Group, report: Mapping[str, Any], question: str) -> dict[str, Any]:
    taxa = sorted({taxon["id"] for result in group.results for taxon in result.get("taxa", ())}, key=int)
    run: dict[str, Any] = {
        "tool": {"driver": _driver(taxa)},
        "columnKind": "unicodeCodePoints",
        "results": group.results,
        "properties": {**_AI, "verdict": report.get("verdict"), "answer": report.get("answer"), "question": question},
    }
    if repository:
        details = {"repositoryUri": repository}
        if len(group.commits) == 1:
            details["revisionId"] = next(iter(group.commits))
        run["versionControlProvenance"] = [details]
    if taxa:
        run["taxonomies"] = [
            {
                "name": "CWE",
                "organization": "MITRE",
                "informationUri": "https://cwe.mitre.org/",
                "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
                "taxa": [
                    {"id": taxon, "helpUri": f"https://cwe.mitre.org/data/definitions/{taxon}.html"} for taxon in taxa
                ],
            }
        ]
    return run


def _driver(taxa: list[str]) -> dict[str, Any]:
    driver: dict[str, Any] = {
        "name": "azure-devops-agent (AI)",
        "version": version(_DISTRIBUTION),
        "fullDescription": {"text": "An agent that investigates an Azure DevOps organization with a language model."},
        "rules": [
            {
                "id": identifier,
                "name": "".join(word.capitalize() for word in identifier.split("/")),
                "shortDescription": {"text": about},
                "properties": {"tags": ["ai-generated"]},
            }
            for identifier, about in _RULES.values()
        ],
    }
    if taxa:
        driver["supportedTaxonomies"] = [{"name": "CWE"}]
    return driver


def _result(
    section: str,
    entry: Mapping[str, Any],
    files: list[_File],
    report: Mapping[str, Any],
    evidence: Mapping[str, Evidence],
) -> dict[str, Any]:
    statement, quoted = one_line(entry["statement"]), one_line(entry.get("quote") or "")
    reasoning = one_line(entry.get("reasoning") or "")
    incident = report.get("verdict") == _INCIDENT
    kind = ("fail" if section == "observed" else "review") if incident else "informational"
    identifier = _RULES[section][0]
    cited = {name: _page(name, entry, report) for name in map(str, entry["evidence"]) if name in evidence}
    result: dict[str, Any] = {
        "ruleId": identifier,
        "ruleIndex": list(_RULES).index(section),
        "kind": kind,
        "level": "warning" if kind == "fail" else "none",
        "message": {"text": f"{statement} Because {reasoning}" if reasoning else statement},
        "partialFingerprints": {"statement/v1": hashlib.sha256(f"{identifier}\n{statement}".encode()).hexdigest()},
        "properties": {**_AI, "section": STATEMENTS[section], "quote": quoted, "evidence": list(cited.values())},
    }
    if files:
        result["locations"] = [_location(file, quoted) for file in files]
    if pages := [page["url"] for page in cited.values() if page["url"]]:
        result["hostedViewerUri"] = pages[0]
    if taxa := sorted(set(_CWE.findall(f"{statement} {reasoning} {quoted}")), key=int):
        result["taxa"] = [{"id": taxon, "toolComponent": {"name": "CWE"}} for taxon in taxa]
    return result


def _page(identifier: str, entry: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, str]:
    link = (report.get("links") or {}).get(identifier) or {}
    place = (entry.get("places") or {}).get(identifier) or {}
    return {"title": one_line(link.get("title") or ""), "url": safe_url(place.get("url") or link.get("url"))}


def _location(file: _File, quoted: str) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": file.line} if file.line else {}
    if region and quoted:
        region["snippet"] = {"text": quoted}
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(file.path.lstrip("/"))}}
    return {"physicalLocation": {**place, "region": region} if region else place}


def _find_files(entry: Mapping[str, Any], links: Mapping[str, Any]) -> Iterator[_File]:
    """Yield the places in files that a statement cites, which stand in the addresses of their web pages."""
    for identifier in map(str, entry.get("evidence") or ()):
        place = (entry.get("places") or {}).get(identifier) or {}
        if found := _read_address(safe_url(place.get("url") or (links.get(identifier) or {}).get("url"))):
            yield found


def _read_address(url: str) -> _File | None:
    """Read the repository, path and line in the address of a file; None for other pages."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    before, mark, repository = parts.path.partition("/_git/")
    if not mark or not repository or "path" not in query:
        return None
    name = repository.split("/", 1)[0]
    version_shown = query.get("version", [""])[0]
    line = query.get("line", ["0"])[0]
    return _File(
        repository=f"{parts.scheme}://{parts.netloc}{before}/_git/{name}",
        path=query["path"][0],
        line=int(line) if line.isdecimal() and len(line) < 9 else 0,
        commit=version_shown.removeprefix("GC") if version_shown.startswith("GC") else "",
    )
