"""The review of a pull request: its discussions, iterations, commits, work items and checks."""

from langchain_azure_devops.tools.reviews.tools import *  # noqa: F403 - the package offers what its tools module declares
