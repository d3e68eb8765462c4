"""Builds: lists, details, failures and logs."""

from langchain_azure_devops.tools.builds.tools import *  # noqa: F403 - the package offers what its tools module declares
