"""Pipelines and runs over HTTP."""

import io
import zipfile
from typing import Any

import httpx

from azure_devops_simulator import Organization
from azure_devops_simulator.state.builds import Artifact

PIPELINES = "/Platform/_apis/pipelines"


def archive(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        return {name: files.read(name) for name in files.namelist()}


def test_pipelines(client: Any, organization: Organization) -> None:
    rows = client.get(PIPELINES)["value"]
    assert [(row["id"], row["name"], row["folder"]) for row in rows] == [
        (4, "docs-publish", "\\"),
        (3, "infrastructure-deploy", "\\operations"),
        (2, "nightly-soak", "\\"),
        (1, "platform-api-ci", "\\"),
    ]
    assert "configuration" not in rows[0]
    answer = client.send("GET", PIPELINES, __top=3)
    more = client.get(PIPELINES, continuationToken=answer.headers["x-ms-continuationtoken"])
    assert [row["id"] for row in more["value"]] == [1]
    assert client.get(f"{PIPELINES}/2")["configuration"] == {
        "path": "/pipelines/nightly-soak.yml",
        "repository": {"id": organization.repository("Platform", "platform-api").id, "type": "azureReposGit"},
        "type": "yaml",
    }
    assert client.get(f"{PIPELINES}/7", expect=404)["typeKey"] == "PipelineNotFoundException"


def test_runs_are_builds(client: Any) -> None:
    runs = client.get(f"{PIPELINES}/1/runs")["value"]
    assert [run["id"] for run in runs][:3] == [38, 35, 31]
    assert "resources" not in runs[0]
    assert (runs[0]["state"], runs[0].get("result")) == ("inProgress", None)
    run = client.get(f"{PIPELINES}/1/runs/35")
    assert (run["state"], run["result"], run["name"]) == ("completed", "failed", "20261119.1")
    own = run["resources"]["repositories"]["self"]
    build = client.get("/Platform/_apis/build/builds/35")
    assert (own["refName"], own["version"]) == (build["sourceBranch"], build["sourceVersion"])
    assert client.get(f"{PIPELINES}/2/runs/35", expect=404)["typeKey"] == "RunNotFoundException"


def test_run(client: Any, organization: Organization) -> None:
    body = {
        "resources": {"repositories": {"self": {"refName": "refs/heads/release/2.8"}}},
    }
    run = client.call("POST", f"{PIPELINES}/1/runs", body)
    assert (run["id"], run["state"]) == (39, "inProgress")
    assert run["resources"]["repositories"]["self"]["refName"] == "refs/heads/release/2.8"
    assert client.get("/Platform/_apis/build/builds/39")["status"] == "notStarted"
    error = client.call("POST", f"{PIPELINES}/99/runs", {}, expect=500)
    assert error["typeKey"] == "PipelineNotFoundException"
    wrong = {"resources": {"repositories": {"self": {"refName": "refs/heads/none"}}}}
    assert client.call("POST", f"{PIPELINES}/1/runs", wrong, expect=400)["typeKey"] == "PipelineValidationException"


def test_preview_runs_nothing(client: Any, reader: Any, organization: Organization) -> None:
    now, committed = (
        organization.clock.now(),
        organization.repository("Platform", "platform-api").text("/azure-pipelines.yml"),
    )
    assert reader.call("POST", f"{PIPELINES}/1/preview", {})["finalYaml"] == committed
    assert reader.call("POST", f"{PIPELINES}/1/preview", {"yamlOverride": ""})["finalYaml"] == committed
    override = {"yamlOverride": "steps: []\n"}
    assert reader.call("POST", f"{PIPELINES}/1/preview", override)["finalYaml"] == "steps: []\n"
    assert client.call("POST", f"{PIPELINES}/1/runs", {"previewRun": True})["finalYaml"] == committed
    error = reader.call("POST", f"{PIPELINES}/4/preview", {}, expect=400)
    assert error["typeKey"] == "PipelineValidationException"
    assert reader.call("POST", f"{PIPELINES}/99/preview", {}, expect=500)["typeKey"] == "PipelineNotFoundException"
    assert reader.send("POST", f"{PIPELINES}/1/runs", {"previewRun": True}).status_code == 401
    assert (len(organization.builds.builds), organization.clock.now()) == (38, now)


def test_logs_and_their_signed_links(client: Any) -> None:
    logs = client.get(f"{PIPELINES}/1/runs/35/logs")["logs"]
    assert "signedContent" not in logs[0]
    log = client.get(f"{PIPELINES}/1/runs/35/logs/5", __expand="signedContent")
    assert log["lineCount"] == logs[4]["lineCount"]
    url = log["signedContent"]["url"]
    assert client.get(f"{PIPELINES}/1/runs/35/logs/5", __expand=1) == log
    anonymous = httpx.get(url)
    assert anonymous.status_code == 200
    assert len(anonymous.text.splitlines()) == log["lineCount"]
    assert httpx.get(url[:-1] + "x").status_code == 401
    assert client.get(f"{PIPELINES}/1/runs/35/logs/99", expect=404)["typeKey"] == "LogNotFoundException"


def test_artifacts_of_runs(client: Any) -> None:
    assert client.get(f"{PIPELINES}/1/runs/19/artifacts", artifactName="test-results")["name"] == "test-results"
    client.get(f"{PIPELINES}/1/runs/19/artifacts", artifactName="none", expect=404)


def test_a_signed_link_gives_an_artifact_to_anybody_for_an_hour(client: Any, organization: Organization) -> None:
    run, name = organization.builds.builds[19], "results & more/1"
    run.artifacts.append(Artifact(2, name, {"one.txt": b"1"}))
    artifact = client.get(f"{PIPELINES}/1/runs/19/artifacts", artifactName=name, __expand="signedContent")
    url = artifact["signedContent"]["url"]
    answer = httpx.get(url)
    assert answer.headers["content-type"] == "application/zip"
    assert archive(answer.content) == {f"{name}/one.txt": b"1"}
    assert httpx.get(url.replace("more", "less")).status_code == 401
    assert client.http.get(artifact["url"]).json()["name"] == name
    organization.clock.advance(3601)
    late = httpx.get(url)
    assert (late.status_code, late.json()["message"]) == (401, "The link has expired.")


def test_a_signed_link_gives_all_logs(client: Any) -> None:
    logs = client.get(f"{PIPELINES}/1/runs/35/logs", __expand="signedContent")
    files = archive(httpx.get(logs["signedContent"]["url"]).content)
    assert len(files) == len(logs["logs"])
    (text,) = [text for name, text in files.items() if name == "Build.Test/5_Run unit tests.txt"]
    assert text == httpx.get(logs["logs"][4]["signedContent"]["url"]).content
