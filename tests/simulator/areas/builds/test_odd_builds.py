"""Builds whose repository, commit, file or pool is not what one expects, and the archives of builds."""

import io
import zipfile
from itertools import product
from typing import Any

import pytest

from azure_devops_simulator import Organization
from azure_devops_simulator.state.builds import Artifact, Build

BUILD = "/Platform/_apis/build"
RED = 35
LATE = "after a lost commit"


def add_build(organization: Organization, definition: int, version: str) -> Build:
    return organization.builds.add_build(
        organization.builds.definitions[definition],
        branch="refs/heads/main",
        version=version,
        by=organization.named("Dana Ortiz"),
        when=organization.clock.now(),
    )


@pytest.fixture
def odd(organization: Organization) -> dict[str, int]:
    """The ids of odd builds beside usual ones."""
    docs = organization.repository("Platform", "docs")
    author, now = organization.named("Dana Ortiz"), organization.clock.now()
    other = organization.builds.add_definition(docs, "docs-ci", "/ci.yml", author=author, when=now, pool="Default")
    gone = add_build(organization, 1, "f" * 40)
    gone.status = "completed"
    tip = organization.repository("Platform", "platform-api").default_tip() or ""
    return {
        "early": 6,
        "later": 11,
        "other repository": add_build(organization, other.id, docs.default_tip() or "").id,
        "lost commit": gone.id,
        LATE: add_build(organization, 1, tip).id,
        "no commit": add_build(organization, 1, "").id,
    }


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("changes", {("early", "later"), ("early", LATE), ("later", LATE)}),
        ("workitems", {("early", "later"), ("early", LATE)}),
    ],
)
def test_between_any_two_builds_there_is_a_list(
    client: Any, odd: dict[str, int], what: str, expected: set[tuple[str, str]]
) -> None:
    some = {
        (older, newer)
        for older, newer in product(odd, odd)
        if client.get(f"{BUILD}/{what}", fromBuildId=odd[older], toBuildId=odd[newer])["value"]
    }
    assert some == expected


def test_the_changes_and_work_items_of_one_build(client: Any, odd: dict[str, int]) -> None:
    counts = {name: client.get(f"{BUILD}/builds/{number}/changes")["count"] for name, number in odd.items()}
    assert counts.pop("other repository") > 1, "the first build of a definition brings everything"
    assert counts == {"early": 15, "later": 1, "lost commit": 0, LATE: 0, "no commit": 0}
    for number in odd.values():
        client.get(f"{BUILD}/builds/{number}/workitems")


def test_a_build_in_an_unknown_pool_names_it(client: Any, odd: dict[str, int]) -> None:
    queue = client.get(f"{BUILD}/builds/{odd['other repository']}")["queue"]
    assert (queue["name"], queue["pool"]["name"], queue["pool"]["isHosted"]) == ("Default", "Default", False)


@pytest.mark.parametrize("lost", ["repository", "branch", "commit behind the branch"])
def test_what_has_no_commit_is_not_run(client: Any, organization: Organization, lost: str) -> None:
    repository = organization.repository("Platform", "platform-api")
    if lost == "repository":
        del repository.project.repositories[repository.id]
    elif lost == "branch":
        repository.refs.pop("refs/heads/main")
    else:
        repository.refs["refs/heads/main"] = repository.commit(repository.default_tip() or "").tree
    assert client.get(f"{BUILD}/definitions/1/yaml")["yaml"] is None
    for path, body in (
        ("build/builds", {"definition": {"id": 1}}),
        ("pipelines/1/runs", {}),
        ("pipelines/1/preview", {}),
    ):
        error = client.call("POST", f"/Platform/_apis/{path}", body, expect=400)
        assert error["typeKey"] in {"BuildRequestValidationFailedException", "PipelineValidationException"}
    assert client.get(f"{BUILD}/builds/{RED}")["repository"]["id"] == repository.id


def archive(client: Any, path: str, accept: str = "application/json", **query: str) -> dict[str, bytes]:
    answer = client.http.get(f"{BUILD}/builds/{path}", params=query, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
        assert files.testzip() is None
        return {name: files.read(name) for name in files.namelist()}


def text_of(client: Any, log: int) -> bytes:
    return client.http.get(f"{BUILD}/builds/{RED}/logs/{log}", headers={"Accept": "text/plain"}).content


def test_all_logs_as_an_archive(client: Any) -> None:
    files = archive(client, f"{RED}/logs", **{"$format": "zip"})
    assert files == archive(client, f"{RED}/logs", accept="application/zip;api-version=7.1")
    rows = client.get(f"{BUILD}/builds/{RED}/logs")["value"]
    assert list(files.values()) == [text_of(client, row["id"]) for row in rows]
    assert "Build.Test/5_Run unit tests.txt" in files
    assert archive(client, "27/logs", **{"$format": "zip"}) == {}


def test_the_logs_of_earlier_attempts_are_in_the_archive(client: Any, organization: Organization) -> None:
    before = archive(client, f"{RED}/logs", **{"$format": "zip"})
    client.call("PATCH", f"{BUILD}/builds/{RED}", {}, retry="true")
    organization.clock.advance(3600)
    after = archive(client, f"{RED}/logs", **{"$format": "zip"})
    assert after["earlier attempts/5.txt"] == before["Build.Test/5_Run unit tests.txt"]
    assert "Build.Test/5_Run unit tests.txt" in after


def test_one_log_as_an_archive(client: Any) -> None:
    assert archive(client, f"{RED}/logs/5", **{"$format": "zip"}) == {"5.txt": text_of(client, 5)}
    assert archive(client, f"{RED}/logs/5", accept="application/zip") == {"5.txt": text_of(client, 5)}


def test_an_artifact_as_an_archive(client: Any, organization: Organization) -> None:
    organization.builds.builds[RED].artifacts = [Artifact(1, "a & b", {"x/y.txt": b"1"}), Artifact(2, "none", {})]
    first = client.get(f"{BUILD}/builds/{RED}/artifacts")["value"][0]
    url = first["resource"]["downloadUrl"]
    with zipfile.ZipFile(io.BytesIO(client.http.get(url).content)) as files:
        assert files.namelist() == ["a & b/x/y.txt"]
    assert archive(client, f"{RED}/artifacts", accept="application/zip", artifactName="none") == {}
    assert client.http.get(first["resource"]["url"]).json()["name"] == "a & b"
