"""Pull requests: read, open and change them."""

from langchain_azure_devops.tools.pull_requests.tools import *  # noqa: F403 - the package offers what its tools module declares
