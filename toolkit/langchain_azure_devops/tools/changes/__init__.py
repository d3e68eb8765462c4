"""Changes of repositories: branches and tags."""

from langchain_azure_devops.tools.changes.references import *  # noqa: F403 - the package offers what its modules declare
