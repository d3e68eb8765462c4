"""The review of a pull request. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.reviews.checks import get_pull_request_checks as get_pull_request_checks
from langchain_azure_devops.tools.reviews.commits import list_pull_request_commits as list_pull_request_commits
from langchain_azure_devops.tools.reviews.iterations import (
    list_pull_request_iterations as list_pull_request_iterations,
)
from langchain_azure_devops.tools.reviews.of_commit import (
    list_pull_requests_of_commit as list_pull_requests_of_commit,
)
from langchain_azure_devops.tools.reviews.since_vote import get_changes_since_vote as get_changes_since_vote
from langchain_azure_devops.tools.reviews.threads import list_pull_request_threads as list_pull_request_threads
from langchain_azure_devops.tools.reviews.toolset import toolset as toolset
from langchain_azure_devops.tools.reviews.work_items import (
    list_pull_request_work_items as list_pull_request_work_items,
)
