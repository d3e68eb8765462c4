"""The history of a repository: its tags."""

from langchain_azure_devops.tools.history.tools import *  # noqa: F403 - the package offers what its tools module declares
