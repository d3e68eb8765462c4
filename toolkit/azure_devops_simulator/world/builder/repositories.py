"""Build git repositories: commits, branches, tags and pull requests."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Self, TypeAlias

from azure_devops_simulator.api.parsing import as_list, as_object
from azure_devops_simulator.areas.pull_requests.lifecycle import refresh
from azure_devops_simulator.state.git_objects import Signature
from azure_devops_simulator.state.policies import MINIMUM_REVIEWERS, Policy
from azure_devops_simulator.state.projects import ZERO_ID, Repository
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.builder.pull_requests import POLICY_KINDS, PolicyKind, PullRequestBuilder
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose

Contents: TypeAlias = Mapping[str, str | bytes]
"""Files by their paths."""


class RepositoryBuilder:
    """A git repository. Methods that change it return it again, so that they can be chained.

    `repository` is its state.
    """

    def __init__(self, requests: Requests, repository: Repository) -> None:
        self._requests = requests
        self.repository = repository

    @property
    def id(self) -> str:
        """The id of the repository."""
        return self.repository.id

    @property
    def default_branch(self) -> str:
        """The name of the default branch: `main` until the first commit is on another one."""
        return (self.repository.default_branch or "refs/heads/main").removeprefix("refs/heads/")

    def tip(self, branch: str | None = None) -> str:
        """Return the id of the newest commit of a branch, the default branch when none is given.

        Raises:
            BuilderError: there is no such branch.
        """
        return self.repository.refs["refs/heads/" + self._branch(branch)]

    def commit(
        self,
        message: str,
        files: Contents | None = None,
        *,
        delete: Iterable[str] = (),
        rename: Mapping[str, str] | None = None,
        branch: str | None = None,
        author: Person | None = None,
    ) -> Self:
        """Commit and push to a branch. A branch that does not exist yet starts at the default branch.

        Args:
            message: the message of the commit.
            files: files to write, by path; the content of text files as a text.
            delete: paths of files to delete.
            rename: new paths of files, by their old ones.
            branch: the branch; the default branch when none is given.
            author: who commits; the first user of the organization by default.

        Raises:
            BuilderError: nothing is changed, a file to delete or rename does not exist, the branch is protected, or the
                author may not push.
        """
        name = branch or self.default_branch
        ref = f"refs/heads/{name}"
        start = self.repository.refs.get(ref) or self.repository.default_tip()
        changes = self._changes(start, files or {}, delete, rename or {})
        commit: JsonObject = {"comment": message, "changes": changes}
        if start and ref not in self.repository.refs:
            commit["parents"] = [start]
        update: JsonObject = {"name": ref, "oldObjectId": self.repository.refs.get(ref, ZERO_ID)}
        self._send(author, "POST", "pushes", body={"refUpdates": [update], "commits": [commit]})
        # The service adds an iteration for each push. The simulator adds it when a pull request is read.
        organization = self._requests.organization
        for pull_request in organization.pull_requests.values():
            if pull_request.repository is self.repository:
                refresh(organization, pull_request)
        return self

    def _changes(
        self, start: str | None, files: Contents, delete: Iterable[str], rename: Mapping[str, str]
    ) -> list[JsonObject]:
        known = dict.fromkeys(self.repository.files(start)) if start else {}
        changes: list[JsonObject] = []
        for old, new in rename.items():
            source, path = choose("file", _path(old), known), _path(new)
            changes.append({"changeType": "rename", "sourceServerItem": source, "item": {"path": path}})
            del known[source]
            known[path] = None
        for name in delete:
            path = choose("file", _path(name), known)
            changes.append({"changeType": "delete", "item": {"path": path}})
            del known[path]
        for name, content in files.items():
            path = _path(name)
            kind = "edit" if path in known else "add"
            changes.append({"changeType": kind, "item": {"path": path}, "newContent": _content(content)})
        if not changes:
            raise BuilderError("a commit needs files to write, to delete or to rename")
        return changes

    def add_branch(self, name: str, *, source: str | None = None, author: Person | None = None) -> Self:
        """Create a branch at the tip of another one, the default branch when none is given.

        Raises:
            BuilderError: the source does not exist, the branch does already, or its name is not valid.
        """
        self._update(author, f"refs/heads/{name}", self.tip(source))
        return self

    def delete_branch(self, name: str, *, by: Person | None = None) -> Self:
        """Delete a branch."""
        ref = "refs/heads/" + self._branch(name)
        self._update(by, ref, ZERO_ID, old=self.repository.refs[ref])
        return self

    def add_tag(
        self, name: str, *, branch: str | None = None, message: str | None = None, author: Person | None = None
    ) -> Self:
        """Tag the tip of a branch. A message makes it an annotated tag.

        Raises:
            BuilderError: the branch does not exist, the tag does already, or its name is not valid.
        """
        target, user = self.tip(branch), self._requests.person(author)
        if message is not None:
            # The reference follows as a write of its own, one second later; both belong to the same push.
            pushed = self._requests.organization.clock.now().replace(microsecond=0) + timedelta(seconds=1)
            who = Signature(user.display_name, user.unique_name, pushed)
            target = self.repository.objects.put_tag(name, target, who, message)
        self._update(user, f"refs/tags/{name}", target)
        return self

    def protect(self, branch: str | None = None, *, minimum_approvers: int = 0) -> Self:
        """Protect a branch: from now on, only pull requests can change it.

        Args:
            branch: the branch; the default branch when none is given.
            minimum_approvers: how many people other than its author have to approve a pull request. With one or more,
                nobody may have voted against it either.

        Raises:
            BuilderError: there is no such branch, or the number is negative.
        """
        if minimum_approvers < 0:
            raise BuilderError("minimum_approvers cannot be negative")
        scope: JsonObject = {
            "repositoryId": self.repository.id,
            "refName": "refs/heads/" + self._branch(branch),
            "matchKind": "Exact",
        }
        settings: JsonObject = {"minimumApproverCount": minimum_approvers, "scope": [scope]}
        organization, owner = self._requests.organization, self._requests.person(None)
        policy = Policy(organization.next_id("policy"), MINIMUM_REVIEWERS, settings, owner, organization.clock.tick())
        self.repository.project.policies[policy.id] = policy
        return self

    def add_policy(
        self,
        kind: PolicyKind,
        *,
        branch: str | None = None,
        settings: Mapping[str, JsonValue] | None = None,
        reviewers: Iterable[Person] = (),
        pipeline: int | None = None,
        paths: Iterable[str] = (),
        optional: bool = False,
        enabled: bool = True,
        by: Person | None = None,
    ) -> Self:
        """Add a policy to a branch. With one that is not optional, only pull requests can change the branch.

        Args:
            kind: what the policy asks for.
            branch: the branch; the default branch when none is given.
            settings: further settings, by the names that the service has for them.
            reviewers: who has to approve, for `required-reviewers`.
            pipeline: the id of the pipeline that has to succeed, for `build`.
            paths: the policy concerns only pull requests that change these files. They may hold `*`; `!` excludes.
            optional: whether a pull request can be completed without it.
            enabled: whether it is in force.
            by: who adds it; the first user of the organization by default.

        Raises:
            BuilderError: there is no such branch, person or pipeline, or a setting is missing.
        """
        scope: JsonObject = {
            "repositoryId": self.repository.id,
            "refName": "refs/heads/" + self._branch(branch),
            "matchKind": "Exact",
        }
        known: JsonObject = {
            "requiredReviewerIds": [self._requests.person(who).id for who in reviewers],
            "buildDefinitionId": pipeline,
            "filenamePatterns": list(paths),
        }
        given = {name: value for name, value in known.items() if value}
        body: JsonObject = {
            "type": {"id": POLICY_KINDS[choose("policy", kind, POLICY_KINDS)]},
            "isBlocking": not optional,
            "isEnabled": enabled,
            "settings": {**given, **(settings or {}), "scope": [scope]},
        }
        self._requests.send(by, "POST", self.repository.project.name, "_apis", "policy", "configurations", body=body)
        return self

    def open_pull_request(
        self,
        title: str,
        *,
        source: str,
        target: str | None = None,
        author: Person | None = None,
        description: str = "",
        reviewers: Iterable[Person] = (),
        required: Iterable[Person] = (),
        labels: Iterable[str] = (),
        draft: bool = False,
    ) -> PullRequestBuilder:
        """Open a pull request.

        Args:
            title: its title.
            source: the branch to merge.
            target: the branch to merge into; the default branch when none is given.
            author: who opens it; the first user of the organization by default.
            description: its description, as Markdown.
            reviewers: who is asked for a review.
            required: reviewers without whose approval it cannot be completed.
            labels: its labels.
            draft: whether it is a draft.

        Raises:
            BuilderError: a branch or a user does not exist, or the two branches already have an active pull request.
        """
        asked = [(person, False) for person in reviewers] + [(person, True) for person in required]
        body: JsonObject = {
            "sourceRefName": "refs/heads/" + self._branch(source),
            "targetRefName": "refs/heads/" + self._branch(target),
            "title": title,
            "description": description,
            "isDraft": draft,
            "reviewers": [{"id": self._requests.person(who).id, "isRequired": must} for who, must in asked],
            "labels": [{"name": label} for label in labels],
        }
        number = self._send(author, "POST", "pullrequests", body=body)["pullRequestId"]
        return PullRequestBuilder(self._requests, self._requests.organization.pull_requests[int(str(number))])

    def pull_request(self, number: int) -> PullRequestBuilder:
        """Return a pull request of the repository by number.

        Raises:
            BuilderError: there is no such pull request.
        """
        every = self._requests.organization.pull_requests.values()
        found = {str(each.id): each for each in every if each.repository is self.repository}
        return PullRequestBuilder(self._requests, found[choose("pull request", str(number), found)])

    def _branch(self, name: str | None) -> str:
        names = [ref.removeprefix("refs/heads/") for ref in self.repository.refs if ref.startswith("refs/heads/")]
        return choose("branch", name or self.default_branch, names)

    def _update(self, by: Person | None, ref: str, new: str, *, old: str = ZERO_ID) -> None:
        answer = self._send(by, "POST", "refs", body=[{"name": ref, "oldObjectId": old, "newObjectId": new}])
        status = as_object(as_list(answer["value"])[0])["updateStatus"]
        if status == "staleOldObjectId":
            raise BuilderError(f"{ref} exists already")
        if status != "succeeded":
            raise BuilderError(f"{ref} cannot be changed: {status}")

    def _send(self, by: Person | None, method: str, *path: str, body: JsonValue) -> JsonObject:
        own = (self.repository.project.name, "_apis", "git", "repositories", self.id)
        return self._requests.send(by, method, *own, *path, body=body)


def _path(path: str) -> str:
    return "/" + path.strip("/")


def _content(content: str | bytes) -> JsonObject:
    if isinstance(content, str):
        return {"content": content, "contentType": "rawtext"}
    return {"content": base64.b64encode(content).decode(), "contentType": "base64encoded"}
