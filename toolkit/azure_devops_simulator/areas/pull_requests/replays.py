"""Cherry-picks and reverts: commits are applied to a branch again or taken back, on a new branch."""

from __future__ import annotations

from collections.abc import Iterator

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError, ServiceError
from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.history import ancestors, history
from azure_devops_simulator.areas.git.lookup import commit_of, find_repository, git_error, unresolvable
from azure_devops_simulator.areas.git.refs import valid_ref_name
from azure_devops_simulator.areas.git.repositories import READ, REPOSITORY
from azure_devops_simulator.areas.git.shapes import api_url, commit_link, repository_shape
from azure_devops_simulator.areas.pull_requests.conflicts import Sides, conflict_rows
from azure_devops_simulator.areas.pull_requests.lifecycle import iteration_commits, refresh
from azure_devops_simulator.areas.pull_requests.merge import apply_commit
from azure_devops_simulator.state.git_objects import Commit, Signature
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.projects import ZERO_ID, RefUpdate, Repository
from azure_devops_simulator.state.pull_requests import PullRequest
from azure_devops_simulator.state.replays import Replay, ReplayFailure, ReplayKind
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("git")

_WRITE = ("vso.code_manage",)
_BODY = "generatedRefName ontoRefName repository source"
_PICKS, _REVERTS = f"{REPOSITORY}/cherryPicks", f"{REPOSITORY}/reverts"
_PATHS: dict[ReplayKind, str] = {"cherryPick": "cherryPicks", "revert": "reverts"}
_WORDS: dict[ReplayKind, str] = {"cherryPick": "cherry-pick", "revert": "revert"}

# The texts and type keys of refusals are guesses, and so are the messages of failures.


def settle_replays(organization: Organization) -> None:
    """Let every cherry-pick and revert that has run to its end take effect. Repeating this changes nothing."""
    now = organization.clock.now()
    for project in organization.projects.values():
        for repository in project.repositories.values():
            for replay in repository.replays:
                if replay.end is None and replay.ends <= now:
                    _run(organization, repository, replay)


def _run(organization: Organization, repository: Repository, replay: Replay) -> None:
    refusal = _refusal(organization, repository, replay)
    tip = repository.refs.get(replay.onto, "")
    if refusal:
        replay.end, (replay.failure, replay.message) = "failed", refusal
        return
    now = replay.ends
    who = Signature(replay.by.display_name, replay.by.unique_name, now.replace(microsecond=0))
    for commit_id in replay.commits:
        commit, replay.current = repository.commit(commit_id), commit_id
        merged = apply_commit(repository, commit, tip, back=replay.kind == "revert")
        if merged.conflicts:
            replay.conflicts, replay.tip, replay.end, replay.failure = merged.conflicts, tip, "failed", "other"
            replay.message = f"The {_WORDS[replay.kind]} of commit {commit_id} has conflicts."
            return
        author = commit.author if replay.kind == "cherryPick" else who
        tree = repository.objects.put_tree(merged.files)
        tip = repository.objects.put_commit(tree, (tip,), author, _message(replay, commit), who)
    replay.end = "completed"
    update = RefUpdate(replay.generated, ZERO_ID, tip)
    repository.record_push(organization.next_id("push"), replay.by, now, (update,))


def _refusal(organization: Organization, repository: Repository, replay: Replay) -> tuple[ReplayFailure, str] | None:
    """Return why the new branch cannot be made, or None."""
    name = replay.generated

    def denied(permission: str) -> bool:
        return organization.denied(replay.by, permission, repository.project, f"{repository.name}/{name}")

    if not name.startswith("refs/heads/") or not valid_ref_name(name):
        return "invalidRefName", f"The name '{name}' is not valid for a branch."
    if replay.onto not in repository.refs:
        return "targetBranchDeleted", f"The branch '{replay.onto}' no longer exists."
    taken = (ref for ref in repository.refs if f"{ref}/".startswith(f"{name}/") or f"{name}/".startswith(f"{ref}/"))
    if any(taken):
        return "refNameConflict", f"The reference '{name}' exists already, or conflicts with an existing one."
    if denied("CreateBranch"):
        return "createBranchPermissionRequired", "You need the Git 'CreateBranch' permission to perform this action."
    if denied("GenericContribute"):
        return "writePermissionRequired", "You need the Git 'GenericContribute' permission to perform this action."
    return None


def _message(replay: Replay, commit: Commit) -> str:
    # The form of both is what people report.
    if replay.kind == "revert":
        return f'Revert "{commit.subject}"\n\nReverted commit `{commit.id[:8]}`.'
    return f"{commit.message}\n\nCherry-picked from commit `{commit.id[:8]}`."


@area.post(_PICKS, scopes=_WRITE, body=_BODY)
def create_cherry_pick(call: Call) -> Answer:
    """Begin to apply commits, or those of a pull request, to a branch. The result is a new branch."""
    return _create(call, "cherryPick")


@area.post(_REVERTS, scopes=_WRITE, body=_BODY)
def create_revert(call: Call) -> Answer:
    """Begin to take commits, or those of a completed pull request, back from a branch. The result is a new branch."""
    return _create(call, "revert")


def _create(call: Call, kind: ReplayKind) -> Answer:
    repository, body = find_repository(call), call.json_object()
    named = as_text(as_object(body.get("repository")).get("id")).lower()
    if named not in {"", repository.id}:
        raise ArgumentError("The repository of the body is not the one of the path.", "repository")
    onto, generated = (as_text(body.get(name)) for name in ("ontoRefName", "generatedRefName"))
    for parameter, value in (("ontoRefName", onto), ("generatedRefName", generated)):
        if not value:
            raise ArgumentError("Value cannot be null.", parameter, type_key="ArgumentNullException")
    if not onto.startswith("refs/heads/") or onto not in repository.refs:
        raise unresolvable(repository, "branch", onto)
    commits, number = _source(call, repository, kind, as_object(body.get("source")))
    organization = call.organization
    replay = Replay(
        id=organization.next_id(kind),
        kind=kind,
        onto=onto,
        generated=generated,
        commits=commits,
        by=call.user,
        queued=organization.clock.tick(),
        pull_request=number,
    )
    repository.replays.append(replay)
    return Answer(201, _shape(call, repository, replay))


def _source(
    call: Call, repository: Repository, kind: ReplayKind, source: JsonObject
) -> tuple[tuple[str, ...], int | None]:
    """Return the commits in the order in which they are applied, and the pull request that they are from."""
    listed = [as_text(as_object(value).get("commitId")) for value in as_list(source.get("commitList"))]
    number = source.get("pullRequestId")
    if bool(listed) is bool(number):
        raise ArgumentError("Either a list of commits or a pull request is needed.", "source")
    if not number:
        return tuple(commit_of(repository, commit) for commit in listed), None
    pull = call.organization.pull_requests.get(number) if isinstance(number, int) else None
    if pull is None or pull.repository is not repository:
        message = "TF401180: The requested pull request was not found."
        raise git_error(404, "GitPullRequestNotFoundException", message)
    refresh(call.organization, pull)
    commits = list(_commits(repository, pull))
    if pull.status != "completed" and kind == "revert":
        raise ArgumentError("Only a completed pull request can be reverted.", "pullRequestId")
    return tuple(reversed(commits) if kind == "revert" else commits), pull.id


def _commits(repository: Repository, pull: PullRequest) -> Iterator[str]:
    """Return what a pull request brought into its target, or would bring, oldest first."""
    if pull.status == "completed" and pull.merge_commit:
        known = ancestors(repository, pull.last_target)
        mainline = history(repository, pull.merge_commit, first_parent=True)
        brought = [commit.id for commit in mainline if commit.id not in known]
    else:
        brought = [commit.id for commit in iteration_commits(pull, pull.iterations[-1])]
    yield from reversed(brought)


@area.get(_PICKS, scopes=READ, query="refName")
def find_cherry_pick(call: Call) -> JsonObject:
    """Return the newest cherry-pick into the branch `refName`."""
    return _newest(call, "cherryPick")


@area.get(_REVERTS, scopes=READ, query="refName")
def find_revert(call: Call) -> JsonObject:
    """Return the newest revert into the branch `refName`."""
    return _newest(call, "revert")


def _newest(call: Call, kind: ReplayKind) -> JsonObject:
    repository, ref = find_repository(call), call.query.text("refName")
    found = [replay for replay in repository.replays if (replay.kind, replay.generated) == (kind, ref)]
    if not found:
        raise _no_replay(f"There is no {_WORDS[kind]} into the branch '{ref}'.")
    return _read(call, repository, found[-1])


@area.get(f"{_PICKS}/{{cherryPickId}}", scopes=READ)
def get_cherry_pick(call: Call) -> JsonObject:
    """Return a cherry-pick. Reading an unfinished one takes a second, as a client that polls waits."""
    return _read(call, *_find(call, "cherryPick"))


@area.get(f"{_REVERTS}/{{revertId}}", scopes=READ)
def get_revert(call: Call) -> JsonObject:
    """Return a revert. Reading an unfinished one takes a second, as a client that polls waits."""
    return _read(call, *_find(call, "revert"))


def _find(call: Call, kind: ReplayKind) -> tuple[Repository, Replay]:
    repository, wanted = find_repository(call), call.path[f"{kind}Id"]
    for replay in repository.replays:
        if replay.kind == kind and str(replay.id) == wanted:
            return repository, replay
    raise _no_replay(f"The {_WORDS[kind]} {wanted} does not exist.")


def _no_replay(message: str) -> ServiceError:
    return git_error(404, "GitAsyncRefOperationNotFoundException", message)


def _read(call: Call, repository: Repository, replay: Replay) -> JsonObject:
    if replay.end is None:
        call.organization.clock.tick()
        settle_replays(call.organization)
    return _shape(call, repository, replay)


@area.get(f"{_PICKS}/{{cherryPickId}}/conflicts", scopes=READ, query="$skip $top")
def list_cherry_pick_conflicts(call: Call) -> Answer:
    """Return the files that the commit of a failed cherry-pick and the branch changed differently."""
    return _conflicts(call, "cherryPick")


@area.get(f"{_REVERTS}/{{revertId}}/conflicts", scopes=READ, query="$skip $top")
def list_revert_conflicts(call: Call) -> Answer:
    """Return the files that were changed after the commit of a failed revert."""
    return _conflicts(call, "revert")


def _conflicts(call: Call, kind: ReplayKind) -> Answer:
    repository, replay = _find(call, kind)
    rows: list[JsonObject] = []
    if replay.conflicts and replay.current:
        parents = repository.commit(replay.current).parents
        before, after = parents[0] if parents else None, replay.current
        base, source = (before, after) if kind == "cherryPick" else (after, before)
        own = _url(call, repository, replay)
        rows = conflict_rows(call, repository, Sides(base, source, replay.tip), replay.conflicts, own)
        rows = [{**row, "mergeOrigin": {f"{kind}Id": replay.id}} for row in rows]
    skip, top = call.query.count("$skip", 0), call.query.count("$top", len(rows))
    return collection(rows[skip : skip + top])


def _url(call: Call, repository: Repository, replay: Replay) -> str:
    return api_url(call, repository, f"{_PATHS[replay.kind]}/{replay.id}")


def _shape(call: Call, repository: Repository, replay: Replay) -> JsonObject:
    status, own = replay.status(call.organization.clock.now()), _url(call, repository, replay)
    source: JsonObject = {"pullRequestId": replay.pull_request}
    if replay.pull_request is None:
        source = {"commitList": [commit_link(call, repository, commit) for commit in replay.commits]}
    return {
        f"{replay.kind}Id": replay.id,
        "parameters": {
            "repository": repository_shape(call, repository),
            "source": source,
            "ontoRefName": replay.onto,
            "generatedRefName": replay.generated,
        },
        "status": status,
        "detailedStatus": None if status == "queued" else _details(replay),
        "_links": {"self": {"href": own}, "repository": {"href": api_url(call, repository)}},
        "url": own,
    }


def _details(replay: Replay) -> JsonValue:
    done = replay.commits.index(replay.current) if replay.current in replay.commits else 0
    details: JsonObject = {
        "status": replay.failure,
        "conflict": bool(replay.conflicts),
        "progress": 1.0 if replay.end == "completed" else done / len(replay.commits),
        "timedout": False,
    }
    details |= {"currentCommitId": replay.current} if replay.current else {}
    return details | ({"failureMessage": replay.message} if replay.message else {})
