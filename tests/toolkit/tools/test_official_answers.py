"""Answers as the service gives them, fed to the result models.

Everything parses, and nothing that is shown is lost: each field of a result is what stands in the answer, at the place
the field names. The answers are our own facts (`official_facts`); where `AZURE_DEVOPS_SPECS` names a checkout of the
published examples and recorded answers, these are read as well.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from official_facts import answers, errors
from published import VARIABLE, Told, examples, recordings, refusals, specs_folder
from pydantic import AliasChoices, AliasPath, BaseModel

from langchain_azure_devops.http.responses import Identity, classify_error
from langchain_azure_devops.safety.grants import Operation
from langchain_azure_devops.text.html import html_to_markdown
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.builds.models import Build, BuildDetail, Change
from langchain_azure_devops.tools.builds.timeline import Timeline, list_failures, list_stages, list_steps
from langchain_azure_devops.tools.people import name_person
from langchain_azure_devops.tools.pipelines import Pipeline
from langchain_azure_devops.tools.projects import FoundIdentity, Project, ProjectDetail, Team, TeamMember
from langchain_azure_devops.tools.pull_requests.models import PullRequest, PullRequestDetail
from langchain_azure_devops.tools.pull_requests.policies import Evaluation
from langchain_azure_devops.tools.pull_requests.review import ChangedFile, RawThread, make_thread
from langchain_azure_devops.tools.pull_requests.votes import VOTES
from langchain_azure_devops.tools.repositories.tools import BranchTip, Entry, GitRepository
from langchain_azure_devops.tools.reviews.checks.facts import PostedStatus
from langchain_azure_devops.tools.reviews.iterations import Iteration
from langchain_azure_devops.tools.search.code import SearchAnswer
from langchain_azure_devops.tools.work_items.deleted import DeletedWorkItem
from langchain_azure_devops.tools.work_items.models import (
    RawComments,
    RawWorkItem,
    WorkItem,
    WorkItemDetail,
    add_details,
    add_extra_fields,
)


def rows_of(told: Told) -> list[Mapping[str, Any]]:
    """The things an answer holds: those of a list, or the one that it is."""
    inside = told.body.get("value") if isinstance(told.body, dict) and "count" in told.body else told.body
    found = inside if isinstance(inside, list) else [inside]
    return [row for row in found if isinstance(row, dict)]


Reader = Callable[[Told], Iterable[tuple[Mapping[str, Any], BaseModel]]]


def plain(model: type[BaseModel]) -> Reader:
    """Reads each row into a model."""
    return lambda told: [(row, model.model_validate(row)) for row in rows_of(told)]


def projects(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        yield row, Project.model_validate(row)
        yield row, ProjectDetail.model_validate(row)


def teams(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        # An empty description is none.
        yield {name: value for name, value in row.items() if value != ""}, Team.model_validate(row)


def members(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        if "identity" in row:  # the answers of old versions are the identities themselves
            yield row, TeamMember.model_validate(row)


def identities(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        found = FoundIdentity.model_validate(row)
        assert found.complete().inactive != row.get("isActive", False)
        assert (found.complete().kind == "group") == row.get("isContainer", False)
        properties = {name: told for name, told in row["properties"].items() if told["$value"] != ""}
        yield {**row, "properties": properties}, found


def branches(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        if "updateStatus" not in row:
            yield row, BranchTip.model_validate(row)


def changed_files(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for entry in told.body["changeEntries"]:
        yield entry, ChangedFile.model_validate(entry)


def pull_request(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        detail = PullRequestDetail.model_validate(row)
        assert [said.name for said in detail.reviewers] == [r["displayName"] for r in row.get("reviewers") or []]
        assert all(said.vote in VOTES.values() for said in detail.reviewers)
        yield row, detail
        yield row, PullRequest.model_validate(row)


def threads(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        said = [c for c in row.get("comments") or [] if c.get("commentType") != "system" and not c.get("isDeleted")]
        thread = make_thread(RawThread.model_validate(row))
        if thread is None:
            assert said == []
            continue
        assert [comment.text for comment in thread.comments] == [comment.get("content") or "" for comment in said]
        assert thread.file == (row.get("threadContext") or {}).get("filePath")
        yield {"id": row["id"], "status": row.get("status")}, thread


def work_items(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        fields = row.get("fields") or {}
        if not {"System.WorkItemType", "System.Title", "System.State", "System.TeamProject"} <= fields.keys():
            continue  # the answer to a request for other fields than ours
        detail = add_details(WorkItemDetail.model_validate(row), RawWorkItem.model_validate(row), None)
        assert len(detail.links) == len(row.get("relations") or [])
        files = [relation["attributes"] for relation in row.get("relations") or [] if relation["rel"] == "AttachedFile"]
        assert [link.title for link in detail.links if link.kind == "attachment"] == [
            file.get("name") for file in files
        ]
        body, form = fields.get("System.Description") or "", row.get("multilineFieldsFormat") or {}
        is_markdown = str(form.get("System.Description")).lower() == "markdown"
        assert (detail.description or "") == (body if is_markdown else html_to_markdown(body))
        custom = {name for name in fields if not name.startswith(("System.", "Microsoft.VSTS.", "WEF_"))}
        assert {name for name in custom if not name.endswith(("Date", "By"))} <= {more.name for more in detail.more}
        yield row, detail
        yield row, add_extra_fields(WorkItem.model_validate(row), RawWorkItem.model_validate(row), list(fields))


def comments(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    if any("revisedBy" in comment for comment in rows_of(told)):
        return  # the shape of the first previews, which is never asked for
    answer = told.body if "comments" in told.body else {"totalCount": 1, "comments": [told.body]}
    item = {"System.WorkItemType": "Bug", "System.Title": "t", "System.State": "New", "System.TeamProject": "p"}
    raw = {"id": 1, "rev": 1, "fields": item}
    said = RawComments.model_validate(answer)
    detail = add_details(WorkItemDetail.model_validate(raw), RawWorkItem.model_validate(raw), said)
    for comment in answer["comments"]:
        if not comment.get("isDeleted"):
            number = comment.get("id") or comment["commentId"]
            record = next(record for record in detail.comment_records if record.id == number)
            assert record.author == one_line(str(name_person(comment["createdBy"])))
            assert record.text.split() == html_to_markdown(comment["text"]).split()
            assert f"#{record.id} {record.author}" in (detail.comments or "")
            yield {"id": number}, record


def deleted_items(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    for row in rows_of(told):
        if row.keys() != {"id", "url"}:  # the answer to a request without ids
            found = DeletedWorkItem.model_validate(row)
            assert found.deleted is not None
            yield row, found


def timeline(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    records = told.body["records"]
    decoded = Timeline.model_validate(told.body).records
    stages = {stage.name: stage for stage in list_stages(decoded)}
    for record in records:
        if record["type"] == "Stage":
            yield record, stages[record["name"]]
    assert {step.log for step in list_steps(decoded)} == {
        record["log"]["id"] for record in records if record["type"] == "Task" and record.get("log")
    }
    failed = [record for record in records if record.get("result") == "failed"]
    assert bool(list_failures(decoded)) >= bool(failed)


def code_hits(told: Told) -> Iterator[tuple[Mapping[str, Any], BaseModel]]:
    answer = SearchAnswer.model_validate(told.body)
    assert (answer.count, len(answer.results)) == (told.body["count"], len(told.body["results"]))
    for row, hit in zip(told.body["results"], answer.results, strict=True):
        assert [place.offset for place in hit.places] == [m["charOffset"] for m in row["matches"].get("content", [])]
        yield row, hit


ONE = r"[^/]+"
REPOSITORY = rf"git/repositories/{ONE}"
PULL_REQUEST = rf"{REPOSITORY}/pullrequests/{ONE}"
READERS: dict[str, Reader] = {
    rf"projects(/{ONE})?": projects,
    rf"(projects/{ONE}/)?teams": teams,
    rf"projects/{ONE}/teams/{ONE}/members": members,
    r"identities": identities,
    rf"git/repositories(/{ONE})?": plain(GitRepository),
    rf"{REPOSITORY}/refs": branches,
    rf"{REPOSITORY}/items": plain(Entry),
    rf"({REPOSITORY}|git)/pullrequests(/{ONE})?": pull_request,
    rf"{PULL_REQUEST}/iterations": plain(Iteration),
    rf"{PULL_REQUEST}/iterations/{ONE}/changes": changed_files,
    rf"{PULL_REQUEST}/statuses(/{ONE})?": plain(PostedStatus),
    r"policy/evaluations": plain(Evaluation),
    rf"{PULL_REQUEST}/threads(/{ONE})?": threads,
    rf"wit/workitems(/\$?{ONE})?": work_items,
    r"wit/workitemsbatch": work_items,
    r"wit/recyclebin": deleted_items,
    rf"wit/workitems/{ONE}/comments(/{ONE})?": comments,
    rf"build/builds(/{ONE})?": plain(Build),
    rf"build/builds/{ONE}/changes": plain(Change),
    rf"build/builds/{ONE}/timeline(/{ONE})?": timeline,
    r"build/definitions(/(\d+|\{\w+\}))?": plain(Pipeline),
    r"search/codesearchresults": code_hits,
}
"""Which answers are read by what, by the path behind `_apis/`."""


def facts(_: Path | None) -> list[Told]:
    """Our own facts."""
    return [Told("facts", path, body) for path, bodies in answers().items() for body in bodies]


SOURCES = {facts: 160, examples: 290, recordings: 370}
"""Where the answers come from, and how many results are read from them at least."""


def lost(row: Mapping[str, Any], result: BaseModel) -> list[str]:
    """The fields of a result that are not what stands in the answer at the place they name."""
    found = []
    for name, field in type(result).model_fields.items():
        alias = field.validation_alias or name
        places = alias.choices if isinstance(alias, AliasChoices) else [alias]
        told = next((each for place in places if (each := value_at(row, place)) is not None), None)
        shown = getattr(result, name)
        if told is not None and not isinstance(told, list | dict) and not same(shown, told):
            found.append(f"{name}: {shown!r} in place of {told!r}")
    return found


def value_at(row: Mapping[str, Any], place: str | AliasPath) -> Any:
    """What stands in an answer at the place that a field names; None where there is nothing."""
    told: Any = row
    for step in place.path if isinstance(place, AliasPath) else [place]:
        inside = (isinstance(told, dict) and step in told) or (isinstance(told, list) and int(step) < len(told))
        told = told[step] if inside else None
    return told


def same(shown: Any, told: Any) -> bool:
    if isinstance(shown, datetime) and "/" in told:
        return f"{shown:%m/%d/%Y %I:%M:%S %p}" == re.sub(r"\b\d\b", lambda digit: f"0{digit[0]}", told)
    if isinstance(shown, datetime):
        when = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", told))
        return shown == (when if when.tzinfo else when.replace(tzinfo=UTC))
    if isinstance(shown, int) and isinstance(told, str):
        return shown == int(told)
    return shown == told or shown == str(told).removeprefix("refs/heads/")


def folder_for(source: object) -> Path | None:
    """The checkout that a source needs, if any; the test is skipped where it is not there."""
    folder = specs_folder()
    if source in {examples, recordings, refusals} and folder is None:
        pytest.skip(f"not run: {VARIABLE} does not say where the published answers are")
    return folder


@pytest.mark.parametrize("source", SOURCES)
def test_everything_parses_and_nothing_is_lost(source):
    wrong: list[str] = []
    read: Counter[str] = Counter()
    used: set[str] = set()
    for told in source(folder_for(source)):
        pattern = next((p for p in READERS if re.fullmatch(p, told.path, re.IGNORECASE)), None)
        if pattern is None:
            continue
        used.add(pattern)
        try:
            for row, result in READERS[pattern](told):
                read[type(result).__name__] += 1
                wrong += [f"{told.where} {told.path}: {type(result).__name__}.{field}" for field in lost(row, result)]
        except (ValueError, KeyError, AssertionError, TypeError) as error:
            wrong.append(f"{told.where} {told.path}: {error!r}"[:600])
    print(f"{sum(read.values())} results of {source.__name__}: {dict(read)}")
    assert wrong == []
    assert sum(read.values()) >= SOURCES[source]
    assert used == set(READERS) or source is not facts


def own_refusals(_: Path | None) -> list[Mapping[str, Any]]:
    """The refusals among our own facts."""
    return errors()


def recorded_refusals(folder: Path) -> list[Mapping[str, Any]]:
    return [
        {"method": row["request"]["method"], "resource": row["area_resource"], **row["response"]}
        for row in refusals(folder)
    ]


@pytest.mark.parametrize("source", [own_refusals, recorded_refusals])
async def test_recorded_errors_become_ours_and_keep_the_reason(source):
    rows = source(folder_for(refusals if source is recorded_refusals else source))
    somebody = Identity("1", "Tom Becker", "tom.becker@tidewater.example")

    async def signed_in() -> Identity:
        return somebody

    statuses: Counter[str] = Counter()
    for told in rows:
        text = json.dumps(told["json"]) if "json" in told else told["text"]
        content = ("\ufeff" if told.get("bom") else "") + text
        headers = {name: value for name, value in told["headers"].items() if name != "content-length"}
        response = httpx.Response(told["status"], headers=_flat(headers), content=content.encode())
        operation = Operation(told["method"], f"/_apis/{told['resource']}")
        error = await classify_error(response, operation, signed_in, None, str)
        statuses[f"{told['status']} {error.status}"] += 1
        body = told.get("json") or {}
        reason = body.get("message") if told["status"] != 401 else ""
        assert one_line(reason or "")[:100] in error.message, told["resource"]
    assert statuses == {
        "400 invalid": 3, "400 conflict": 1, "401 denied": 6, "404 not_found": 5, "503 unavailable": 2,
    }  # fmt: skip


def _flat(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else ", ".join(value) for name, value in headers.items()}


def test_a_comment_is_dated_in_utc_whatever_the_zone_of_its_date():
    item = {"System.WorkItemType": "Bug", "System.Title": "t", "System.State": "New", "System.TeamProject": "p"}
    raw = {"id": 1, "rev": 1, "fields": item}
    dates = ["2026-11-13T00:30:00.4666667+05:30", "2026-11-12T19:00:00.466Z", None]
    rows = [{"id": at, "text": "Seen.", "createdDate": date} for at, date in enumerate(dates)]
    said = RawComments.model_validate({"totalCount": 3, "comments": rows[::-1]})
    detail = add_details(WorkItemDetail.model_validate(raw), RawWorkItem.model_validate(raw), said)
    assert [record.created for record in detail.comment_records] == ["2026-11-12T19:00Z", "2026-11-12T19:00Z", ""]


def test_a_validation_result_without_a_message_says_nothing():
    build = {"id": 1, "definition": {"name": "ci"}, "status": "completed"}
    results = [
        {"result": "error", "message": "Unexpected value 'job'"},
        {"result": "ok", "message": None},
        {"result": "ok"},
    ]
    assert BuildDetail.model_validate(build | {"validationResults": results}).validation == ["Unexpected value 'job'"]
