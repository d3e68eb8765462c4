"""Why a pull request cannot be merged, and who must act."""

from langchain_azure_devops.tools.reviews.checks.tool import *  # noqa: F403 - the package offers what this declares
