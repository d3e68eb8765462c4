"""The toolset `review_changes` with all its tools, which these imports declare."""

from langchain_azure_devops.tools.reviews.change_toolset import *  # noqa: F403 - offered as a whole
from langchain_azure_devops.tools.reviews.comments import *  # noqa: F403 - same
from langchain_azure_devops.tools.reviews.links import *  # noqa: F403 - same
from langchain_azure_devops.tools.reviews.voting import *  # noqa: F403 - same
