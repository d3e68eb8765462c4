"""Repositories: branches, folders and files."""

from langchain_azure_devops.tools.repositories.tools import *  # noqa: F403 - the package offers what its tools module declares
