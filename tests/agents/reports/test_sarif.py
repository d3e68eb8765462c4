"""A report as SARIF: valid against the standard, marked as written by a model, and read by our own automation."""

import json
from pathlib import Path

import jsonschema
import pytest

from azure_devops_agents.automations.sarif import read_findings
from azure_devops_agents.reports.sarif import render_sarif

SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
FILE = (
    "https://dev.azure.com/tidewater/Platform/_git/platform-api?path=%2Fsrc%2Fa%20b.py&version=GCaaaa&line=7&lineEnd=8"
)
EVIDENCE = {"E1": {"id": "E1"}, "E2": {"id": "E2"}}
REPORT = {
    "answer": "A key is in the repository.",
    "verdict": "incident",
    "observed": [
        {
            "statement": "A storage key is in the code (CWE-798).",
            "evidence": ["E1"],
            "quote": "KEY = ...",
            "places": {"E1": {"url": FILE, "line": "line 7"}},
        }
    ],
    "inferred": [
        {"statement": "Everybody can read it.", "evidence": ["E2"], "quote": "x", "reasoning": "it is public"}
    ],
    "links": {"E1": {"title": "/src/a b.py", "url": FILE}, "E2": {"title": "a list", "url": ""}},
}


def valid(log):
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    return log


@pytest.mark.parametrize("verdict", ["incident", "no_incident", "answered", "at_risk"])
def test_a_log_is_valid_and_only_an_incident_has_findings(verdict, tmp_path):
    log = valid(render_sarif({**REPORT, "verdict": verdict}, EVIDENCE, "Is there a key?"))
    file = tmp_path / "report.sarif"
    file.write_text(json.dumps(log), encoding="utf-8")
    findings, ignored = read_findings(file)
    assert (len(findings), ignored) == ((2, 0) if verdict == "incident" else (0, 2))


def test_a_finding_has_its_place_in_the_repository_and_its_weakness(tmp_path):
    file = tmp_path / "report.sarif"
    file.write_text(json.dumps(render_sarif(REPORT, EVIDENCE)), encoding="utf-8")
    found = read_findings(file)[0][0]
    assert (found.repository, found.path, found.line) == (
        "dev.azure.com/tidewater/Platform/_git/platform-api",
        "src/a b.py",
        7,
    )
    assert found.window == "KEY = ..."
    run = render_sarif(REPORT, EVIDENCE)["runs"][0]
    assert run["results"][0]["taxa"] == [{"id": "798", "toolComponent": {"name": "CWE"}}]
    assert run["taxonomies"][0]["taxa"][0]["id"] == "798"
    assert run["versionControlProvenance"] == [
        {"repositoryUri": "https://dev.azure.com/tidewater/Platform/_git/platform-api", "revisionId": "aaaa"}
    ]


def test_every_run_and_result_says_that_a_model_wrote_it():
    for run in render_sarif(REPORT, EVIDENCE)["runs"]:
        assert "AI" in run["tool"]["driver"]["name"]
        assert {part["properties"]["ai/origin"] for part in (run, *run["results"])} == {"generated"}


def test_an_empty_report_is_a_valid_log():
    log = valid(render_sarif({"answer": "", "verdict": "inconclusive"}, {}))
    assert [run["results"] for run in log["runs"]] == [[]]
