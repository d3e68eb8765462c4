"""The token in use and its owner, and the replacement of a token that the service no longer accepts."""

import asyncio
import base64
import contextvars
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar, cast

import httpx
from pydantic import SecretStr

from langchain_azure_devops.errors import (
    AccountChanged,
    AzureDevOpsError,
    CredentialUnavailable,
    NotSignedIn,
    SignInRequired,
    TokenRejected,
)
from langchain_azure_devops.http.pacing import Pacer, shared_pacer, token_digest
from langchain_azure_devops.http.request import RequestContext
from langchain_azure_devops.http.responses import Identity
from langchain_azure_devops.runtime import RunContext
from langchain_azure_devops.settings import Settings, check_token

T = TypeVar("T")
RETRY_PROVIDER_SECONDS = 10.0
"""Seconds before a provider that had no better token is asked again."""


class Credential:
    """The token of one client, and the account that it belongs to.

    The provider is asked for the first token, and for another one when the service no longer accepts it. Used on the
    client's loop only.

    Attributes:
        pacer: The pacer of the person that the token belongs to.
        account: The person, after the first answer. It stays known when the token is no longer accepted.
        replaced: Awaited after each replacement, before the refused request is sent again.
    """

    def __init__(
        self, settings: Settings, who: Callable[[SecretStr], Awaitable[Identity]], context: RunContext
    ) -> None:
        """Prepare without asking for a token.

        Args:
            settings: The source of tokens.
            who: Asks the service for the owner of a token; raises NotSignedIn when there is none.
            context: How long a provider may take, and whether clients share the pace.
        """
        self.pacer = Pacer()
        self.account: Identity | None = None
        self.replaced: Callable[[], Awaitable[None]] | None = None
        self._settings = settings
        self._who = who
        self._provider_timeout = min(context.timeouts.request, context.timeouts.call)
        self._shared_pace = context.shared_pace
        self._token = ""
        self._seen: list[str] = []
        self._refused = False
        self._settled_at = 0.0
        self._failure: tuple[float, NotSignedIn] | None = None
        self._replacing = asyncio.Lock()
        self._asking = asyncio.Lock()

    @property
    def rotates(self) -> bool:
        """Whether the provider can give another token."""
        return self._settings.rotates

    @property
    def known_tokens(self) -> tuple[str, ...]:
        """All tokens used so far. Each stays a secret, even if the service no longer accepts it."""
        return tuple(self._seen)

    async def token(self) -> str:
        """Return the token to use now."""
        if not self._token:
            began = time.monotonic()
            async with self._replacing:
                if not self._token:
                    # A caller that waited while the provider failed does not wait for it again.
                    self._raise_failure(since=began)
                    with self._remember_failure():
                        self._adopt(await self._ask_provider())
        return self._token

    async def identity(self, since: float) -> Identity | None:
        """Return the owner of the token (None if unknown); ask again if the last answer is older than `since`."""
        async with self._asking:
            if self._settled_at < since or not self._settled_at:
                began = time.monotonic()
                try:
                    self.set_account(await self._who(SecretStr(await self.token())))
                except NotSignedIn:
                    self._refused = True
                self._settled_at = began
            return None if self._refused else self.account

    def set_account(self, person: Identity) -> None:
        """Store the owner of the token, and share the pace with all clients of this person from now on."""
        self.account, self._refused, self._settled_at = person, False, time.monotonic()
        self.pacer = self._choose_pacer(person.id, self.pacer)

    async def renew(self, refused: str) -> str:
        """Replace a token that the service no longer accepts. Many calls at once ask the provider only once.

        The new token is used only if it belongs to the same account, where that was known.

        Raises:
            TokenRejected: The provider has no token that the service accepts.
            AccountChanged: The provider has a token of another account.
            CredentialUnavailable: The provider failed.
        """
        async with self._replacing:
            if self._token != refused:
                return self._token
            self._raise_failure(since=time.monotonic() - RETRY_PROVIDER_SECONDS)
            with self._remember_failure():
                token, person = await self._fetch_better(refused)
            self._adopt(token)
            self.set_account(person)
        if self.replaced is not None:
            # This is no part of the call that noticed the dead token: it has neither its grant nor its deadline.
            await asyncio.get_running_loop().create_task(_wait_for(self.replaced()), context=contextvars.Context())
        return token

    async def refresh(self) -> None:
        """Ask the provider for a token and use it, even if it belongs to another account.

        Raises:
            CredentialUnavailable: The provider failed; the present token stays in use.
        """
        async with self._replacing:
            token = await self._ask_provider()
            self.account = None
            self._adopt(token)

    async def _fetch_better(self, refused: str) -> tuple[str, Identity]:
        token = await self._ask_provider()
        source = self._settings.credential_source
        if token == refused:
            raise TokenRejected(
                f"The service no longer accepts the token, and {source} gave the same one again. Put a new token "
                "there; a later call asks for it again."
            )
        try:
            person = await self._who(SecretStr(token))
        except NotSignedIn as error:
            raise TokenRejected(
                f"The service no longer accepts the token, and not the new one from {source} either. {error.message}"
            ) from error
        was = self.account
        if was is not None and person.id != was.id:
            raise AccountChanged(
                f"The new token from {source} belongs to {person.name}, but the work began as {was.name}. It was not "
                "used. If you want this, call refresh() on the toolkit; otherwise give a token of the same account."
            )
        return token, person

    def _raise_failure(self, since: float) -> None:
        if self._failure is not None and self._failure[0] >= since:
            known = self._failure[1]
            raise type(known)(known.message, subject=known.subject)

    @contextmanager
    def _remember_failure(self) -> Iterator[None]:
        try:
            yield
        except NotSignedIn as error:
            self._failure = (time.monotonic(), error)
            raise

    def _adopt(self, token: str) -> None:
        self._token, self._failure, self._refused, self._settled_at = token, None, False, 0.0
        self._seen = [*(known for known in self._seen if known != token), token]
        self.pacer = self._choose_pacer(token_digest(token), self.pacer if self.account else None)

    def _choose_pacer(self, who: str, present: Pacer | None) -> Pacer:
        return shared_pacer(self._settings.url("core"), who, present) if self._shared_pace else self.pacer

    async def _ask_provider(self) -> str:
        """Ask the provider for a token; it may block, so it runs in a thread."""
        source = self._settings.credential_source
        if not self.rotates:
            return check_token(cast("SecretStr", self._settings.token()), source)
        try:
            async with asyncio.timeout(self._provider_timeout):
                given = await _run_in_thread(self._settings.token)
                token = await given if inspect.isawaitable(given) else given
        except (Exception, SystemExit) as error:
            reason = "gave nothing in time" if isinstance(error, TimeoutError) else f"failed ({type(error).__name__})"
            raise CredentialUnavailable(
                f"There is no token: {source} {reason}. Check the provider; the next call asks it again."
            ) from error
        return check_token(token, source)


async def _run_in_thread(work: Callable[[], T]) -> T:
    """Run a blocking function in a daemon thread, so that a silent vault does not keep the program alive."""
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    done: asyncio.Future[tuple[T, None] | tuple[None, BaseException]] = loop.create_future()

    def settle(outcome: tuple[T, None] | tuple[None, BaseException]) -> None:
        if not done.done():
            done.set_result(outcome)

    def run() -> None:
        outcome: tuple[T, None] | tuple[None, BaseException]
        try:
            outcome = (context.run(work), None)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            outcome = (None, error)
        # Nobody waits on a closed loop.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, name="azure-devops-token", daemon=True).start()
    result, error = await done
    if error is not None:
        raise error
    return cast("T", result)


async def _wait_for(work: Awaitable[None]) -> None:
    await work


class AuthTransport(httpx.AsyncBaseTransport):
    """Adds the token to each request, and replaces it once when the service no longer accepts it.

    The refused request is then sent again, also when it is a write: without a sign-in nothing can have been written.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, credential: Credential) -> None:
        """Wrap the transport `inner`."""
        self._inner = inner
        self._credential = credential

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request with the token, and again with another token if the first is not accepted."""
        context: RequestContext = request.extensions["request_context"]
        if context.anonymous:
            return await self._inner.handle_async_request(request)
        if context.token is not None:
            return await self._send(request, context.token)
        # A SecretStr here as well, because error reporters show the local variables of every frame.
        token = SecretStr(await self._credential.token())
        try:
            response = await self._send(request, token)
        except SignInRequired:
            if not self._credential.rotates:
                raise
        else:
            if not self._credential.rotates or not await self._is_refused(response, context, token):
                return response
        return await self._send(request, SecretStr(await self._credential.renew(token.get_secret_value())))

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()

    async def _is_refused(self, response: httpx.Response, context: RequestContext, token: SecretStr) -> bool:
        """Return whether a refusal is about the token and not its scopes: an empty 401 looks the same for both."""
        if response.status_code != 401 or "x-vss-userdata" in response.headers:
            return False
        try:
            refused = await self._credential.identity(since=context.started) is None
            # Another call may have replaced the token meanwhile; then the answer was about the new one.
            return refused or await self._credential.token() != token.get_secret_value()
        except AzureDevOpsError:
            # This cannot be decided now, so the refusal stands as it is.
            return False

    async def _send(self, request: httpx.Request, token: SecretStr) -> httpx.Response:
        request.headers["Authorization"] = _basic_authorization(token)
        return await self._inner.handle_async_request(request)


def _basic_authorization(token: SecretStr) -> str:
    return "Basic " + base64.b64encode(f":{token.get_secret_value()}".encode()).decode()
