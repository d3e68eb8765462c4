"""What the builder makes of pull requests, read by the routes of the service."""

import pytest

from azure_devops_simulator import BuilderError, build_organization, difference, export_world

API = "/Platform/_apis/git/repositories/api"
PARSER = "def parse(text):\n    return text.split()\n"


@pytest.fixture
def world():
    """A repository with a branch that fixes something."""
    world = build_organization("contoso").at("2026-11-02 09:00")
    for name in ("Dana Ortiz", "Tom Becker", "Mina Sato", "Luis Ferreira"):
        world.add_user(name)
    api = world.add_project("Platform").add_repository("api", files={"parser.py": "def parse(text): ...\n"})
    api.commit("Parse", {"parser.py": PARSER}, branch="fix", author="Tom Becker")
    return world


@pytest.fixture
def organization(world):
    world.add_token("full-token")
    return world.organization


@pytest.fixture
def api(world):
    return world.project("Platform").repository("api")


@pytest.fixture
def pull(api):
    return api.open_pull_request("Fix the parser", source="fix", author="Tom Becker")


def shown(client, path=""):
    return client.get(f"{API}/pullRequests/1{path}")


def reviews(client):
    rows = shown(client, "/reviewers")["value"]
    return {row["displayName"]: (row["vote"], row.get("isRequired", False)) for row in rows}


def test_an_open_pull_request(world, api, client):
    world.at("2026-11-03 10:00")
    api.open_pull_request(
        "Fix the parser",
        source="fix",
        author="Tom Becker",
        description="It parses now.",
        reviewers=["Mina Sato"],
        required=["Dana Ortiz"],
        labels=["parser"],
        draft=True,
    )
    row = shown(client)
    assert (row["title"], row["description"], row["isDraft"], row["status"]) == (
        "Fix the parser",
        "It parses now.",
        True,
        "active",
    )
    assert (row["sourceRefName"], row["targetRefName"]) == ("refs/heads/fix", "refs/heads/main")
    assert (row["createdBy"]["displayName"], row["creationDate"]) == ("Tom Becker", "2026-11-03T10:00:01Z")
    assert [label["name"] for label in shown(client, "/labels")["value"]] == ["parser"]
    assert reviews(client) == {"Mina Sato": (0, False), "Dana Ortiz": (0, True)}


VOTES = {"approve": 10, "approve-with-suggestions": 5, "wait-for-author": -5, "reject": -10}


@pytest.mark.parametrize("vote", VOTES)
def test_votes(pull, client, vote):
    assert pull.vote("Dana Ortiz", vote) is pull
    assert reviews(client) == {"Dana Ortiz": (VOTES[vote], False)}
    pull.vote("Dana Ortiz", "reset")
    assert reviews(client) == {"Dana Ortiz": (0, False)}


def test_a_required_reviewer_has_to_approve(pull, client):
    pull.add_reviewer("Dana Ortiz", required=True).add_reviewer("Mina Sato")
    with pytest.raises(BuilderError, match="pull request 1 waits for the approval of Dana Ortiz"):
        pull.complete()
    pull.vote("Dana Ortiz", "approve").complete()
    assert shown(client)["status"] == "completed"
    assert reviews(client) == {"Dana Ortiz": (10, True), "Mina Sato": (0, False)}


def test_a_policy_asks_for_approvals_of_others(api, pull, client):
    api.protect("main", minimum_approvers=2)
    pull.vote("Tom Becker", "approve").vote("Dana Ortiz", "approve-with-suggestions")
    with pytest.raises(BuilderError, match="has 1 approvals of people other than its author, and needs 2"):
        pull.complete()
    assert shown(client)["mergeStatus"] == "rejectedByPolicy"
    pull.vote("Mina Sato", "approve").add_reviewer("Luis Ferreira").vote("Luis Ferreira", "reject")
    with pytest.raises(BuilderError, match="is held back by the vote of Luis Ferreira"):
        pull.complete()
    pull.vote("Luis Ferreira", "reset").complete()
    assert shown(client)["status"] == "completed"


def test_discussions_on_the_whole_and_on_a_line(pull, client):
    pull.comment("Thanks.", author="Dana Ortiz")
    thread = pull.comment("What of an empty text?", author="Dana Ortiz", path="parser.py", line=2, status="pending")
    thread.reply("It gives an empty list.").resolve(by="Dana Ortiz")
    whole, placed = shown(client, "/threads")["value"]
    assert whole.get("threadContext") is None
    assert (whole["status"], whole["comments"][0]["content"]) == ("active", "Thanks.")
    assert placed["threadContext"]["filePath"] == "/parser.py"
    assert placed["threadContext"]["rightFileStart"]["line"] == 2
    assert placed["status"] == "fixed"
    assert [(each["author"]["displayName"], each["content"]) for each in placed["comments"]] == [
        ("Dana Ortiz", "What of an empty text?"),
        ("Tom Becker", "It gives an empty list."),
    ]
    assert placed["comments"][1]["parentCommentId"] == 1


def test_a_thread_has_the_status_that_it_is_given(pull, client):
    pull.comment("Later.", status="byDesign")
    assert [thread["status"] for thread in shown(client, "/threads")["value"]] == ["byDesign"]


def test_each_push_is_an_iteration(api, pull, client):
    api.commit("More", {"parser.py": PARSER + "\n"}, branch="fix", author="Mina Sato")
    api.commit("Still more", {"more.py": ""}, branch="fix", author="Tom Becker")
    found = shown(client, "/iterations")["value"]
    assert [each["author"]["displayName"] for each in found] == ["Tom Becker", "Mina Sato", "Tom Becker"]


STRATEGIES = {"noFastForward": 2, "squash": 1, "rebase": 1, "rebaseMerge": 2}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_completion_merges_by_its_strategy(world, api, pull, client, strategy):
    api.commit("Say more", {"README.md": "More.\n"})
    world.at("2026-11-04 15:00")
    pull.complete(by="Dana Ortiz", strategy=strategy, delete_source_branch=True)
    row = shown(client)
    assert (row["status"], row["closedBy"]["displayName"]) == ("completed", "Dana Ortiz")
    assert row["closedDate"].startswith("2026-11-04T15:00:0")
    tip = client.get(f"{API}/commits/{api.tip()}")
    assert len(tip["parents"]) == STRATEGIES[strategy]
    names = {ref["name"] for ref in client.get(f"{API}/refs", filter="heads")["value"]}
    assert names == {"refs/heads/main"}


def test_completion_moves_linked_work_items_on(world, pull, client):
    bug = world.project("Platform").add_work_item("Bug", title="It broke", state="Active").link(pull)
    pull.complete(transition_work_items=True)
    assert [row["id"] for row in shown(client, "/workitems")["value"]] == [str(bug.id)]
    assert client.get(f"/_apis/wit/workitems/{bug.id}")["fields"]["System.State"] == "Resolved"


def test_a_draft_can_be_published_and_a_pull_request_abandoned(api, client):
    pull = api.open_pull_request("Later", source="fix", draft=True)
    with pytest.raises(BuilderError, match="is a draft, which takes no votes"):
        pull.vote("Dana Ortiz", "approve")
    with pytest.raises(BuilderError, match="is a draft"):
        pull.complete()
    assert pull.publish().vote("Dana Ortiz", "reject").abandon() is pull
    assert (shown(client)["isDraft"], shown(client)["status"]) == (False, "abandoned")


def test_conflicts_are_named(api, pull, client):
    api.commit("Parse otherwise", {"parser.py": "def parse(text): return 1\n"})
    with pytest.raises(BuilderError, match=r"has conflicts in /parser\.py"):
        pull.complete()
    assert shown(client)["mergeStatus"] == "conflicts"


MISTAKES = {
    "the source": (lambda api, pull: api.open_pull_request("x", source="fxi"), "did you mean 'fix'"),
    "the target": (lambda api, pull: api.open_pull_request("x", source="fix", target="mian"), "did you mean 'main'"),
    "itself": (lambda api, pull: api.open_pull_request("x", source="main"), "TF401398"),
    "a second one": (lambda api, pull: api.open_pull_request("x", source="fix"), "TF401179"),
    "no title": (lambda api, pull: api.add_branch("b").open_pull_request(" ", source="b"), "title"),
    "a reviewer": (lambda api, pull: pull.add_reviewer("Dana"), "did you mean 'Dana Ortiz'|is not one of Dana Ortiz"),
    "a vote": (lambda api, pull: pull.vote("Dana Ortiz", "approved"), "did you mean 'approve'"),
    "a status": (lambda api, pull: pull.comment("x", status="done"), "is not one of active, fixed"),
    "a file": (lambda api, pull: pull.comment("x", path="/praser.py"), "did you mean '/parser.py'"),
    "a line": (lambda api, pull: pull.comment("x", path="parser.py", line=3), "/parser.py has no line 3; it has 2"),
    "an empty comment": (lambda api, pull: pull.comment(" "), "comment.Content"),
    "a strategy": (lambda api, pull: pull.complete(strategy="merge"), "is not one of noFastForward, squash"),
    "a second completion": (lambda api, pull: pull.complete().complete(), "pull request 1 is completed"),
    "a vote on it": (lambda api, pull: pull.abandon().vote("Dana Ortiz", "approve"), "pull request 1 is abandoned"),
    "a second end": (lambda api, pull: pull.abandon().abandon(), "pull request 1 is abandoned"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_error_that_says_what_there_is(api, pull, mistake):
    act, message = MISTAKES[mistake]
    with pytest.raises(BuilderError, match=message):
        act(api, pull)


def test_a_wrong_name_changes_nothing(world, api, pull):
    before = export_world(world)
    for mistake in ("the source", "a reviewer", "a vote", "a status", "a file", "a line", "a strategy"):
        with pytest.raises(BuilderError):
            MISTAKES[mistake][0](api, pull)
    assert difference(before, export_world(world)) == {}
