"""Take the secrets out of an error where a call ends, so that whoever catches it may log, store or show it."""

from collections.abc import Mapping
from types import TracebackType

from langchain_azure_devops.calls.arguments import cut_depth
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.text.known_secrets import PSEUDONYM_MARK, KnownSecrets


class ClearErrors:
    """Takes the secrets out of every error that leaves its `with` block, the causes and notes of the error included.

    When the arguments mention a secret, the requests of the block carried it. The error then leaves without its causes
    and without the frames that held these requests.
    """

    def __init__(self, client: AzureDevOps, arguments: Mapping[str, object]) -> None:
        """Watch over a call with these arguments."""
        self._secrets = client.secrets
        self._arguments = arguments

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the error, which goes on."""
        if not isinstance(error, Exception):
            return
        asked = str(cut_depth(dict(self._arguments)))
        if PSEUDONYM_MARK in asked:
            error.__cause__ = error.__context__ = error.__traceback__ = None
        clear_error(error, self._secrets, self._secrets.redact(asked))


def clear_error(error: BaseException, secrets: KnownSecrets, asked: str) -> None:
    """Take the secrets out of an error and of all that it was raised from; what cannot be cleared is detached.

    Args:
        error: The error.
        secrets: The secrets of the client.
        asked: The arguments of the call, with pseudonyms: an error may repeat them in part.
    """
    chain = _list_chain(error)
    for each in chain:
        each.args = tuple(_clear_text(secrets, part, asked) for part in each.args)
        if notes := getattr(each, "__notes__", None):
            each.__notes__ = [secrets.redact(str(note)) for note in notes]
        if isinstance(each, AzureDevOpsError):
            for name, value in vars(each).items():
                setattr(each, name, _clear_text(secrets, value, asked))
    for each in chain:
        if _still_shows(each.__cause__, secrets):
            each.__cause__ = None
        if _still_shows(each.__context__, secrets):
            each.__context__ = None


def _list_chain(error: BaseException) -> list[BaseException]:
    """Return an error with everything that it was raised from or that was handled at the time."""
    found: dict[int, BaseException] = {}
    left = [error]
    while left:
        each = left.pop()
        if id(each) not in found:
            found[id(each)] = each
            left += [other for other in (each.__cause__, each.__context__) if other is not None]
    return list(found.values())


def _still_shows(error: BaseException | None, secrets: KnownSecrets) -> bool:
    return error is not None and secrets.replace_known(text := f"{error}{error.__dict__}") != text


def _clear_text(secrets: KnownSecrets, value: object, asked: str) -> object:
    return secrets.redact_echo(value, asked) if isinstance(value, str) and value else value
