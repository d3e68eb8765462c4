"""Why a pull request cannot be merged, and who must act."""

from langchain_azure_devops.tools.reviews.checks.tool import get_pull_request_checks as get_pull_request_checks
