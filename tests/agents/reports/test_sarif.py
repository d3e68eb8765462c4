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


def test_a_log_says_what_was_observed_what_was_inferred_and_what_it_rests_on():
    first, second = (
        result for run in render_sarif(REPORT, EVIDENCE, "Is there a key?")["runs"] for result in run["results"]
    )
    assert (first["ruleId"], first["ruleIndex"]) == ("investigation/observed", 0)
    assert (first["kind"], first["level"]) == ("fail", "warning")
    assert first["message"] == {"text": "A storage key is in the code (CWE-798)."}
    assert first["hostedViewerUri"] == FILE
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/a%20b.py"},
                "region": {"startLine": 7, "snippet": {"text": "KEY = ..."}},
            }
        }
    ]
    assert (first["properties"]["quote"], first["properties"]["section"]) == ("KEY = ...", "Observed")
    assert first["properties"]["evidence"] == [{"title": "/src/a b.py", "url": FILE}]
    assert (second["ruleId"], second["ruleIndex"]) == ("investigation/inferred", 1)
    assert (second["kind"], second["level"]) == ("review", "none")
    assert second["message"] == {"text": "Everybody can read it. Because it is public"}
    assert not {"locations", "hostedViewerUri", "taxa"} & second.keys()


@pytest.mark.parametrize("verdict", ["no_incident", "inconclusive", "answered"])
def test_without_an_incident_every_statement_informs(verdict):
    runs = render_sarif({**REPORT, "verdict": verdict}, EVIDENCE, "?")["runs"]
    assert {(result["kind"], result["level"]) for run in runs for result in run["results"]} == {
        ("informational", "none")
    }
    assert runs[0]["properties"] | {"question": "?", "verdict": verdict} == runs[0]["properties"]
    assert runs[0]["properties"]["answer"] == REPORT["answer"]


def located(*urls, **more):
    """The runs of a report whose statements cite these pages of files."""
    rows = [
        {"statement": f"Statement {n}.", "evidence": ["E1"], "quote": "x", "places": {"E1": {"url": url}}}
        for n, url in enumerate(urls)
    ]
    return render_sarif({"answer": "", "verdict": "incident", "observed": rows, **more}, EVIDENCE)["runs"]


GIT = "https://dev.azure.com/tidewater/Platform/_git"


def test_each_repository_has_a_run_and_a_commit_when_all_places_are_in_one():
    one, two = located(
        f"{GIT}/api?path=/a&version=GCaa", f"{GIT}/web?path=/a&version=GBmain", f"{GIT}/api?path=/b&version=GCaa"
    )
    assert one["versionControlProvenance"] == [{"repositoryUri": f"{GIT}/api", "revisionId": "aa"}]
    assert two["versionControlProvenance"] == [{"repositoryUri": f"{GIT}/web"}]
    assert (len(one["results"]), len(two["results"])) == (2, 1)
    [mixed] = located(f"{GIT}/api?path=/a&version=GCaa", f"{GIT}/api?path=/b&version=GCbb")
    assert mixed["versionControlProvenance"] == [{"repositoryUri": f"{GIT}/api"}]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"{GIT}/api?path=/a.py", {"artifactLocation": {"uri": "a.py"}}),
        (f"{GIT}/api?path=/a.py&line=12", {"artifactLocation": {"uri": "a.py"},
                                           "region": {"startLine": 12, "snippet": {"text": "x"}}}),
        (f"{GIT}/api?path=/a.py&line=x", {"artifactLocation": {"uri": "a.py"}}),
        (f"{GIT}/api?path=/a.py&line=999999999", {"artifactLocation": {"uri": "a.py"}}),
        (f"{GIT}/api/pullrequest/7?path=/a.py", {"artifactLocation": {"uri": "a.py"}}),
        (f"{GIT}/api", None), (f"{GIT}/?path=/a.py", None), (f"{GIT}/api?line=4", None),
        ("https://dev.azure.com/tidewater/Platform/_workitems/edit/4?path=/a.py", None),
    ],
)  # fmt: skip
def test_only_the_page_of_a_file_is_a_place_in_a_repository(url, place):
    [run] = located(url)
    places = [each["physicalLocation"] for each in run["results"][0].get("locations", [])]
    assert places == ([place] if place else [])
    assert ("versionControlProvenance" in run) is (place is not None)


def test_the_file_of_a_statement_may_stand_in_the_links_of_the_report():
    row = {"statement": "It is there.", "evidence": ["E2", "E1", "E9"], "quote": "x", "places": {"E1": None}}
    links = {"E1": {"title": "a.py", "url": f"{GIT}/api?path=/a.py&version=GCaa"}, "E2": None}
    [run] = render_sarif({"answer": "", "verdict": "incident", "observed": [row], "links": links}, EVIDENCE)["runs"]
    assert run["versionControlProvenance"] == [{"repositoryUri": f"{GIT}/api", "revisionId": "aa"}]
    assert run["results"][0]["properties"]["evidence"] == [{"title": "", "url": ""}, links["E1"]]
    assert run["results"][0]["hostedViewerUri"] == links["E1"]["url"]


def test_the_line_that_a_statement_cites_counts_more_than_the_page_of_its_evidence():
    page, line = f"{GIT}/api?path=/a.py", f"{GIT}/api?path=/a.py&line=4"
    row = {"statement": "It is there.", "evidence": ["E1"], "quote": None, "places": {"E1": {"url": line}}}
    links = {"E1": {"title": "a.py", "url": page}}
    [run] = render_sarif({"answer": "", "verdict": "incident", "observed": [row], "links": links}, EVIDENCE)["runs"]
    [found] = run["results"]
    assert found["properties"]["evidence"] == [{"title": "a.py", "url": line}]
    assert found["properties"]["quote"] == ""
    assert found["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 4}}}
    ]


def test_a_log_without_a_question_names_none_and_its_schema():
    log = render_sarif({"answer": "", "verdict": "answered", "observed": [{"statement": "x", "evidence": []}]}, {})
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    assert log["runs"][0]["properties"]["question"] == ""
    assert [run["results"][0]["properties"]["evidence"] for run in log["runs"]] == [[]]


def test_the_same_statement_has_the_same_fingerprint_whatever_the_evidence_is():
    def fingerprints(**row):
        report = {**REPORT, "observed": [{**REPORT["observed"][0], **row}]}
        return [result["partialFingerprints"]["statement/v1"] for run in render_sarif(report, EVIDENCE)["runs"]
                for result in run["results"]]  # fmt: skip

    assert fingerprints() == fingerprints(quote="another", evidence=["E2"])
    assert fingerprints()[0] != fingerprints(statement="Another.")[0]
    assert len(set(fingerprints())) == 2


def test_weaknesses_are_named_once_by_their_number_wherever_they_stand():
    row = {"statement": "As cwe-79 and CWE-798 say.", "evidence": ["E1"], "quote": "CWE-79", "reasoning": "CWE-9 fits"}
    [run] = render_sarif({"answer": "", "verdict": "incident", "inferred": [row]}, EVIDENCE)["runs"]
    assert run["results"][0]["taxa"] == [
        {"id": taxon, "toolComponent": {"name": "CWE"}} for taxon in ("9", "79", "798")
    ]
    [taxonomy] = run["taxonomies"]
    assert (taxonomy["name"], taxonomy["organization"]) == ("CWE", "MITRE")
    assert taxonomy["informationUri"] == "https://cwe.mitre.org/"
    assert taxonomy["shortDescription"] == {"text": "The MITRE Common Weakness Enumeration"}
    assert [taxon["id"] for taxon in taxonomy["taxa"]] == ["9", "79", "798"]
    assert taxonomy["taxa"][0]["helpUri"] == "https://cwe.mitre.org/data/definitions/9.html"
    assert run["tool"]["driver"]["supportedTaxonomies"] == [{"name": "CWE"}]
    [plain] = located(f"{GIT}/api?path=/a")
    assert not {"taxonomies"} & plain.keys()
    assert "supportedTaxonomies" not in plain["tool"]["driver"]


def test_every_run_and_result_says_that_a_model_wrote_it():
    assert render_sarif(REPORT, EVIDENCE)["runs"]
    for run in render_sarif(REPORT, EVIDENCE)["runs"]:
        assert run["tool"]["driver"]["name"] == "azure-devops-agent (AI)"
        assert "with a language model" in run["tool"]["driver"]["fullDescription"]["text"]
        rules = run["tool"]["driver"]["rules"]
        assert [(rule["id"], rule["name"]) for rule in rules] == [
            ("investigation/observed", "InvestigationObserved"), ("investigation/inferred", "InvestigationInferred"),
        ]  # fmt: skip
        assert [rule["properties"]["tags"] for rule in rules] == [["ai-generated"]] * 2
        assert {part["properties"]["ai/origin"] for part in (run, *run["results"])} == {"generated"}


def test_an_empty_report_is_a_valid_log():
    log = valid(render_sarif({"answer": "", "verdict": "inconclusive"}, {}))
    assert [run["results"] for run in log["runs"]] == [[]]
    assert "versionControlProvenance" not in log["runs"][0]
