"""Answers in the shape and size of the service's: a pull request or a build has 4 kB and more."""

from collections.abc import Mapping

Json = dict[str, object]

PEOPLE = ("Dana Ortiz", "Priya Raman", "Tom Becker", "Mina Sato", "Luis Ferreira")
REPOSITORIES = ("platform-api", "infrastructure", "docs", "checkout-service")
SUBJECTS = (
    "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
    "Move PostgreSQL to zone-redundant high availability",
    "Retry carrier calls on 502 and 503",
    "Paginate the shipment search",
    "Round tax per line, not per order",
    "Cache port look-ups for a day",
    "Describe how a release is cut",
)
SIGNED_IN: Mapping[str, str] = {"X-VSS-UserData": "11111111-2222-3333-4444-555555555555:dana@tidewater.example"}
FILE = b"""import os

# Seconds until a query ends.
DB_TIMEOUT = float(os.environ.get("DB_TIMEOUT", "30"))
PAGE_SIZE = 50

connection = connect(timeout=DB_TIMEOUT, retries=3)
"""
_ORGANIZATION = "https://dev.azure.com/tidewater"
_GUID = "5c7d1f52-0b6e-5d8a-9d27-3c1c0f6e{:04x}"


def person(number: int) -> Json:
    """An identity reference, with its links and its picture."""
    name = PEOPLE[number % len(PEOPLE)]
    guid = _GUID.format(number % len(PEOPLE))
    descriptor = f"aad.{guid.replace('-', '')}{guid.replace('-', '')[:8]}"
    return {
        "displayName": name,
        "url": f"https://spsprodeus21.vssps.visualstudio.com/A{guid}/_apis/Identities/{guid}",
        "_links": {"avatar": {"href": f"{_ORGANIZATION}/_apis/GraphProfile/MemberAvatars/{descriptor}"}},
        "id": guid,
        "uniqueName": f"{name.lower().replace(' ', '.')}@tidewater.example",
        "imageUrl": f"{_ORGANIZATION}/_api/_common/identityImage?id={guid}",
        "descriptor": descriptor,
    }


def project(number: int = 0) -> Json:
    """A team project."""
    return {
        "id": _GUID.format(0x100 + number),
        "name": "Platform" if number == 0 else f"Team {number:03}",
        "description": "Everything the other teams build on.",
        "url": f"{_ORGANIZATION}/_apis/projects/{_GUID.format(0x100 + number)}",
        "state": "wellFormed",
        "revision": 417,
        "visibility": "private",
        "lastUpdateTime": "2026-10-02T08:14:11.337Z",
    }


def team(number: int) -> Json:
    """A team of the project Platform."""
    guid = _GUID.format(0x180 + number)
    return {
        "id": guid,
        "name": f"Team {number:03}",
        "url": f"{_ORGANIZATION}/_apis/projects/{_GUID.format(0x100)}/teams/{guid}",
        "description": "Owns a part of the platform.",
        "identityUrl": f"https://spsprodeus21.vssps.visualstudio.com/A{guid}/_apis/Identities/{guid}",
        "projectName": "Platform",
        "projectId": _GUID.format(0x100),
    }


def repository(number: int) -> Json:
    """A Git repository."""
    guid = _GUID.format(0x200 + number % len(REPOSITORIES))
    name = REPOSITORIES[number % len(REPOSITORIES)]
    return {
        "id": guid,
        "name": name if number < len(REPOSITORIES) else f"{name}-{number}",
        "url": f"{_ORGANIZATION}/{_GUID.format(0x100)}/_apis/git/repositories/{guid}",
        "project": project(),
        "defaultBranch": "refs/heads/main",
        "size": 48_311_902 + number,
        "remoteUrl": f"https://tidewater@dev.azure.com/tidewater/Platform/_git/{REPOSITORIES[number % 4]}",
        "isDisabled": False,
    }


def ref(number: int) -> Json:
    """A branch."""
    return {
        "name": f"refs/heads/feature/change-{number}",
        "objectId": f"{number:040x}",
        "creator": person(number),
        "url": f"{_ORGANIZATION}/_apis/git/refs/{number}",
    }


def pull_request(number: int) -> Json:
    """A pull request with two reviewers."""
    commits = {name: {"commitId": f"{number:040x}", "url": f"{_ORGANIZATION}/_apis/git/commits/{number:040x}"}
               for name in ("lastMergeSourceCommit", "lastMergeTargetCommit", "lastMergeCommit")}  # fmt: skip
    return {
        "repository": repository(number),
        "pullRequestId": 4000 + number,
        "codeReviewId": 9000 + number,
        "status": "active",
        "createdBy": person(number),
        "creationDate": _moment(number),
        "title": f"{SUBJECTS[number % len(SUBJECTS)]} ({number})",
        "description": "Long text that a list does not show. " * 10,
        "sourceRefName": f"refs/heads/feature/change-{number}",
        "targetRefName": "refs/heads/main",
        "mergeStatus": "succeeded",
        "isDraft": number % 9 == 0,
        "mergeId": _GUID.format(number % 0xFFFF),
        **commits,
        "reviewers": [
            {"reviewerUrl": f"{_ORGANIZATION}/r/{number + by}", "vote": 10, "hasDeclined": False, **person(number + by)}
            for by in (1, 2)
        ],
        "url": f"{_ORGANIZATION}/_apis/git/repositories/{_GUID.format(0x200)}/pullRequests/{4000 + number}",
        "supportsIterations": True,
    }


def work_item(number: int) -> Json:
    """A work item with the fields of a list."""
    return {
        "id": number,
        "rev": 1 + number % 17,
        "fields": {
            "System.WorkItemType": ("Bug", "Task", "User Story")[number % 3],
            "System.Title": f"{SUBJECTS[number % len(SUBJECTS)]} ({number})",
            "System.State": ("New", "Active", "Resolved", "Closed")[number % 4],
            "System.AssignedTo": person(number),
            "System.Tags": "reliability; search" if number % 3 == 0 else "",
            "System.ChangedDate": _moment(number),
        },
        "url": f"{_ORGANIZATION}/_apis/wit/workItems/{number}",
    }


def build(number: int) -> Json:
    """A build as lists have it: with its definition, project and three people."""
    path = f"{_ORGANIZATION}/{_GUID.format(0x100)}/_apis/build/Builds/{70000 + number}"
    return {
        "_links": {name: {"href": path} for name in ("self", "web", "sourceVersionDisplayUri", "timeline", "badge")},
        "properties": {},
        "tags": [],
        "validationResults": [],
        "plans": [{"planId": _GUID.format(number % 0xFFFF)}],
        "triggerInfo": {"ci.sourceBranch": "refs/heads/main", "ci.sourceSha": f"{number:040x}", "ci.message": "Merge"},
        "id": 70000 + number,
        "buildNumber": f"202611{1 + number % 28:02}.{number}",
        "status": "completed",
        "result": ("succeeded", "failed", "partiallySucceeded", "canceled")[number % 4],
        "queueTime": _moment(number),
        "startTime": _moment(number),
        "finishTime": _moment(number),
        "url": path,
        "definition": definition(number % 4),
        "project": project(),
        "sourceBranch": "refs/heads/main" if number % 3 else f"refs/pull/{4000 + number}/merge",
        "sourceVersion": f"{number:040x}",
        "queue": {"id": 9, "name": "Azure Pipelines", "pool": {"id": 9, "name": "Azure Pipelines", "isHosted": True}},
        "priority": "normal",
        "reason": "individualCI",
        "requestedFor": person(number),
        "requestedBy": person(number + 1),
        "lastChangedBy": person(number + 2),
        "lastChangedDate": _moment(number),
        "logs": {"id": 0, "type": "Container", "url": f"{path}/logs"},
        "repository": {"id": _GUID.format(0x200), "type": "TfsGit", "name": REPOSITORIES[number % len(REPOSITORIES)]},
        "retainedByRelease": False,
    }


def definition(number: int) -> Json:
    """A pipeline, as the service calls it: a build definition."""
    return {
        "drafts": [],
        "id": number,
        "name": f"{REPOSITORIES[number]}-ci",
        "url": f"{_ORGANIZATION}/_apis/build/Definitions/{number}?revision=12",
        "uri": f"vstfs:///Build/Definition/{number}",
        "path": "\\",
        "type": "build",
        "queueStatus": "enabled",
        "revision": 12,
        "project": project(),
    }


def variable_group(number: int) -> Json:
    """A variable group, whose secret variables have no value."""
    return {
        "id": number,
        "name": f"{REPOSITORIES[number]}-production",
        "type": "Vsts",
        "description": "What the service needs to run.",
        "variables": {"REGION": {"value": "westeurope"}, "DATABASE_PASSWORD": {"value": None, "isSecret": True}},
        "isShared": False,
        "createdBy": person(number),
        "createdOn": _moment(number),
        "modifiedBy": person(number + 1),
        "modifiedOn": _moment(number),
    }


def environment(number: int) -> Json:
    """An environment to which pipelines deploy."""
    return {
        "id": number,
        "name": f"{REPOSITORIES[number]}-production",
        "description": "Where customers are.",
        "createdBy": person(number),
        "createdOn": _moment(number),
        "lastModifiedBy": person(number + 1),
        "lastModifiedOn": _moment(number),
    }


def pool(number: int) -> Json:
    """A pool of agents."""
    return {
        "id": number,
        "name": f"{REPOSITORIES[number]}-agents",
        "isHosted": False,
        "size": 4,
        "owner": person(number),
        "createdOn": _moment(number),
    }


def service_connection(number: int) -> Json:
    """A service connection, without what it signs in with."""
    return {
        "id": _GUID.format(0x300 + number),
        "name": f"{REPOSITORIES[number]}-registry",
        "type": "dockerregistry",
        "url": "https://registry.tidewater.example/",
        "authorization": {"scheme": "UsernamePassword", "parameters": {"username": "ci", "password": None}},
        "isShared": False,
        "isReady": True,
        "createdBy": person(number),
    }


def iteration(number: int) -> Json:
    """An iteration of a team: two weeks."""
    name = f"Sprint {40 + number}"
    guid = _GUID.format(0x400 + number)
    return {
        "id": guid,
        "name": name,
        "path": f"Platform\\{name}",
        "attributes": {
            "startDate": f"2026-{7 + number:02}-01T00:00:00Z",
            "finishDate": f"2026-{7 + number:02}-14T00:00:00Z",
            "timeFrame": "past",
        },
        "url": f"{_ORGANIZATION}/{_GUID.format(0x100)}/_apis/work/teamsettings/iterations/{guid}",
    }


def area(number: int, areas: int = 0) -> Json:
    """An area with as many areas below it; number 0 is the one of the project."""
    name = f"Team {number:03}" if number else "Platform"
    node: Json = {
        "id": 500 + number,
        "identifier": _GUID.format(0x500 + number),
        "name": name,
        "structureType": "area",
        "hasChildren": areas > 0,
        "path": f"\\Platform\\Area\\{name}" if number else "\\Platform\\Area",
        "url": f"{_ORGANIZATION}/{_GUID.format(0x100)}/_apis/wit/classificationNodes/Areas",
    }
    return {**node, "children": [area(number + 1 + below) for below in range(areas)]} if areas else node


def test_plan(number: int) -> Json:
    """A test plan with its root suite."""
    return {
        "id": 800 + number,
        "name": f"Release {number}",
        "state": "Active",
        "owner": person(number),
        "project": project(),
        "areaPath": "Platform",
        "iteration": "Platform\\Sprint 40",
        "startDate": _moment(number),
        "endDate": _moment(number + 1),
        "rootSuite": {"id": 900 + number, "name": f"Release {number}"},
        "revision": 3,
        "updatedDate": _moment(number),
        "updatedBy": person(number + 1),
    }


def wiki(number: int) -> Json:
    """A wiki: the first is that of the project, the others publish a folder of a repository."""
    guid = _GUID.format(0x600 + number)
    return {
        "id": guid,
        "name": f"{REPOSITORIES[number]}.docs" if number else "Platform.wiki",
        "type": "codeWiki" if number else "projectWiki",
        "mappedPath": "/docs" if number else "/",
        "projectId": _GUID.format(0x100),
        "repositoryId": _GUID.format(0x200 + number),
        "versions": [{"version": "main" if number else "wikiMaster"}],
        "isDisabled": False,
        "url": f"{_ORGANIZATION}/{_GUID.format(0x100)}/_apis/wiki/wikis/{guid}",
        "remoteUrl": f"{_ORGANIZATION}/Platform/_wiki/wikis/{guid}",
    }


def found_file(number: int) -> Json:
    """A hit of code search: offsets, no lines."""
    name = REPOSITORIES[number % len(REPOSITORIES)]
    return {
        "fileName": f"settings_{number}.py",
        "path": f"/src/platform_api/tracking/settings_{number}.py",
        "matches": {"content": [{"charOffset": 41, "length": 10}, {"charOffset": 130, "length": 10}]},
        "collection": {"name": "tidewater"},
        "project": {"name": "Platform", "id": _GUID.format(0x100)},
        "repository": {"name": name, "id": _GUID.format(0x200 + number % len(REPOSITORIES)), "type": "git"},
        "versions": [{"branchName": "main", "changeId": f"{number:040x}"}],
        "contentId": f"{number:040x}",
    }


def log_line(number: int, width: int = 0) -> str:
    """A line of a build log, with its time stamp, at least `width` characters long."""
    text = f"2026-11-20T09:{number // 60 % 60:02}:{number % 60:02}.1234567Z   test_tracking[{number}] PASSED"
    return text.ljust(width, ".")


def log_line_with_few_failures(number: int, width: int = 0) -> str:
    """A line of a build log in which one test of 5,000 fails."""
    line = log_line(number, width)
    return line if number % 5_000 else line.replace("PASSED", "FAILED")


def log_line_with_error(number: int, width: int = 0) -> str:
    """A line of a build log in which every line tells of an error, each of another one."""
    stamp = f"2026-11-20T09:{number // 60 % 60:02}:{number % 60:02}.1234567Z"
    text = f"{stamp} src/f{number:x}.c:{number}:7: error: unknown type name 'T{number:x}'"
    return text.ljust(width, ".")


def _moment(number: int) -> str:
    return f"2026-11-{1 + number % 28:02}T{number % 24:02}:{number * 7 % 60:02}:07.1234567Z"
