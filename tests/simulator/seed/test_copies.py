"""Copies of the seed share the git objects, which never change, and nothing else."""

import base64

import httpx

from azure_devops_simulator import SimulatorServer, export_world, seed_organization

TOKEN = "full-token"
CONTENT = b"written to one copy only\n"


def write_everywhere(organization, tls):
    """Push a file, create and change work items, and comment on a pull request; return the id of the file's blob."""
    organization.add_token(TOKEN)
    query = {"api-version": "7.1"}
    with (
        SimulatorServer(organization) as server,
        httpx.Client(base_url=f"{server.base_url}/Platform/_apis/", auth=("", TOKEN), params=query, verify=tls) as http,
    ):
        repository = "git/repositories/platform-api"
        held = organization.repository("Platform", "platform-api")
        tip, requests = held.branch("main"), organization.pull_requests.values()
        number = next(request.id for request in requests if request.repository is held)
        content = {"content": base64.b64encode(CONTENT).decode(), "contentType": "base64encoded"}
        change = {"changeType": "add", "item": {"path": "/src/written.txt"}, "newContent": content}
        push = {
            "refUpdates": [{"name": "refs/heads/written", "oldObjectId": "0" * 40}],
            "commits": [{"comment": "Write", "changes": [change], "parents": [tip]}],
        }
        patch = [{"op": "add", "path": "/fields/System.Title", "value": "Written"}]
        json_patch = {"Content-Type": "application/json-patch+json"}
        thread = {"comments": [{"parentCommentId": 0, "content": "Written", "commentType": 1}], "status": "active"}
        answers = [
            http.post(f"{repository}/pushes", json=push),
            http.post("wit/workitems/$Bug", json=patch, headers=json_patch),
            http.patch("wit/workitems/31", json=patch, headers=json_patch),
            http.post(f"{repository}/pullRequests/{number}/threads", json=thread),
        ]
        assert [answer.is_success for answer in answers] == [True] * 4, [answer.text for answer in answers]
        version = {"versionDescriptor.version": "written", "path": "/src/written.txt", "$format": "json"}
        return http.get(f"{repository}/items", params=version).json()["objectId"]


def test_what_is_written_to_one_copy_is_seen_in_no_other(tls):
    one, other = seed_organization(), seed_organization()
    before = export_world(other)
    blob = write_everywhere(one, tls)
    assert export_world(one) != before
    for copy in (other, seed_organization()):
        assert export_world(copy) == before
        stores = [each.objects for project in copy.projects.values() for each in project.repositories.values()]
        assert not [store for store in stores if store.blob(blob) or blob.encode() in store.raw]
    assert one.repository("Platform", "platform-api").objects.blob(blob) == CONTENT


def test_the_git_objects_of_copies_are_shared():
    stores = [seed_organization().repository("Platform", "platform-api").objects for _ in range(2)]
    one, other = ({entry: store.blob(entry.decode()) for entry in store.raw} for store in stores)
    assert any(one.values())
    assert [content for entry, content in one.items() if content is not other[entry]] == []


def test_a_world_can_be_changed_without_changing_the_organization():
    organization = seed_organization()
    world = export_world(organization)
    trees = world["projects"]["Platform"]["repositories"]["platform-api"]["objects"]["trees"]
    for rows in trees.values():
        rows.clear()
    assert export_world(organization) != world
    assert export_world(organization) == export_world(seed_organization())
