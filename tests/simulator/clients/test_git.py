"""The real `git` against repositories of the seed: clone, fetch and push over HTTP, seen again through the API."""

import os

import pytest
from git_client import Api, commit
from official_clients import CODE_READ, CODE_WRITE, READ

from azure_devops_simulator.state.policies import COMMENTS, Policy
from langchain_azure_devops import AzureDevOpsToolkit


def test_a_clone_is_what_the_api_shows(git, api, tmp_path):
    git("clone", "--quiet", api.remote(), "work")
    assert git("symbolic-ref", "HEAD", into="work").stdout.strip() == api.get()["defaultBranch"]
    remote = git("for-each-ref", "--format=%(refname) %(objectname)", "refs/remotes/origin", into="work").stdout
    cloned = dict(
        line.replace("remotes/origin", "heads").split(" ") for line in remote.splitlines() if "HEAD" not in line
    )
    assert cloned == api.branches()
    listed = set(git("ls-files", into="work").stdout.split())
    items = api.get("/items", recursionLevel="full")["value"]
    assert listed == {item["path"].lstrip("/") for item in items if not item.get("isFolder")}
    git("fsck", "--strict", "--no-dangling", into="work")
    assert git("log", "--format=%H", "-n", "5", into="work").stdout.split() == [
        row["commitId"] for row in api.get("/commits", **{"$top": "5"})["value"]
    ]


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_a_client_of_any_protocol_version_is_served(git, api, version):
    told = git("-c", f"protocol.version={version}", "ls-remote", "--heads", api.remote()).stdout
    assert {name: object_id for object_id, name in map(str.split, told.splitlines())} == api.branches()
    git("-c", f"protocol.version={version}", "clone", "--quiet", api.remote(), "work")
    assert git("rev-parse", "HEAD", into="work").stdout.strip() == api.branches()["refs/heads/main"]


def test_a_push_shows_as_a_push_with_its_commits(git, api, plain, tmp_path):
    git("clone", "--quiet", api.remote(), "work")
    git("switch", "--quiet", "-c", "feature/from-git", into="work")
    first = commit(git, tmp_path, "docs/one.md", "one\n", "Add the first page")
    second = commit(git, tmp_path, "docs/two.md", "two\n", "Add the second page")
    told = git("push", "--quiet", "origin", "feature/from-git", into="work").stderr
    assert "remote: Storing packfile... done" in told
    assert api.branches()["refs/heads/feature/from-git"] == second
    push = api.get("/pushes", **{"$top": "1", "searchCriteria.includeRefUpdates": "true"})["value"][0]
    assert [update["name"] for update in push["refUpdates"]] == ["refs/heads/feature/from-git"]
    assert push["pushedBy"]["displayName"] == "svc-agent"
    whole = api.get(f"/pushes/{push['pushId']}")
    assert [row["commitId"] for row in whole["commits"]] == [second, first]
    row = api.get(f"/commits/{second}")
    assert (row["comment"], row["author"]["name"]) == ("Add the second page", "Tom Becker")
    toolkit = AzureDevOpsToolkit(base_url=plain.base_url, pat=READ, default_project="Platform", scopes=["vso.code"])
    read = next(tool for tool in toolkit.get_tools() if tool.name == "read_repository_file")
    said = read.invoke({"repository": "platform-api", "path": "/docs/two.md", "version": "feature/from-git"})
    assert "two" in said


def test_branches_are_made_moved_by_force_and_deleted(git, api, tmp_path):
    git("clone", "--quiet", api.remote(), "work")
    main = api.branches()["refs/heads/main"]
    git("push", "--quiet", "origin", "main:refs/heads/one", "main:refs/heads/two", into="work")
    assert {api.branches()[f"refs/heads/{name}"] for name in ("one", "two")} == {main}
    updates = api.get("/pushes", **{"$top": "1", "searchCriteria.includeRefUpdates": "true"})["value"][0]["refUpdates"]
    assert {update["name"] for update in updates} == {"refs/heads/one", "refs/heads/two"}
    git("switch", "--quiet", "--detach", "main~1", into="work")
    other = commit(git, tmp_path, "other.md", "other\n", "Take another way")
    assert "rejected" in git("push", "origin", "HEAD:one", into="work", fails=True).stderr
    git("push", "--quiet", "--force", "origin", "HEAD:one", into="work")
    assert api.branches()["refs/heads/one"] == other
    git("push", "--quiet", "--delete", "origin", "one", "two", into="work")
    assert not {"refs/heads/one", "refs/heads/two"} & set(api.branches())


def test_an_annotated_tag_and_an_incremental_fetch(git, api, tmp_path):
    git("clone", "--quiet", api.remote(), "work")
    git("clone", "--quiet", api.remote(), "second")
    made = commit(git, tmp_path, "CHANGELOG.md", "changed\n", "Note the change")
    git("tag", "-a", "v9.9", "-m", "Nine", into="work")
    git("push", "--quiet", "--follow-tags", "origin", "main", into="work")
    tag = next(ref for ref in api.get("/refs", filter="tags/v9", peelTags="true")["value"])
    assert (tag["name"], tag["peeledObjectId"]) == ("refs/tags/v9.9", made)
    git("fetch", "--quiet", "--tags", into="second")
    assert git("rev-parse", "origin/main", "v9.9^{}", into="second").stdout.split() == [made, made]


def test_a_shallow_clone_has_one_commit_and_can_be_deepened(git, api):
    git("clone", "--quiet", "--depth", "1", api.remote(), "work")
    assert git("rev-list", "--count", "HEAD", into="work").stdout.strip() == "1"
    git("fetch", "--quiet", "--unshallow", into="work")
    whole = len(api.get("/commits", **{"$top": "1000"})["value"])
    assert git("rev-list", "--count", "HEAD", into="work").stdout.strip() == str(whole)


def test_the_first_push_into_an_empty_repository(git, plain, tmp_path):
    api = Api(plain, "Data", "empty-lake")
    warned = git("clone", api.remote(), "work").stderr
    assert "empty repository" in warned
    git("switch", "--quiet", "-c", "main", into="work")
    made = commit(git, tmp_path, "a.md", "a\n", "Begin")
    git("push", "--quiet", "origin", "main", into="work")
    assert (api.get()["defaultBranch"], api.branches()) == ("refs/heads/main", {"refs/heads/main": made})
    api.close()


def test_a_large_pack_comes_and_goes_whole(git, api, tmp_path):
    git("clone", "--quiet", api.remote(), "work")
    git("switch", "--quiet", "-c", "large", into="work")
    content = os.urandom(8 << 20)
    commit(git, tmp_path, "large.bin", content, "Add eight megabytes")
    git("push", "--quiet", "origin", "large", into="work")
    git("clone", "--quiet", "--branch", "large", "--single-branch", api.remote(), "again")
    assert (tmp_path / "again" / "large.bin").read_bytes() == content
    git("push", "--quiet", "--delete", "origin", "large", into="work")


def test_a_token_is_asked_for_and_its_scopes_count(git, api, tmp_path):
    assert "could not read Username" in git("clone", api.remote(None), "none", fails=True).stderr
    assert "Authentication failed" in git("clone", api.remote("wrong"), "none", fails=True).stderr
    git("clone", "--quiet", api.remote(CODE_READ), "work")
    commit(git, tmp_path, "a.md", "a\n", "Not allowed")
    assert "Authentication failed" in git("push", "origin", "main", into="work", fails=True).stderr
    git("push", "--quiet", api.remote(CODE_WRITE), "main:allowed", into="work")
    assert "refs/heads/allowed" in api.branches()
    git("push", "--quiet", api.remote(CODE_WRITE), "--delete", "allowed", into="work")
    missing = api.remote().replace("platform-api", "no-such")
    assert "not found" in git("clone", missing, "none", fails=True).stderr


def test_policy_and_permissions_refuse_in_the_service_s_words(git, api, plain, tmp_path):
    repository = plain.organization.repository("Platform", "platform-api")
    before = api.branches()["refs/heads/main"]
    git("clone", "--quiet", api.remote(), "work")
    commit(git, tmp_path, "a.md", "a\n", "Straight to main")
    scope = {"repositoryId": repository.id, "refName": "refs/heads/main", "matchKind": "Exact"}
    owner, policies = plain.organization.named("Tom Becker"), repository.project.policies
    policies[1] = Policy(1, COMMENTS, {"scope": [scope]}, owner, plain.organization.clock.now())
    told = git("push", "origin", "main", "main:beside", into="work", fails=True).stderr
    assert "TF402455: Pushes to this branch are not permitted" in told
    assert (api.branches()["refs/heads/main"], "refs/heads/beside" in api.branches()) == (before, True)
    atomic = git("push", "--atomic", "origin", "main", "main:third", into="work", fails=True).stderr
    assert "TF402455" in atomic
    assert "refs/heads/third" not in api.branches()
    policies.clear()
    user = plain.organization.named("svc-agent")
    plain.organization.deny(user, "ForcePush", repository.project)
    assert "'ForcePush' permission" in git("push", "--delete", "origin", "beside", into="work", fails=True).stderr
    plain.organization.deny(user, "GenericContribute", repository.project)
    assert "TF401027" in git("push", "origin", "main", into="work", fails=True).stderr
    plain.organization.denials.clear()


def test_an_annotated_tag_that_was_made_over_the_api_is_cloned(git, api):
    tip = api.branches()["refs/heads/main"]
    body = {"name": "v9", "message": "Nine", "taggedObject": {"objectId": tip}}
    made = api.post("/annotatedtags", body)
    git("clone", "--quiet", api.remote(), "work")
    assert git("rev-parse", "v9", "v9^{commit}", into="work").stdout.split() == [made["objectId"], tip]
    assert git("tag", "--list", "--format=%(taggername) %(contents:subject)", "v9", into="work").stdout.strip() == (
        "svc-agent Nine"
    )
    git("fsck", "--strict", "--no-dangling", into="work")
