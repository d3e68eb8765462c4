"""Where the lists of a pull request look, for the first line of their texts and for the page behind them."""

from langchain_azure_devops.results.models import EVERYWHERE, Place
from langchain_azure_devops.tools.pull_requests.models import PullRequestDetail
from langchain_azure_devops.tools.pull_requests.reading import page_path


def describe_place(found: PullRequestDetail) -> Place:
    """Name the pull request whose parts are listed; its number says where it is."""
    return Place(project=EVERYWHERE, words=f"pull request {found.id}", web=page_path(found))
