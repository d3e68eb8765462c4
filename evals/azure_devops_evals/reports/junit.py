"""Results as JUnit XML, which GitHub actions, Azure Pipelines, Jenkins and GitLab read."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from azure_devops_evals.running.log_safety import make_safe
from azure_devops_evals.running.run import Result

_ERRORS = frozenset({"agent error", "infrastructure error", "harness error"})


def as_junit(results: Sequence[Result], now: datetime | None = None) -> str:
    """Return JUnit XML with one test suite for each area.

    A failed check and a replay miss are a `failure`. What kept a case from being judged is an `error`. A stale case is
    `skipped`.
    """
    stamp = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    root = ET.Element("testsuites", {"name": "azure-devops-evals", **_numbers(results, skipped=False)})
    by_area = sorted(results, key=lambda result: result.area)
    for position, (area, members) in enumerate(groupby(by_area, key=lambda result: result.area)):
        own = list(members)
        about = {"id": str(position), "package": "azure_devops_evals", "name": make_safe(area), "hostname": "localhost"}
        suite = ET.SubElement(root, "testsuite", {**about, "timestamp": stamp, **_numbers(own, skipped=True)})
        ET.SubElement(suite, "properties")
        for result in own:
            _case(suite, result)
        ET.SubElement(suite, "system-out")
        ET.SubElement(suite, "system-err")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _numbers(results: Sequence[Result], *, skipped: bool) -> dict[str, str]:
    statuses = [result.status for result in results]
    numbers = {
        "tests": str(len(results)),
        "failures": str(sum(status in {"fail", "miss"} for status in statuses)),
        "errors": str(sum(status in _ERRORS for status in statuses)),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }
    return {**numbers, "skipped": str(statuses.count("stale"))} if skipped else numbers


def _case(suite: ET.Element, result: Result) -> None:
    name = make_safe(f"{result.case} #{result.trial}" if result.trial > 1 else result.case)
    case = ET.SubElement(suite, "testcase", classname=make_safe(result.area), name=name, time=f"{result.seconds:.3f}")
    if result.status == "pass":
        return
    if result.status == "stale":
        ET.SubElement(case, "skipped", message=make_safe("; ".join(result.reasons)))
        return
    kind = "error" if result.status in _ERRORS else "failure"
    element = ET.SubElement(case, kind, type=result.status, message=make_safe("; ".join(result.reasons)))
    element.text = make_safe(result.trace or "\n".join(result.reasons))
