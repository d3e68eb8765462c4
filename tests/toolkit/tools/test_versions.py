"""Versions: one grammar for every tool that takes one, also where a branch has the form of a commit id."""

import httpx
import pytest
from tool_calls import FULL, Recorder, call, refusal

from azure_devops_simulator import SimulatorServer, build_organization
from langchain_azure_devops import TOOLS, AzureDevOps, load_settings
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.errors import InvalidRequest, NotFound

HEX = "a" * 40
OLD = "steps:\n- script: echo old\n"


@pytest.fixture
def built():
    """A repository whose tag `v1` is at the first of its two commits, a client that may write, and its requests."""
    organization = build_organization("contoso").at("2026-11-02 09:00")
    platform = organization.add_project("Platform")
    api = platform.add_repository("api")
    organization.add_token(FULL)
    api.commit("Old", {"a.txt": "old\n", "ci.yml": OLD})
    api.add_tag("v1")
    api.commit("New", {"a.txt": "new\n", "b.txt": "", "ci.yml": "steps:\n- script: echo new\n"})
    platform.add_pipeline("ci", repository="api", path="/ci.yml")
    with SimulatorServer(organization) as server:
        settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform")
        sent: list[httpx.Request] = []
        with AzureDevOps(settings, writes="allow", transport=Recorder(server.base_url, sent)) as client:
            yield api, client, sent


TAKERS = {
    "read_repository_file": ("version", {"path": "/a.txt"}, lambda file: file.text),
    "list_repository_files": ("version", {}, lambda page: {2: "old", 3: "new"}[len(page.items)]),
    "blame_file": ("version", {"path": "/a.txt"}, lambda blame: blame.text.removeprefix("1: ")),
    "preview_pipeline": ("version", {"pipeline": "ci"}, lambda final: final.text.rpartition("echo ")[2]),
    "list_commits": ("version", {}, lambda page: page.items[0].message),
    "get_commit": ("version", {}, lambda commit: commit.message),
    "compare_versions": ("base", {"target": "main"}, lambda found: {1: "old", 0: "new"}[found.ahead]),
    "create_branch": ("source", {"branch": "made"}, lambda made: made.commit_message),
    "create_tag": ("source", {"tag": "made"}, lambda made: made.commit_message),
}
"""For each tool: the argument that takes a version, its others, and the name of the commit that its answer is from."""


def place_of(name):
    return {} if name == "preview_pipeline" else {"repository": "api"}


def ask(client, name, version):
    argument, others, find = TAKERS[name]
    result = call(client, name, **place_of(name), **others, **{argument: version})
    return find(result).strip().lower()


def test_every_tool_with_a_version_is_tried_here(built):
    _, client, _ = built
    names = {"version", "source", "base", "target"}
    taken = {name for name, tool in TOOLS.items() if names & bind(tool, client).args.keys()}
    # A run is checked as its preview is.
    others = {"run_pipeline", "create_pull_request", "update_pull_request", "list_pull_requests", "push_changes"}
    # Comments and wiki pages have versions of their own.
    others |= {"update_work_item_comment", "delete_work_item_comment", "update_wiki_page", "move_wiki_page"}
    assert taken - others == TAKERS.keys(), "pull requests have branches only, and a push has the id of a commit"


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize(
    ("version", "expected"),
    [("main", "new"), ("refs/heads/main", "new"), ("v1", "old"), ("refs/tags/v1", "old"), ("the first", "old")],
)
def test_a_version_is_a_branch_a_tag_or_a_commit_for_every_tool(built, name, version, expected):
    api, client, sent = built
    given = api.repository.refs["refs/tags/v1"] if version == "the first" else version
    assert ask(client, name, given) == expected
    refused = [request for request in sent if "v1" in request.url.query.decode() and "branch" in str(request.url)]
    assert len(refused) == (version == "v1"), "only a bare name is tried as a branch and as a tag"


@pytest.mark.parametrize("name", TAKERS)
def test_a_name_of_a_branch_and_a_tag_is_the_branch(built, name):
    api, client, _ = built
    api.add_tag("both")
    api.commit("Old", {"a.txt": "old\n", "ci.yml": OLD}, delete=["b.txt"], branch="both")
    tag = api.repository.refs["refs/tags/both"]
    if name == "compare_versions":
        found = call(client, name, repository="api", base="both", target="both")
        assert found.base_commit == found.target_commit == api.tip("both") != tag
    else:
        assert ask(client, name, "both") == "old"


@pytest.mark.parametrize("name", TAKERS)
def test_a_branch_with_the_form_of_a_commit_id_is_a_branch_only_by_its_full_name(built, name):
    api, client, _ = built
    first = api.repository.refs["refs/tags/v1"]
    api.repository.refs[f"refs/heads/{first}"] = api.tip()
    assert ask(client, name, f"refs/heads/{first}") == "new"
    api.repository.refs.pop("refs/heads/made", None)
    api.repository.refs.pop("refs/tags/made", None)
    assert ask(client, name, first) == "old"


def test_a_branch_that_is_named_as_a_commit_does_not_stand_in_for_it_in_a_blame(built):
    api, client, _ = built
    for text in ("one\n", "one\ntwo\n", "one\ntwo\nthree\n"):
        api.commit(f"Add {text.split()[-1]}", {"c.txt": text})
    tip = api.tip()
    second = api.repository.commit(tip).parents[0]
    api.repository.refs[f"refs/heads/{second}"] = tip
    blame = call(client, "blame_file", repository="api", path="/c.txt", version=f"refs/heads/{second}")
    assert [run.message for run in blame.runs] == ["Add one", "Add two", "Add three"]


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("mian", "has no branch or tag 'mian'. Did you mean 'main'?"),
        ("V1", "has no branch or tag 'V1'. Did you mean 'v1'?"),
        ("refs/heads/v1", "has no branch 'v1'. It is a tag: repeat with 'refs/tags/v1'."),
        ("refs/tags/main", "has no tag 'main'. It is a branch: repeat with 'refs/heads/main'."),
        ("abc1234", "The id of a commit has to be whole, with 40 digits."),
        (HEX, f"has no commit '{HEX}'. Check the id"),
    ],
)
def test_a_version_that_is_not_there_gets_the_same_words_from_every_tool(built, name, version, words):
    api, client, _ = built
    argument, others, _ = TAKERS[name]
    told = refusal(client, name, NotFound, **place_of(name), **others, **{argument: version})
    assert words in told.replace(api.repository.id, "api")


@pytest.mark.parametrize("version", ["main", "v1"])
@pytest.mark.parametrize("name", ["read_repository_file", "list_repository_files", "blame_file", "list_commits"])
def test_a_path_that_is_not_there_gets_near_names_also_at_a_bare_tag(built, name, version):
    _, client, _ = built
    words = refusal(client, name, NotFound, repository="api", path="/a.tx", version=version)
    assert f"There is no '/a.tx' in repository 'api' at {version}. Did you mean '/a.txt'?" in words


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"since": "v1"}, ["New"]),
        ({"version": "main", "since": "v1"}, ["New"]),
        ({"version": "v1", "since": "main"}, []),
        ({"version": "v1", "since": "v1"}, []),
    ],
)
def test_both_ends_of_a_range_may_be_bare_tags(built, arguments, expected):
    _, client, _ = built
    assert [row.message for row in call(client, "list_commits", repository="api", **arguments).items] == expected
    for wrong in (
        {"version": "v1", "since": "mian"},
        {"version": "mian", "since": "v1"},
        {"version": "mian", "since": "mian"},
    ):
        assert "has no branch or tag 'mian'. Did you mean 'main'?" in refusal(
            client, "list_commits", NotFound, repository="api", **wrong
        )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("create_branch", {"branch": HEX, "source": "main"}),
        ("create_branch", {"branch": f"refs/heads/{HEX.upper()}", "source": "main"}),
        ("create_tag", {"tag": HEX, "source": "main"}),
        ("cherry_pick", {"branch": HEX, "onto": "main", "commits": [HEX]}),
        ("revert", {"branch": HEX, "onto": "main", "commits": [HEX]}),
    ],
)
def test_nothing_is_created_whose_name_has_the_form_of_a_commit_id(built, name, arguments):
    api, client, sent = built
    before = dict(api.repository.refs)
    words = refusal(client, name, InvalidRequest, repository="api", **arguments)
    assert "has the form of a commit id, and whoever reads this name takes it for the commit. Choose another" in words
    assert (api.repository.refs, [request for request in sent if request.method == "POST"]) == (before, [])
