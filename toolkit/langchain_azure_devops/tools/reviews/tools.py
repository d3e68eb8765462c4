"""The toolset `reviews` with all its tools, which these imports declare."""

from langchain_azure_devops.tools.reviews.checks import *  # noqa: F403 - offered as a whole
from langchain_azure_devops.tools.reviews.commits import *  # noqa: F403 - same
from langchain_azure_devops.tools.reviews.iterations import *  # noqa: F403 - same
from langchain_azure_devops.tools.reviews.since_vote import *  # noqa: F403 - same
from langchain_azure_devops.tools.reviews.threads import *  # noqa: F403 - same
from langchain_azure_devops.tools.reviews.toolset import *  # noqa: F403 - same
from langchain_azure_devops.tools.reviews.work_items import *  # noqa: F403 - same
