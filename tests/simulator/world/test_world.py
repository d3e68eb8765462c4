"""Worlds: an organization out as JSON and in again, with nothing lost, and what differs between two."""

import copy
import json
import os
import re
import select
import subprocess
import sys

import httpx
import pytest

from azure_devops_simulator import (
    Organization,
    SimulatorServer,
    difference,
    export_world,
    import_world,
    seed_organization,
)
from azure_devops_simulator.world.codec import WorldError

DOCS = "/Platform/_apis/git/repositories/docs"
API = "/Platform/_apis/git/repositories/platform-api"


def patch(client, method, path, operations):
    answer = client.http.request(
        method,
        path,
        params={"api-version": "7.1"},
        content=json.dumps(operations),
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def add(path, value):
    return {"op": "add", "path": path, "value": value}


def live_through_a_day(client, organization):
    """Write something of every kind, so that a world has it all."""
    docs = organization.repository("Platform", "docs")
    change = {"changeType": "add", "item": {"path": "/day/ümlaut.bin"}}
    content = {"content": "AP8Q/w==", "contentType": "base64encoded"}
    update = {"name": "refs/heads/day", "oldObjectId": "0" * 40}
    commit = {"comment": "A day", "changes": [{**change, "newContent": content}]}
    pushed = client.call(
        "POST",
        f"{DOCS}/pushes",
        {"refUpdates": [update], "commits": [{**commit, "parents": [docs.default_tip()]}]},
        expect=201,
    )
    status = {"state": "succeeded", "context": {"name": "lint"}}
    client.call("POST", f"{DOCS}/commits/{pushed['commits'][0]['commitId']}/statuses", status, expect=201)
    request = {"sourceRefName": "refs/heads/day", "targetRefName": "refs/heads/main", "title": "A day"}
    opened = client.call("POST", f"{DOCS}/pullrequests", request, expect=201)["pullRequestId"]
    thread = {"comments": [{"content": "why?", "commentType": "text"}], "status": "active"}
    client.call("POST", f"{DOCS}/pullRequests/{opened}/threads", thread)
    item = patch(client, "POST", "/Platform/_apis/wit/workitems/$Bug", [add("/fields/System.Title", "It broke")])["id"]
    link = {"rel": "System.LinkTypes.Related", "url": f"{client.http.base_url}/_apis/wit/workItems/1"}
    address = f"/_apis/wit/workitems/{item}"
    patch(client, "PATCH", address, [add("/relations/-", link), add("/fields/System.Tags", "a; b")])
    patch(client, "PATCH", address, [add("/relations/0/attributes/comment", "the same")])
    patch(client, "PATCH", address, [add("/fields/System.History", "seen"), add("/fields/System.State", "Active")])
    client.call("POST", f"/Platform{address}/comments", {"text": "hm"}, version="7.1-preview.4")
    client.call("DELETE", "/_apis/wit/workitems/2")
    client.call("POST", "/Platform/_apis/wit/classificationnodes/areas", {"name": "Night"}, expect=201)
    client.call("POST", "/Platform/_apis/build/builds", {"definition": {"id": 1}})
    organization.deny(organization.named("Tom Becker"), "QueueBuilds", organization.project("Data"))
    organization.hide_project(organization.project("Payments"), organization.named("Mina Sato"))


def paths(organization):
    """The address of everything there is."""
    yield from (
        "/_apis/projects",
        "/_apis/git/pullrequests?searchCriteria.status=all",
        "/Platform/_apis/wit/recyclebin",
    )
    for project in organization.projects.values():
        home = f"/{project.name}/_apis"
        yield from (f"{home}/build/definitions", f"{home}/build/builds", f"{home}/pipelines")
        for group in ("areas", "iterations"):
            yield f"{home}/wit/classificationnodes/{group}?$depth=9"
        for repository in project.repositories.values():
            own = f"{home}/git/repositories/{repository.name}"
            yield from (own, f"{own}/refs", f"{own}/pushes", f"{own}/commits", f"{own}/pullrequests")
            yield f"{own}/items?scopePath=/&recursionLevel=full"
            for push in repository.pushes:
                yield f"{own}/commits/{push.commits[0]}/statuses" if push.commits else f"{own}/pushes/{push.id}"
            tip = repository.default_tip()
            for path in repository.files(tip) if tip else ():
                yield f"{own}/items?path={path}&$format=octetStream"
    for number in organization.pull_requests:
        yield f"/_apis/git/pullrequests/{number}"
        repository = organization.pull_requests[number].repository
        one = f"/{repository.project.name}/_apis/git/repositories/{repository.name}/pullRequests/{number}"
        yield from (f"{one}/threads", f"{one}/iterations", f"{one}/commits", f"{one}/reviewers", f"{one}/labels")
    for item in organization.work_items:
        one = f"/_apis/wit/workitems/{item.id}"
        yield from (f"{one}?$expand=all", f"{one}/updates", f"{one}/revisions?$expand=all")
        yield f"/{item.project.name}{one}/comments?api-version=7.1-preview.4"
    for build in organization.builds.builds.values():
        one = f"/{build.definition.project.name}/_apis/build/builds/{build.id}"
        yield from (one, f"{one}/timeline", f"{one}/logs", f"{one}/artifacts", f"{one}/changes")
        yield from (f"{one}/logs/{log.id}" for log in build.logs.values() if log.line_count < 10_000)


def answers(organization):
    """Every answer, as if it came from the same address."""
    found = {}
    with SimulatorServer(organization) as server:
        headers = {"Host": "one.example", "Accept-Encoding": "identity"}
        with httpx.Client(base_url=server.base_url, auth=("", "full-token"), headers=headers) as client:
            for path in list(paths(organization)):
                answer = client.get(path)
                assert answer.status_code in {200, 204} or "/empty-lake/" in path, (path, answer.text)
                found[path] = answer.status_code, answer.content
    return found


def again(world):
    organization = import_world(json.loads(json.dumps(world)))
    organization.add_token("full-token")
    return organization


def test_the_seed_goes_out_and_in_and_is_the_same():
    world = export_world(seed_organization())
    assert json.dumps(export_world(again(world))) == json.dumps(world)
    assert json.dumps(export_world(seed_organization())) == json.dumps(world)
    assert import_world(world).tokens == {}


def test_after_a_day_of_work_every_answer_is_the_same(client, organization):
    live_through_a_day(client, organization)
    for item in organization.work_items:
        client.get(f"/_apis/wit/workitems/{item.id}")
    world = export_world(organization)
    other = again(world)
    assert export_world(other) == world
    first, second = answers(organization), answers(other)
    assert len(first) > 700
    assert [path for path in first if first[path] != second.get(path)] == []
    assert json.dumps(export_world(other)) == json.dumps(export_world(organization))


def test_what_comes_next_is_the_same_in_both(client, organization, tls):
    other = again(export_world(organization))
    with SimulatorServer(other) as server:
        copied = type(client)(server.base_url, "full-token", tls)
        live_through_a_day(client, organization)
        live_through_a_day(copied, other)
        copied.http.close()
    mine, theirs = (json.dumps(export_world(one)) for one in (organization, other))
    assert re.sub(r"127\.0\.0\.1:\d+", "host", mine) == re.sub(r"127\.0\.0\.1:\d+", "host", theirs)


def test_permissions_and_hidden_projects_come_along(client, organization):
    live_through_a_day(client, organization)
    other = again(export_world(organization))
    tom, mina = other.named("Tom Becker"), other.named("Mina Sato")
    assert other.denied(tom, "QueueBuilds", other.project("Data"))
    assert not other.denied(tom, "QueueBuilds", other.project("Platform"))
    assert "Payments" not in [project.name for project in other.visible_projects(mina)]


def test_an_empty_organization_is_a_world_too():
    organization = Organization("empty")
    assert export_world(import_world(export_world(organization))) == export_world(organization)


def test_a_difference_names_each_value_by_its_path(client, organization):
    before = export_world(organization)
    assert difference(before, before) == {}
    patch(client, "PATCH", "/_apis/wit/workitems/1", [add("/fields/System.Title", "New title")])
    client.call("POST", "/Platform/_apis/wit/workitems/1/comments", {"text": "hm"}, version="7.1-preview.4")
    changed = difference(before, export_world(organization))
    comment = next(path for path in changed if path.endswith("/text"))
    assert re.fullmatch(r"work_items/1/comments/\d+/text", comment)
    assert (changed[comment].before, changed[comment].after) == (None, "hm")
    assert {path.split("/")[0] for path in changed} == {"work_items"}
    titles = {path: value.after for path, value in changed.items() if path.endswith("System.Title")}
    assert set(titles.values()) == {"New title"}
    assert not [path for path in changed if "Date" in path]
    with_times = difference(before, export_world(organization), times=True)
    assert with_times["clock/now"].before < with_times["clock/now"].after


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda world: world.update(format=99), "format 1"),
        (lambda world: world.pop("builds"), "builds"),
        (lambda world: world["work_items"]["1"].update(project="Nowhere"), "Nowhere"),
        (lambda world: world["work_items"]["1"].update(id="first"), "'first' is no int"),
        (lambda world: world["projects"]["Platform"].update(process="Kanban"), "'Kanban' is not one of Agile"),
        (lambda world: world["users"]["svc-agent@tidewater.example"].update(colour="red"), "colour"),
        (
            lambda world: world["projects"]["Platform"]["repositories"]["docs"]["objects"]["blobs"].update(
                {"0" * 40: "x"}
            ),
            "has the id",
        ),
    ],
    ids=["format", "part", "name", "number", "choice", "field", "object"],
)
def test_json_that_is_no_world_is_refused_with_the_reason(damage, says):
    world = copy.deepcopy(json.loads(json.dumps(export_world(seed_organization()))))
    damage(world)
    with pytest.raises(WorldError, match=says):
        import_world(world)


def test_the_command_serves_a_world_with_faults(tmp_path):
    organization = seed_organization()
    organization.project("Data").description = "Out of a file."
    file = tmp_path / "world.json"
    file.write_text(json.dumps(export_world(organization)), encoding="utf-8")
    command = [sys.executable, "-m", "azure_devops_simulator", "--world", str(file), "--token", "t=app_token"]
    process = subprocess.Popen(
        [*command, "--fault", "status,times=1", "--throttle", "100,1", "--control"], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 20)[0]
        base_url = process.stdout.readline().decode().strip()
        project = f"{base_url}/_apis/projects/Data"
        assert httpx.get(project, auth=("", "t")).status_code == 503
        assert httpx.get(project, auth=("", "t")).json()["description"] == "Out of a file."
        shown = httpx.get(f"{base_url.rsplit('/', 1)[0]}/_simulator/world").json()
        assert shown["projects"]["Data"]["description"] == "Out of a file."
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("option", "value"), [("--world", os.devnull), ("--fault", "explode"), ("--throttle", "many")], ids=str
)
def test_a_switch_that_makes_no_sense_is_refused(option, value, refuse):
    code, out, err = refuse(option, value)
    assert (code, out) == (2, "")
    assert option in err


def test_locks_of_branches_are_kept_and_a_world_without_any_has_no_word_of_them():
    organization = seed_organization()
    assert '"locks"' not in json.dumps(export_world(organization))
    docs = organization.project("Platform").repository("docs")
    docs.locks["refs/heads/main"] = organization.named("Dana Ortiz")
    kept = again(export_world(organization)).project("Platform").repository("docs").locks
    assert {name: user.display_name for name, user in kept.items()} == {"refs/heads/main": "Dana Ortiz"}
