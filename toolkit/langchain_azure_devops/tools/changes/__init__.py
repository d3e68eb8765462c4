"""Changes of repositories: branches, tags and commits."""

from langchain_azure_devops.tools.changes.push import *  # noqa: F403 - the package offers what its modules declare
from langchain_azure_devops.tools.changes.references import *  # noqa: F403 - the package offers what its modules declare
from langchain_azure_devops.tools.changes.replays import *  # noqa: F403 - the same
