"""The review of a pull request: its discussions, iterations, commits, work items and checks, and writes to it."""

from langchain_azure_devops.tools.reviews.changes import *  # noqa: F403 - the package offers what these modules declare
from langchain_azure_devops.tools.reviews.tools import *  # noqa: F403 - same
