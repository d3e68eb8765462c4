"""The errors of this package: one class for each different next step.

```
AzureDevOpsError                     status
├── Misconfigured                    misconfigured   nothing was sent
│   ├── OrganizationInvalid                          empty, a URL or a path instead of the bare name
│   ├── CredentialMissing                            no personal access token given
│   ├── CredentialMalformed                          white space around or inside the token
│   ├── ScopesInvalid                                a declared scope does not exist
│   ├── ToolUnknown                                  a chosen tool or toolset does not exist
│   └── AuditFailed                                  the audit log cannot be written
├── NotSignedIn                      not_signed_in
│   ├── TokenRejected                                wrong, revoked or expired
│   ├── SignInRequired                               a sign-in page instead of an answer (302, 203, HTML)
│   ├── CredentialUnavailable                        the provider of tokens failed or gave none in time
│   └── AccountChanged                               the provider's new token belongs to another account
├── Denied                           denied
│   ├── ScopeMissing                                 the token's scopes do not cover the operation
│   ├── PermissionDenied                             the token's owner lacks the permission
│   ├── RefusedByPolicy                              a policy of the branch allows changes by pull requests only
│   └── OrganizationAccessDenied                     signed in, but not a member of this organization
├── NotFound                         not_found       does not exist, or is hidden from the token's owner
│   ├── OrganizationNotFound
│   └── ProjectNotFound
├── Conflict                         conflict
│   ├── RevisionConflict                             somebody changed it since it was read
│   └── AlreadyExists
├── InvalidRequest                   invalid         the message says how to repair the arguments
├── Throttled                        throttled       the message says when to try again
├── Unavailable                      unavailable
│   ├── Unreachable                                  there was no connection, or it broke
│   ├── TlsFailure                                   the certificate was not accepted
│   ├── ProxyPage                                    a proxy or portal answered, not the service
│   ├── ServiceFault                                 the service failed (5xx)
│   ├── WriteOutcomeUnknown                          a write was sent, and its answer was lost
│   └── WriteNotDone                                 its answer was lost, but the service certainly refused it
├── WriteBlocked                     blocked         the write gate, the policy or an approver refused it
│   └── StateChanged                                 what the approver was shown is no longer true
└── ClientClosed                     closed          the client was closed before or during the call
```
"""

import difflib
import re
from collections.abc import Iterable
from typing import ClassVar

# The machine-readable line contains no other characters. The listed letters look blank but count as letters.
_NOT_A_SUBJECT = re.compile(r"[^\w .,:;/@$(){}+'=#*-]|[\u115f\u1160\u3164\uffa0]")
_MAX_SUBJECT = 120


class AzureDevOpsError(Exception):
    """The base class of every error of this package.

    Attributes:
        status: One of denied, not_signed_in, not_found, conflict, invalid, throttled, unavailable, blocked,
            misconfigured, closed.
        exit_code: The exit code of a command that ends with this error.
        message: The event, its likely cause and the next step.
        subject: The machine-readable detail, such as the missing scope or the project's name; may be empty.
    """

    status: ClassVar[str] = "unavailable"
    exit_code: ClassVar[int] = 8

    def __init__(self, message: str, *, subject: str = "") -> None:
        """Store the message and the machine-readable detail."""
        super().__init__(message)
        self.message = message
        self.subject = subject

    @property
    def headline(self) -> str:
        """The machine-readable first line, such as `[denied ScopeMissing vso.code_write]`."""
        subject = " ".join(_NOT_A_SUBJECT.sub(" ", self.subject).split())[:_MAX_SUBJECT]
        words = (self.status, type(self).__name__, subject)
        return f"[{' '.join(word for word in words if word)}]"


class Misconfigured(AzureDevOpsError):
    """A setting has a value that it cannot have; nothing was sent."""

    status = "misconfigured"
    exit_code = 2


class OrganizationInvalid(Misconfigured):
    """The organization is empty, a URL or a path."""


class CredentialMissing(Misconfigured):
    """No personal access token was given."""

    exit_code = 3


class CredentialMalformed(Misconfigured):
    """The given text cannot be a token, for example because of white space around it."""

    exit_code = 3


class ScopesInvalid(Misconfigured):
    """A declared scope does not exist."""


class ToolUnknown(Misconfigured):
    """A chosen tool or toolset does not exist."""


class AuditFailed(Misconfigured):
    """The audit log cannot be written; without a record nothing is written to the service."""


class NotSignedIn(AzureDevOpsError):
    """The service does not accept the credential."""

    status = "not_signed_in"
    exit_code = 4


class TokenRejected(NotSignedIn):
    """The token is wrong, revoked or expired; the service does not say which."""


class SignInRequired(NotSignedIn):
    """The service answered with its sign-in page instead of data."""


class CredentialUnavailable(NotSignedIn):
    """The provider of tokens failed, or did not return a token in time."""


class AccountChanged(NotSignedIn):
    """The provider's new token belongs to another account than the first one; it was not used."""


class Denied(AzureDevOpsError):
    """The credential is accepted, but does not allow the operation."""

    status = "denied"
    exit_code = 7


class ScopeMissing(Denied):
    """The token's scopes do not cover the operation; `subject` names a scope that would."""


class PermissionDenied(Denied):
    """The token has the scope, but its owner lacks the permission."""


class RefusedByPolicy(Denied):
    """A policy of the branch lets only pull requests change it."""


class OrganizationAccessDenied(Denied):
    """The credential is good, but its owner does not belong to this organization."""

    exit_code = 5


class NotFound(AzureDevOpsError):
    """The item does not exist, or the token's owner may not see it: the service does not tell the two apart."""

    status = "not_found"
    exit_code = 6


class OrganizationNotFound(NotFound):
    """No organization has this name."""

    exit_code = 5


class ProjectNotFound(NotFound):
    """The token's owner can see no project of this name."""


class Conflict(AzureDevOpsError):
    """The current state does not allow the change."""

    status = "conflict"
    exit_code = 7


class RevisionConflict(Conflict):
    """Somebody changed the item after it was read."""


class AlreadyExists(Conflict):
    """The item to be created exists already."""


class InvalidRequest(AzureDevOpsError):
    """The arguments are not valid; the message says how to repair them."""

    status = "invalid"
    exit_code = 2


class Throttled(AzureDevOpsError):
    """The service asked to try again later.

    Attributes:
        retry_after: Seconds to wait, as the service said; None when it did not say.
    """

    status = "throttled"
    exit_code = 8

    def __init__(self, message: str, *, subject: str = "", retry_after: float | None = None) -> None:
        """Store the message, the machine-readable detail and the seconds to wait."""
        super().__init__(message, subject=subject)
        self.retry_after = retry_after


class Unavailable(AzureDevOpsError):
    """The service gave no usable answer."""


class Unreachable(Unavailable):
    """The server could not be reached, or the connection broke."""


class TlsFailure(Unavailable):
    """The server's certificate was not accepted."""

    exit_code = 9


class ProxyPage(Unavailable):
    """A proxy or portal answered with a page of its own instead of the service."""

    exit_code = 10


class ServiceFault(Unavailable):
    """The service failed."""


class WriteOutcomeUnknown(Unavailable):
    """A write was sent and its answer was lost: the write may have happened.

    Attributes:
        happened: How the answer was lost, in words.
        accepted: Whether the service answered that it accepted the write (2xx).
        url: The web page where a person sees whether it was done; empty when none is known.
    """

    def __init__(
        self, message: str, *, subject: str = "", happened: str = "", accepted: bool = False, url: str = ""
    ) -> None:
        """Store the message, what the recovery needs to know, and where a person looks."""
        super().__init__(message, subject=subject)
        self.happened = happened or message
        self.accepted = accepted
        self.url = url


class WriteNotDone(Unavailable):
    """A write was sent and its answer was lost, and what was found proves that the service refused it."""


class WriteBlocked(AzureDevOpsError):
    """The write gate, the policy or an approver refused the write; nothing was sent."""

    status = "blocked"
    exit_code = 7


class StateChanged(WriteBlocked):
    """The state that the approver was shown changed before the write; nothing was sent."""


class ClientClosed(AzureDevOpsError):
    """The client was closed before the call, or during it."""

    status = "closed"
    exit_code = 1


RETRYABLE: tuple[type[AzureDevOpsError], ...] = (Throttled, Unreachable, ServiceFault)
"""The errors after which the same call may succeed, for `retry_on=` of LangChain's `ToolRetryMiddleware`.

The client itself has repeated the request before it raises one of them. After a write they say that it was surely not
done, so that a retry asks the approver again; an unknown outcome is not among them.
"""

_BY_TYPE_KEY: dict[str, type[AzureDevOpsError]] = {
    "ProjectDoesNotExistWithNameException": ProjectNotFound,
    "ProjectDoesNotExistException": ProjectNotFound,
    "GitPullRequestExistsException": AlreadyExists,
    "RelationAlreadyExistsException": AlreadyExists,
    "WorkItemRevisionMismatchException": RevisionConflict,
    "TestPatchOperationFailedException": RevisionConflict,
    "WikiPageAlreadyExistsException": AlreadyExists,
    "PipelineNotFoundException": NotFound,
    "UnauthorizedRequestException": OrganizationAccessDenied,
    "GitRefUpdateRejectedByPolicyException": RefusedByPolicy,
}
_BY_CODE: dict[str, type[AzureDevOpsError]] = {
    "TF200016": ProjectNotFound,
    "VS800075": ProjectNotFound,
    "TF401179": AlreadyExists,
    "TF26071": RevisionConflict,
    "TF400813": OrganizationAccessDenied,
    "TF400733": Throttled,
    "TF402455": RefusedByPolicy,
}
_BY_STATUS: dict[int, type[AzureDevOpsError]] = {
    401: TokenRejected,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    412: RevisionConflict,
    429: Throttled,
}
_NEXT_STEP: dict[type[AzureDevOpsError], str] = {
    ProjectNotFound: (
        "It does not exist, or this token's owner may not see it: the service does not tell the two apart. "
        "List the projects: the answer holds all that this token can see."
    ),
    NotFound: (
        "It does not exist, or this token's owner may not see it: the service does not tell the two apart. "
        "Check the name or id with the matching list tool."
    ),
    PermissionDenied: (
        "The token has the scope, but its owner lacks the permission. Ask an administrator of the project to grant it; "
        "membership in Contributors covers most writes."
    ),
    RefusedByPolicy: (
        "Only pull requests change this branch: make the change on another branch and open a pull request, or ask an "
        "administrator whether the policy may be bypassed."
    ),
    RevisionConflict: "Somebody changed it since it was read. Read it again and repeat the change on the new revision.",
    AlreadyExists: "Read the existing one before you create another.",
    OrganizationAccessDenied: (
        "The token is valid, but its owner has no access to this organization. Use a token that was made in this "
        "organization, or have its owner added as a member."
    ),
    ServiceFault: "This is a failure of the service, not of the request. Try again later.",
}


def error_class(status: int, type_key: str, message: str) -> type[AzureDevOpsError]:
    """Return the class for an error answer: by the service's type key, then by its code, then by the HTTP status."""
    if found := _BY_TYPE_KEY.get(type_key):
        return found
    code = message.split(":", 1)[0].strip()
    if found := _BY_CODE.get(code):
        return found
    return _BY_STATUS.get(status, ServiceFault if status >= 500 else InvalidRequest)


def explain(kind: type[AzureDevOpsError], happened: str) -> str:
    """Return a whole message: what happened, then the likely cause and the next step for this class of errors."""
    step = next((text for base in kind.__mro__ if (text := _NEXT_STEP.get(base))), "")
    happened = happened.rstrip()
    return f"{happened if happened.endswith(('.', '!', '?')) else happened + '.'} {step}".rstrip()


def first_sentence(message: str) -> str:
    """Return what happened, without the advice that follows it."""
    happened = message.partition(". ")[0]
    return happened if happened.endswith((".", "!", "?")) else f"{happened}."


def did_you_mean(given: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return ` Did you mean 'near'?` with the nearest known word, or an empty text when none is near.

    Args:
        given: The word that was given, in any case.
        known: The words that would be right.
        cutoff: How alike two words have to be, from 0 to 1.
    """
    words = {word.lower(): word for word in known}
    near = difflib.get_close_matches(given.lower(), words, n=1, cutoff=cutoff)
    return f" Did you mean {words[near[0]]!r}?" if near else ""
