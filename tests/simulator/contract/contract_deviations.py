"""Where the published contract and the simulator part, and why the simulator is held to be right. Small on purpose."""

_PULL_REQUEST = "{project?}/_apis/git/repositories/{repository}/pullRequests/{pullRequestId}"

STATUSES = {
    ("POST", "_apis/projects"): 202,
    ("PATCH", "_apis/projects/{project}"): 202,
    ("DELETE", "_apis/projects/{project}"): 202,
    ("PATCH", "_apis/projects/{project}/properties"): 204,
    ("POST", "_apis/projects/{project}/teams"): 201,
    ("DELETE", "_apis/projects/{project}/teams/{team}"): 204,
    ("DELETE", "{project?}/_apis/git/repositories/{repository}"): 204,
    ("DELETE", "{project}/_apis/git/recycleBin/repositories/{repository}"): 204,
    ("DELETE", "{project}/_apis/build/definitions/{definition:int}"): 204,
    ("DELETE", "{project}/_apis/build/builds/{build}"): 204,
    ("POST", "{project?}/_apis/git/repositories/{repository}/annotatedtags"): 201,
    ("POST", "{project?}/_apis/git/repositories/{repository}/pushes"): 201,
    # No example shows a cherry-pick; it is taken for the twin of a revert.
    ("POST", "{project?}/_apis/git/repositories/{repository}/cherryPicks"): 201,
    ("POST", "{project?}/_apis/git/repositories/{repository}/reverts"): 201,
    ("POST", "{project?}/_apis/git/repositories/{repository}/commits/{commitId}/statuses"): 201,
    ("POST", "{project?}/_apis/git/repositories/{repository}/pullrequests"): 201,
    ("DELETE", f"{_PULL_REQUEST}/statuses/{{statusId}}"): 204,
    ("DELETE", f"{_PULL_REQUEST}/iterations/{{iterationId}}/statuses/{{statusId}}"): 204,
    ("PATCH", f"{_PULL_REQUEST}/statuses"): 204,
    ("PATCH", f"{_PULL_REQUEST}/iterations/{{iterationId}}/statuses"): 204,
    ("POST", "{project}/_apis/wit/classificationnodes/{group}"): 201,
    ("POST", "{project}/_apis/wit/classificationnodes/{group}/{path...}"): 201,
    ("DELETE", "{project?}/_apis/wit/recyclebin/{id}"): 204,
    ("DELETE", "{project}/_apis/wit/classificationnodes/{group}/{path...}"): 204,
    ("POST", "{project}/_apis/wit/queries/{query...}"): 201,
    ("DELETE", "{project}/_apis/wit/queries/{query...}"): 204,
    ("POST", "{project}/{team}/_apis/wit/templates"): 201,
    ("DELETE", "{project}/{team}/_apis/wit/templates/{template}"): 204,
    ("POST", "{project?}/_apis/wit/attachments"): 201,
    ("PUT", "{project?}/_apis/wit/attachments/{id}"): 201,
    ("POST", "{project}/{team?}/_apis/work/teamsettings/iterations"): 201,
    ("DELETE", "{project}/{team?}/_apis/work/teamsettings/iterations/{iteration}"): 204,
    # Declared without a body, and never seen with one.
    ("PATCH", "{project}/_apis/build/builds/{build}/stages/{stage}"): 204,
}
"""Statuses of success where the contract names another: it says 200, its own examples and live answers say these."""

SEEN_LIVE = {("DELETE", "wit/workitems/*"): 200, ("POST", "wit/workitemsdelete"): 200, ("GET", "annotatedtags/*"): 200}
"""Operations whose examples disagree with recorded live answers (or with what clients read); those are followed."""

WITHOUT_OPERATION = {
    "_apis": "announces the other operations; clients ask it first, the contract leaves it out",
    "_apis/{area}": "the same for one area",
    "_apis/connectionData": "answered to every client; the contract leaves the location service out",
    "_apis/ResourceAreas": "the same",
    "_apis/ResourceAreas/{areaId}": "the same",
    "{project?}/_apis/git/repositories/{repository}/refs/{filter...}": "announced with the name in the path",
    "{project?}/_apis/git/repositories/{repository}/stats/branches/{name...}": "announced with the name in the path",
    "{project?}/_apis/git/repositories/{repository}/items/{path...}": "announced with the path in the path",
    f"{_PULL_REQUEST}/conflicts": "announced, and clients ask it; the contract leaves it out",
    f"{_PULL_REQUEST}/conflicts/{{conflictId}}": "the same",
    "{project?}/_apis/git/repositories/{repository}/cherryPicks/{cherryPickId}/conflicts": "the same",
    "{project?}/_apis/git/repositories/{repository}/reverts/{revertId}/conflicts": "the same",
    "{project?}/_apis/wit/attachments/{id}": "the contract of 7.1 has no deletion yet, that of 7.2 has",
    "_apis/wit/$batch": "described by Microsoft in words only; the vendor's clients use it",
    "{project}/_apis/wit/workitems/${type}": "PATCH is the older form of POST, and still announced",
    "{project}/_apis/pipelines/{pipeline:int}/runs/{run}/signedlogcontent": "where signed links point",
    "{project}/_apis/pipelines/{pipeline:int}/runs/{run}/signedlogcontent/{log}": "where signed links point",
    "{project}/_apis/pipelines/{pipeline:int}/runs/{run}/signedartifactscontent": "where signed links point",
    "{project}/_apis/pipelines/environments": "described in 7.2, which needs no scope to manage",
    "{project}/_apis/pipelines/environments/{environment:int}": "the same",
    "{project}/_apis/pipelines/environments/{environment:int}/environmentdeploymentrecords": "the same",
    "{project?}/_git/{repository}/info/refs": "git over HTTP",
    "{project?}/_git/{repository}/git-upload-pack": "git over HTTP",
    "{project?}/_git/{repository}/git-receive-pack": "git over HTTP",
}
"""Operations that the contract does not know, by template."""

BODIES = {
    "[].descriptor: str in place of object": "of identities; one text in every recorded answer",
    "identity.descriptor: str in place of object": "the same",
    "memberOf[]: str in place of object": "the same",
    "members[]: str in place of object": "the same",
    "refName: unknown": "of timeline records; left out of 7.1, and a client requires it",
    "keepForever: unknown": "in every recorded build; left out of 7.1",
    "multilineFieldsFormat: unknown": "came with Markdown fields; described in 7.2, sent for 7.1 too",
    "configuration.path: unknown": "of YAML pipelines; the contract has the base of configurations only",
    "configuration.repository: unknown": "of YAML pipelines; the contract has the base of configurations only",
    "resources.repositories.*.repository.id: unknown": "of Azure repositories; the contract has the base only",
    "Builds_Get Build Log: dict in place of string": "described as plain text; as JSON it is a list of lines",
}
"""Differences of answers, by the end of what the check says; the operation stands in front where it matters."""
