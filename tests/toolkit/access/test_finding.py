"""Tools are found by the words of people: for nearly all of these, the tool stands among the first three."""

import pytest

from langchain_azure_devops.access.finding import find_by_words
from langchain_azure_devops.tools import TOOLS

AMONG_FIRST = 3
AT_LEAST = 0.93
ASKED = (
    ("who changed this line", "blame_file"),
    ("who wrote line 12 of a file and when", "blame_file"),
    ("git blame", "blame_file"),
    ("last author of each line", "blame_file"),
    ("history of a file", "list_commits"),
    ("commits of a branch since Monday", "list_commits"),
    ("commits by an author", "list_commits"),
    ("since when is this text in the file", "list_commits blame_file get_commit"),
    ("what did this commit change", "get_commit"),
    ("diff of a commit", "get_commit"),
    ("show the changes of a commit id", "get_commit"),
    ("what changed between two releases", "compare_versions"),
    ("difference between two branches", "compare_versions"),
    ("compare two tags", "compare_versions"),
    ("how far is a branch behind main", "compare_versions"),
    ("tags of a repository", "list_tags"),
    ("which releases were tagged", "list_tags"),
    ("default branch and size of a repository", "get_repository"),
    ("clone address of a repo", "get_repository"),
    ("who pushed to the branch", "list_pushes"),
    ("pushes of last week", "list_pushes"),
    ("branch policies", "list_policies"),
    ("which rules protect main", "list_policies"),
    ("how many reviewers does main require", "list_policies"),
    ("create a branch", "create_branch"),
    ("start a new branch from main", "create_branch"),
    ("delete a merged branch", "delete_branch"),
    ("tag a commit", "create_tag"),
    ("create a release tag", "create_tag"),
    ("commit several files", "push_changes"),
    ("edit a file and push it", "push_changes"),
    ("change a line in a file on a branch", "push_changes"),
    ("cherry-pick a commit onto a release branch", "cherry_pick"),
    ("undo a commit", "revert"),
    ("revert a pull request", "revert"),
    ("review comments of a pull request", "list_pull_request_threads"),
    ("unresolved discussions", "list_pull_request_threads"),
    ("why can this pull request not be merged", "get_pull_request_checks"),
    ("merge conflicts of a PR", "get_pull_request_checks"),
    ("which policies block the pull request", "get_pull_request_checks"),
    ("required reviewers who did not approve", "get_pull_request_checks"),
    ("iterations of a pull request", "list_pull_request_iterations"),
    ("what changed since my vote", "get_changes_since_vote"),
    ("changes since the last review", "get_changes_since_vote"),
    ("commits of a pull request", "list_pull_request_commits"),
    ("work items linked to a pull request", "list_pull_request_work_items"),
    ("comment on a line of a pull request", "comment_on_pull_request"),
    ("leave a review comment", "comment_on_pull_request"),
    ("answer a comment thread", "reply_to_thread"),
    ("resolve a discussion", "set_thread_status"),
    ("add a reviewer", "set_reviewers"),
    ("make a reviewer required", "set_reviewers"),
    ("approve a pull request", "vote_on_pull_request"),
    ("reject a PR", "vote_on_pull_request"),
    ("merge a pull request", "complete_pull_request"),
    ("squash merge", "complete_pull_request"),
    ("merge automatically when all checks pass", "set_auto_complete"),
    ("abandon a pull request", "abandon_pull_request"),
    ("reopen an abandoned pull request", "reactivate_pull_request"),
    ("publish a draft", "publish_pull_request"),
    ("add a label to a pull request", "label_pull_request"),
    ("link a work item to a pull request", "link_work_items"),
    ("find commits by message", "search_commits"),
    ("search commits for a ticket number", "search_commits"),
    ("which team does a person belong to", "list_team_members list_teams"),
    ("members of a team", "list_team_members"),
    ("teams of a project", "list_teams"),
    ("process and description of a project", "get_project"),
    ("find a user by mail address", "search_identities"),
    ("who is this person", "search_identities"),
    ("log of a failed build", "get_build_log"),
    ("open bugs of a sprint", "query_work_items"),
    ("which pull request merged this commit", "list_pull_requests_of_commit"),
    ("the review that let a commit in", "list_pull_requests_of_commit"),
    ("triggers and variables of a pipeline", "get_pipeline"),
    ("who changed the pipeline", "list_pipeline_revisions get_pipeline"),
    ("revisions of a pipeline definition", "list_pipeline_revisions"),
    ("runs of a pipeline with their parameters", "list_runs get_run"),
    ("list runs of a pipeline", "list_runs"),
    ("which parameters was a run given", "get_run list_runs"),
    ("commits between two builds", "list_build_changes compare_builds"),
    ("which commits are new in this build", "list_build_changes get_build"),
    ("logs of all steps of a build", "list_build_logs"),
    ("final YAML of a pipeline", "preview_pipeline"),
    ("expand the templates of a pipeline", "preview_pipeline"),
    ("run a pipeline", "run_pipeline"),
    ("start a pipeline on a branch with parameters", "run_pipeline"),
    ("cancel a build", "cancel_build"),
    ("stop a running pipeline", "cancel_build"),
    ("retry a failed stage", "retry_stage"),
    ("run a stage again", "retry_stage"),
    ("tag a build", "tag_build"),
    ("create a pipeline", "create_pipeline"),
    ("rename a pipeline", "rename_pipeline"),
    ("disable a pipeline", "update_pipeline"),
    ("pause a pipeline", "update_pipeline"),
    ("why did the build fail", "diagnose_build"),
    ("what is the root cause of the red build", "diagnose_build"),
    ("what changed since the last good build", "compare_builds diagnose_build"),
    ("compare a build with the last good one", "compare_builds"),
    ("compare two builds", "compare_builds"),
    ("is it the pull request's fault", "diagnose_build"),
    ("did somebody change the pipeline since it was good", "compare_builds diagnose_build"),
    ("who is at fault for the failed pipeline", "diagnose_build"),
    ("variables of a variable group", "list_variable_groups"),
    ("who changed the variable group", "list_variable_groups"),
    ("which service connections exist", "list_service_connections"),
    ("agent pools", "list_pools"),
    ("is an agent online", "list_agents"),
    ("environments of a project", "list_environments"),
    ("what is deployed to production", "list_deployments list_environments"),
    ("who must approve a deployment", "list_approvals list_checks"),
    ("checks of an environment", "list_checks"),
    ("approve a stage that waits", "decide_approval"),
    ("failed tests of a build", "list_test_results"),
    ("flaky tests", "list_test_results"),
    ("artifacts of a build", "list_artifacts"),
    ("read a file out of an artifact", "read_artifact_file"),
)
"""What a person or a model asks for, and the tools that serve it."""


def first(words, limit=AMONG_FIRST):
    return [tool.name for tool in find_by_words(TOOLS.values(), words, limit)]


def test_nearly_every_question_finds_its_tool_among_the_first():
    missed = [(words, first(words)) for words, names in ASKED if not set(names.split()) & set(first(words))]
    assert len(ASKED) - len(missed) >= AT_LEAST * len(ASKED), missed


def test_every_tool_outside_of_the_default_set_is_asked_for():
    asked = {name for _, names in ASKED for name in names.split()}
    assert {name for name, tool in TOOLS.items() if not tool.default} <= asked


@pytest.mark.parametrize("name", TOOLS)
def test_the_name_of_a_tool_finds_it_first(name):
    assert first(name, 1) == [name]
    assert first(name.replace("_", " ").upper(), 1) == [name]


def test_the_endings_of_words_do_not_matter():
    assert first("commenting on the lines of pull requests") == first("comments on a line of a pull request")


def test_words_that_stand_in_every_question_find_nothing():
    assert first("who did what, and when was it") == []
