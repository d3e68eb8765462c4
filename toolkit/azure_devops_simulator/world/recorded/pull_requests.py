"""The pull requests of a recording with their reviewers, threads and iterations."""

from __future__ import annotations

from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.areas.git.history import merge_base
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.pull_requests import Comment, Iteration, PullRequest, Reviewer, Thread
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.recorded.people import People
from azure_devops_simulator.world.recorded.repositories import Known
from azure_devops_simulator.world.recorded.seen import Answer, date_of, fullest

_MERGED = ("lastMergeSourceCommit", "lastMergeTargetCommit", "lastMergeCommit")


def add_pull_requests(
    organization: Organization, repositories: dict[str, Known], seen: list[Answer], notes: list[str]
) -> None:
    """Add every pull request that was seen."""
    rows = fullest(
        (str(row["pullRequestId"]), row)
        for answer in seen
        for row in answer.objects
        if isinstance(row.get("pullRequestId"), int) and "sourceRefName" in row
    )
    for number, row in sorted(rows.items(), key=lambda pair: int(pair[0])):
        known = repositories.get(as_text(as_object(row.get("repository")).get("id")).lower())
        ends = [_commit(known, row.get(name)) for name in _MERGED[:2]] if known else []
        if known is None or not all(ends):
            notes.append(f"pull request {number}: its repository or its commits were not seen")
            continue
        pull_request = _pull_request(organization, known, row, *ends)
        organization.pull_requests[pull_request.id] = pull_request
        _add_details(organization, known, pull_request, seen, notes)
    organization.counters["pullRequest"] = max(organization.pull_requests, default=0)


def _commit(known: Known, value: JsonValue) -> str:
    return known.ids.get(as_text(as_object(value).get("commitId")), "")


def _pull_request(organization: Organization, known: Known, row: JsonObject, source: str, target: str) -> PullRequest:
    people = People(organization)
    status = as_text(row.get("status"))
    number = row["pullRequestId"]
    made = PullRequest(
        id=number if isinstance(number, int) else 0,
        repository=known.repository,
        title=as_text(row.get("title")),
        description=as_text(row.get("description")),
        creator=people.of(row.get("createdBy")),
        created=date_of(row.get("creationDate")),
        source=as_text(row.get("sourceRefName")),
        target=as_text(row.get("targetRefName")),
        is_draft=row.get("isDraft") is True,
        status="completed" if status == "completed" else "abandoned" if status == "abandoned" else "active",
        completion_options=as_object(row.get("completionOptions")),
        merge_options=as_object(row.get("mergeOptions")),
        last_source=source,
        last_target=target,
    )
    for reviewer in map(as_object, as_list(row.get("reviewers"))):
        vote = reviewer.get("vote")
        required = reviewer.get("isRequired") is True
        made.reviewers.append(Reviewer(people.of(reviewer), vote if isinstance(vote, int) else 0, required))
    for label in map(as_object, as_list(row.get("labels"))):
        made.labels[as_text(label.get("name"))] = as_text(label.get("id"))
    if made.status != "active":
        made.closed = date_of(row.get("closedDate"))
        made.closed_by = people.of(row["closedBy"]) if "closedBy" in row else None
    if row.get("autoCompleteSetBy"):
        made.auto_complete_by = people.of(row["autoCompleteSetBy"])
    made.merge_commit = _commit(known, row.get("lastMergeCommit")) or None
    # An active one is merged again at the next read; only this keeps what the recording says of conflicts.
    made.conflicts = ("the recording does not say which",) if row.get("mergeStatus") == "conflicts" else ()
    return made


def _add_details(
    organization: Organization, known: Known, made: PullRequest, seen: list[Answer], notes: list[str]
) -> None:
    with_threads = False
    threads: list[tuple[str, JsonObject]] = []
    iterations: list[tuple[str, JsonObject]] = []
    for answer in seen:
        below = [part.lower() for part in answer.below("git", "repositories") or answer.below("git") or ()]
        if "pullrequests" not in below or str(made.id) not in below[below.index("pullrequests") + 1 :][:1]:
            continue
        kind = below[below.index("pullrequests") + 2 :][:2]
        rows = answer.rows() or [as_object(answer.body)]
        if kind[:1] == ["threads"]:
            with_threads = True
            threads += [(str(row["id"]), row) for row in rows if "comments" in row and "id" in row]
        elif kind[:1] == ["iterations"]:
            iterations += [(str(row["id"]), row) for row in rows if "sourceRefCommit" in row]
    people = People(organization)
    made.threads = [_thread(people, row) for row in fullest(threads).values()]
    made.threads.sort(key=lambda thread: thread.id)
    organization.counters["thread"] = max(
        [organization.counters["thread"], *(thread.id for thread in made.threads)], default=0
    )
    for number, row in sorted(fullest(iterations).items(), key=lambda pair: int(pair[0])):
        if iteration := _iteration(people, known, int(number), row):
            made.iterations.append(iteration)
    if not with_threads:
        notes.append(f"pull request {made.id}: its threads were not seen")
    if not made.iterations:
        notes.append(f"pull request {made.id}: its iterations were not seen; it has one")
        common = merge_base(known.repository, made.last_source, made.last_target) or made.last_target
        made.iterations.append(
            Iteration(1, made.creator, made.created, made.last_source, made.last_target, common, "create")
        )


def _thread(people: People, row: JsonObject) -> Thread:
    comments = [_comment(people, comment) for comment in map(as_object, as_list(row.get("comments")))]
    return Thread(
        _whole(row.get("id")),
        comments,
        date_of(row.get("publishedDate")),
        date_of(row.get("lastUpdatedDate")),
        as_text(row.get("status")) or None,
        as_object(row.get("threadContext")) or None,
        as_object(row.get("pullRequestThreadContext")) or None,
        as_object(row.get("properties")),
    )


def _comment(people: People, row: JsonObject) -> Comment:
    published, updated = date_of(row.get("publishedDate")), date_of(row.get("lastUpdatedDate"))
    return Comment(
        _whole(row.get("id")),
        people.of(row.get("author")),
        as_text(row.get("content")),
        published,
        _whole(row.get("parentCommentId")),
        as_text(row.get("commentType"), "text"),
        row.get("isDeleted") is True,
        None if updated == published else updated,
    )


def _iteration(people: People, known: Known, number: int, row: JsonObject) -> Iteration | None:
    source, target = (_commit(known, row.get(name)) for name in ("sourceRefCommit", "targetRefCommit"))
    if not source or not target:
        return None
    common = _commit(known, row.get("commonRefCommit")) or merge_base(known.repository, source, target) or target
    reason = as_text(row.get("reason"))
    return Iteration(
        number,
        people.of(row.get("author")),
        date_of(row.get("createdDate")),
        source,
        target,
        common,
        "create" if number == 1 or reason == "create" else "push",
    )


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
