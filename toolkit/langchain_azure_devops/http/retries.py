"""Send requests again after a failure where that is safe, and turn every other failure into an error."""

import asyncio
import random
import ssl
import time
from dataclasses import dataclass, field

import httpx

from langchain_azure_devops.errors import (
    AzureDevOpsError,
    InvalidRequest,
    ProxyPage,
    Throttled,
    TlsFailure,
    Unreachable,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.http.body import TRANSFER_ERRORS, ResumedBody, read_body
from langchain_azure_devops.http.pacing import REPORTED_WAIT_SECONDS, WaitExceedsDeadline, apply_rate_limits
from langchain_azure_devops.http.request import RequestContext
from langchain_azure_devops.http.responses import check_for_page, is_general_failure, refuses_write
from langchain_azure_devops.runtime import Timeouts, Waiting

_RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass
class _Attempts:
    """The number of attempts of one request, and its last answer."""

    request: httpx.Request
    context: RequestContext
    timeouts: Timeouts
    count: int = 0
    answer: httpx.Response | None = field(default=None, repr=False)

    def pause(self) -> float:
        """Return the seconds to wait before the next attempt when the service does not say how long."""
        doubled: float = min(self.timeouts.retry_pause * 2**self.count, self.timeouts.max_retry_pause)
        return doubled * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, guards nothing

    async def wait_for_another(self, reason: str) -> bool:
        """Wait for the next attempt; return False when no time or no attempt is left."""
        wait = self.pause()
        self.count += 1
        if self.count >= self.timeouts.max_attempts or time.monotonic() + wait > self.context.deadline:
            return False
        if wait >= REPORTED_WAIT_SECONDS:
            self.context.report_wait(Waiting(reason, wait))
        await asyncio.sleep(wait)
        return True


class RetryTransport(httpx.AsyncBaseTransport):
    """Keeps the pace of the organization and sends requests again where that is safe.

    A read is sent again after status 429, 502, 503 or 504, after a 500 that names no cause, and after a broken
    connection or body. A write is sent again only when the service certainly did not accept it: after a 429 of
    the service itself, or when there was no connection. A write whose answer is lost is reported and never sent again.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, timeouts: Timeouts) -> None:
        """Wrap the transport `inner`."""
        self._inner = inner
        self._timeouts = timeouts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and send it again where that is safe, within the deadline of the call.

        Raises:
            Throttled: The service asks for a pause that is longer than the call may take; nothing was sent.
            WriteOutcomeUnknown: A write was sent and its answer was lost.
            Unavailable: There was no answer; the message says why.
        """
        attempts = _Attempts(request, request.extensions["request_context"], self._timeouts)
        response = await self._fetch_answer(attempts)
        if attempts.context.streamed and response.status_code < 400:
            return ResumedBody(
                response, lambda error: self._resume(attempts, error), attempts.context.deadline
            ).make_response()
        return response

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()

    async def _fetch_answer(self, attempts: _Attempts) -> httpx.Response:
        request, context = attempts.request, attempts.context
        while True:
            if context.before_write is not None and not context.reads:
                await context.before_write()
            try:
                async with context.client.pacer.turn(context.deadline, context.report_wait):
                    response = await self._exchange(request, context)
            except WaitExceedsDeadline as late:
                if attempts.answer is not None:
                    return attempts.answer
                raise _wait_error(late, context) from None
            except TRANSFER_ERRORS as error:
                if not _may_resend(error, context) or not await attempts.wait_for_another(
                    f"no answer ({type(error).__name__})"
                ):
                    raise connection_error(error, request, context) from error
            else:
                wait = apply_rate_limits(response.headers, context.client.pacer)
                if not context.reads and response.status_code >= 400 and not refuses_write(response):
                    raise outcome_unknown(f"answered {response.status_code} to the write", request, context)
                if not await self._should_go_on(attempts, response, wait):
                    return response

    async def _should_go_on(self, attempts: _Attempts, response: httpx.Response, wait: float | None) -> bool:
        """Decide whether to send again, after a pause where the service did not ask for one that is long enough."""
        if not _should_retry(response, attempts.context):
            return False
        attempts.answer = response
        too_short = wait is None or wait < self._timeouts.retry_pause
        if response.status_code == 429 and too_short:
            # The service does not say how long to wait, so all requests wait, longer each time.
            attempts.context.client.pacer.hold(attempts.pause())
        elif too_short:
            return await attempts.wait_for_another(f"status {response.status_code}")
        attempts.count += 1
        return attempts.count < self._timeouts.max_attempts

    async def _exchange(self, request: httpx.Request, context: RequestContext) -> httpx.Response:
        try:
            async with asyncio.timeout(max(0.0, context.deadline - time.monotonic())):
                response = await self._inner.handle_async_request(request)
                response.request = request
                try:
                    check_for_page(response, request)
                except AzureDevOpsError:
                    await response.aclose()
                    raise
                if context.streamed and response.status_code < 400:
                    return response
                return await read_body(response)
        except TimeoutError:
            raise httpx.ReadTimeout("the time for this call was used up", request=request) from None
        except ProxyPage as page:
            if context.reads:
                raise
            raise outcome_unknown(f"did not answer the write, but {page.message}", request, context) from page
        except InvalidRequest as error:
            if context.reads:
                raise
            raise outcome_unknown("answered more than can be read", request, context) from error

    async def _resume(self, attempts: _Attempts, error: Exception) -> httpx.Response:
        """Ask for an answer again after its body broke off."""
        if not await attempts.wait_for_another(f"broken off ({type(error).__name__})"):
            raise error
        response = await self._fetch_answer(attempts)
        if response.status_code >= 400:
            raise error
        return response


def _may_resend(error: Exception, context: RequestContext) -> bool:
    if isinstance(error, _NEVER_SENT):
        # Nothing was sent. A rejected certificate or an unknown host name will not change within this call.
        return not (_is_tls(error) or _is_unknown_host(error))
    return context.reads


def _should_retry(response: httpx.Response, context: RequestContext) -> bool:
    if response.status_code == 429:
        return True
    if not context.reads:
        return False
    return response.status_code in _RETRIED_STATUSES or is_general_failure(response)


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error) or "[SSL" in str(error)


def _is_unknown_host(error: BaseException) -> bool:
    return "Name or service not known" in str(error) or "nodename nor servname" in str(error)


def _wait_error(late: WaitExceedsDeadline, context: RequestContext) -> AzureDevOpsError:
    request = f"{context.operation.method} {context.operation.template}"
    if late.seconds is None:
        return Unreachable(f"{request} was not sent: earlier requests used up the time limit of this call. Try again.")
    return Throttled(
        f"{request} was not sent: the service throttles this account and asked for a pause that is longer than this "
        f"call may take. Come back in {late.seconds:.0f} s.",
        subject=f"{late.seconds:.0f}s",
        retry_after=late.seconds,
    )


def connection_error(error: Exception, request: httpx.Request, context: RequestContext) -> AzureDevOpsError:
    """Make the error for a broken connection or body."""
    host = request.url.host
    if _is_tls(error):
        return TlsFailure(
            f"The certificate of {host} was not accepted: {error}. Behind a company proxy, set SSL_CERT_FILE to the "
            "company's root certificates.",
            subject=host,
        )
    if not context.reads and not isinstance(error, _NEVER_SENT):
        happened = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "broke the connection"
        happened += f" after the write was sent ({type(error).__name__})"
        return outcome_unknown(happened, request, context)
    return Unreachable(
        f"{host} could not be reached: {str(error) or type(error).__name__}. Check the network, the proxy settings "
        "(HTTPS_PROXY) and, for Azure DevOps Server, the base URL.",
        subject=host,
    )


def outcome_unknown(happened: str, request: httpx.Request, context: RequestContext) -> WriteOutcomeUnknown:
    """Make the error for a write that was sent and whose answer was lost."""
    return WriteOutcomeUnknown(
        f"{request.url.host} {happened}, so the write may or may not have happened. It was not sent again. A "
        "person has to look whether it is there.",
        subject=context.operation.template,
        happened=f"{request.url.host} {happened}.",
    )
