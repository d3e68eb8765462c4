"""Writes to a pull request that is reviewed: comments, votes, reviewers, labels, linked work items and its end."""

from langchain_azure_devops.tools.review_changes.tools import *  # noqa: F403 - the package offers what its tools module declares
