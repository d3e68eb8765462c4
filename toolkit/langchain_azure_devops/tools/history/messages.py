"""Look for words in the messages of commits, which the service cannot search."""

from collections.abc import Callable
from typing import TypeVar

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.text.readings import read
from langchain_azure_devops.tools.git import REPOSITORY
from langchain_azure_devops.tools.history.models import Commit, Message

AnyCommit = TypeVar("AnyCommit", bound=Commit)

_PSEUDONYM = "[secret:"


def find_words(client: AzureDevOps, words: str) -> Callable[[str], bool]:
    """Return a function that says whether a message has all the words, in any case and order.

    Messages are compared as they are shown, without secrets: a search must not tell whether it hit a part of one.
    """
    wanted = read(client.secrets.replace_known(words)).text.lower().split()
    plain = [word for word in wanted if _PSEUDONYM not in word]

    def holds(text: str) -> bool:
        # Looking for secrets takes a hundred times as long as comparing words, and most messages have none of these.
        if not _has_all(plain, text):
            return False
        return _has_all(wanted, client.secrets.redact(text))

    return holds


def _has_all(words: list[str], text: str) -> bool:
    seen = read(text).text.lower()
    return all(word in seen for word in words)


async def read_message(client: AzureDevOps, where: PathValues, commit: str) -> str:
    """Read the whole message of a commit, which lists of the service cut."""
    response = await client.get(f"{REPOSITORY}/commits/{{commit}}", path={**where, "commit": commit})
    return decode(response, Message).comment


def with_message(commit: AnyCommit, whole: str) -> AnyCommit:
    """Return a commit of a list with its whole message."""
    return commit.model_copy(update={"message": whole, "message_cut": False})
