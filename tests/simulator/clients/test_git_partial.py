"""The real `git` with partial clones, shallow clones and both, compared with git's own server on the same objects."""

import pytest
from git_client import commit

FILTERS = (
    "blob:none",
    "blob:limit=0",
    "blob:limit=300",
    "blob:limit=1k",
    "tree:0",
    "tree:1",
    "tree:2",
    "combine:blob:none+tree:2",
)
DEPTHS = ((), ("--depth", "1"), ("--depth", "3"))


@pytest.fixture
def original(git, api, tmp_path) -> str:
    """The repository as git's own server offers it."""
    git("clone", "--quiet", "--mirror", api.remote(), "original")
    for setting in ("allowFilter", "allowAnySHA1InWant"):
        git("config", f"uploadpack.{setting}", "true", into="original")
    return f"file://{tmp_path}/original"


def objects(git, folder: str) -> set[str]:
    """What is really in the clone. No missing object is fetched by looking."""
    told = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", into=folder).stdout
    return set(told.split())


@pytest.mark.parametrize("kept", FILTERS)
def test_a_partial_clone_has_the_objects_that_git_itself_would_send(git, api, original, kept):
    counts = set()
    for number, depth in enumerate(DEPTHS):
        for name, remote in (("ours", api.remote()), ("theirs", original)):
            git("clone", "--quiet", "--bare", "--no-tags", *depth, f"--filter={kept}", remote, f"{name}{number}")
        assert objects(git, f"ours{number}") == objects(git, f"theirs{number}")
        counts.add(len(objects(git, f"ours{number}")))
    assert len(counts) == len(DEPTHS)
    assert max(counts) < len(objects(git, "original"))


@pytest.mark.parametrize("kept", ["blob:none", "tree:0", "tree:1", "blob:limit=300"])
@pytest.mark.parametrize("depth", [(), ("--depth", "3")], ids=["whole", "shallow"])
def test_missing_objects_are_fetched_when_git_needs_them(git, api, kept, depth):
    git("clone", "--quiet", *depth, api.remote(), "plain")
    git("clone", "--quiet", "--no-checkout", *depth, f"--filter={kept}", api.remote(), "work")
    before = objects(git, "work")
    for command in (("log", "-p", "HEAD"), ("blame", "HEAD", "--", "README.md"), ("ls-tree", "-r", "HEAD")):
        assert git(*command, into="work").stdout == git(*command, into="plain").stdout
    git("checkout", "--quiet", "main", into="work")
    assert before < objects(git, "work")
    git("fsck", "--no-dangling", into="work")


def test_a_sparse_checkout_of_a_partial_clone_fetches_only_its_folder(git, api, tmp_path):
    git("clone", "--quiet", "--filter=blob:none", "--sparse", api.remote(), "work")
    assert not (tmp_path / "work" / "src").exists()
    git("sparse-checkout", "set", "src", into="work")
    assert list((tmp_path / "work" / "src").iterdir())
    missing = git("rev-list", "--objects", "--all", "--missing=print", into="work").stdout.split()
    docs = git("ls-tree", "-r", "--format=%(objectname)", "HEAD", "docs/", into="work").stdout.split()
    assert {f"?{blob}" for blob in docs} <= set(missing)


def test_a_filter_that_is_not_simulated_says_so(git, api):
    told = git("clone", "--filter=sparse:oid=main:README.md", api.remote(), "work", fails=True).stderr
    assert "not simulated: The filter 'sparse:oid=main:README.md'" in told


def test_an_object_is_fetched_by_its_id_and_an_unknown_one_refused(git, api):
    git("init", "--quiet", "work")
    tip = api.branches()["refs/heads/release/2.8"]
    tree = api.get(f"/commits/{tip}")["treeId"]
    git("fetch", "--quiet", "--depth", "1", api.remote(), tip, into="work")
    assert git("rev-parse", "FETCH_HEAD^{tree}", into="work").stdout.strip() == tree
    assert f"not our ref {'1' * 40}" in git("fetch", api.remote(), "1" * 40, into="work", fails=True).stderr


@pytest.mark.parametrize("version", ["0", "2"])
def test_history_is_deepened_and_cut_as_git_itself_would(git, api, original, version):
    protocol = ("-c", f"protocol.version={version}")
    for name, remote in (("ours", api.remote()), ("theirs", original)):
        git(*protocol, "clone", "--quiet", "--depth", "2", "--no-single-branch", remote, name)
    for depth in ("5", "3", "2147483647", "1"):
        for name in ("ours", "theirs"):
            git(*protocol, "fetch", "--quiet", "--depth", depth, into=name)
        ours, theirs = (git("rev-list", "--all", into=name).stdout for name in ("ours", "theirs"))
        assert ours == theirs
    assert objects(git, "ours") == objects(git, "theirs")


def test_the_merge_of_an_active_pull_request_can_be_fetched(git, api, plain):
    pull_requests = plain.organization.pull_requests.values()
    active = [p for p in pull_requests if p.repository.name == "platform-api" and p.status == "active"]
    told = git("ls-remote", api.remote(), "refs/pull/*").stdout.split()
    assert set(told[1::2]) == {f"refs/pull/{p.id}/merge" for p in active if not p.conflicts}
    git("init", "--quiet", "work")
    git("fetch", "--quiet", api.remote(), told[1], into="work")
    number = told[1].split("/")[2]
    shown = api.get(f"/pullRequests/{number}")
    parents = git("rev-parse", "FETCH_HEAD", "FETCH_HEAD^1", "FETCH_HEAD^2", into="work").stdout.split()
    assert parents == [shown[f"lastMerge{which}"]["commitId"] for which in ("Commit", "TargetCommit", "SourceCommit")]


def test_an_updating_client_clones_partially_and_pushes_a_branch(git, api, tmp_path):
    """How a bot that updates dependencies works: a partial, shallow clone, one branch for each update, then a lease."""
    git("clone", "--quiet", "--depth", "10", "--filter=blob:none", "--no-checkout", api.remote(), "work")
    git("remote", "set-branches", "origin", "*", into="work")
    git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", "--depth", "10", into="work")
    remote = git("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin", into="work").stdout.split()
    assert {f"refs/heads/{name}" for name in remote} - {"refs/heads/HEAD"} == set(api.branches())
    git("checkout", "--quiet", "-B", "update/tool-2", "origin/main", into="work")
    first = commit(git, tmp_path, "tool.txt", "2\n", "Update tool to 2")
    git("push", "--quiet", "origin", "update/tool-2", into="work")
    assert api.branches()["refs/heads/update/tool-2"] == first
    (tmp_path / "work" / "tool.txt").write_text("2.1\n", "utf-8")
    git("commit", "--quiet", "--amend", "--all", "-m", "Update tool to 2.1", into="work")
    stale = ("--force-with-lease=update/tool-2:" + "1" * 40, "origin", "update/tool-2")
    assert "stale info" in git("push", *stale, into="work", fails=True).stderr
    git("push", "--quiet", "--force-with-lease", "origin", "update/tool-2", into="work")
    second = git("rev-parse", "HEAD", into="work").stdout.strip()
    assert api.branches()["refs/heads/update/tool-2"] == second != first
    assert api.get(f"/commits/{second}")["parents"] == [api.branches()["refs/heads/main"]]
    listed = git("ls-remote", "--heads", "origin", "update/*", into="work").stdout.split()
    assert listed == [second, "refs/heads/update/tool-2"]
    git("push", "--quiet", "--delete", "origin", "update/tool-2", into="work")
    git("fetch", "--quiet", "--prune", "origin", into="work")
    assert "origin/update/tool-2" not in git("branch", "--remotes", into="work").stdout


def test_a_shallow_clone_pushes_but_not_what_lacks_its_history(git, api, tmp_path):
    git("clone", "--quiet", "--depth", "1", api.remote(), "work")
    made = commit(git, tmp_path, "a.md", "a\n", "On top of a shallow clone")
    git("push", "--quiet", "origin", "HEAD:refs/heads/shallow", into="work")
    assert api.branches()["refs/heads/shallow"] == made
    commit(git, tmp_path, "b.md", "b\n", "Never pushed")
    cut = commit(git, tmp_path, "c.md", "c\n", "Without its parent")
    (tmp_path / "work" / ".git" / "shallow").write_text(f"{cut}\n", "utf-8")
    told = git("push", "origin", "HEAD:refs/heads/cut", into="work", fails=True).stderr
    assert "missing necessary objects" in told
    assert "refs/heads/cut" not in api.branches()
    git("push", "--quiet", "--delete", "origin", "shallow", into="work")
