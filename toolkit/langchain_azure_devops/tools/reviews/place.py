"""Where the lists of a pull request look, for the first line of their texts."""

from langchain_azure_devops.results.models import EVERYWHERE, Place


def describe_place(id: int) -> Place:
    """Name the pull request whose parts are listed; its number says where it is."""
    return Place(project=EVERYWHERE, words=f"pull request {id}")
