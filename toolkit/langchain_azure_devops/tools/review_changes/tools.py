"""The toolset `review_changes` with all its tools, which these imports declare."""

from langchain_azure_devops.tools.review_changes.comments import *  # noqa: F403 - same
from langchain_azure_devops.tools.review_changes.completing import *  # noqa: F403 - same
from langchain_azure_devops.tools.review_changes.links import *  # noqa: F403 - same
from langchain_azure_devops.tools.review_changes.toolset import *  # noqa: F403 - offered as a whole
from langchain_azure_devops.tools.review_changes.voting import *  # noqa: F403 - same
