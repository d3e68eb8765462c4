"""What is sent again after which failure, and what a failure that is not becomes."""

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
from langchain_azure_devops.http.responses import check_for_page
from langchain_azure_devops.runtime import Timeouts, Waiting

_RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass
class _Attempts:
    """How often one request was sent, and what came back last."""

    request: httpx.Request
    context: RequestContext
    timeouts: Timeouts
    count: int = 0
    answer: httpx.Response | None = field(default=None, repr=False)

    def pause(self) -> float:
        """The seconds before the next attempt when the service names none."""
        doubled: float = min(self.timeouts.retry_pause * 2**self.count, self.timeouts.max_retry_pause)
        return doubled * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, guards nothing

    async def another(self, reason: str) -> bool:
        """Wait for the next attempt; False when there is no time or no attempt left."""
        wait = self.pause()
        self.count += 1
        if self.count >= self.timeouts.max_attempts or time.monotonic() + wait > self.context.deadline:
            return False
        if wait >= REPORTED_WAIT_SECONDS:
            self.context.report_wait(Waiting(reason, wait))
        await asyncio.sleep(wait)
        return True


class RetryTransport(httpx.AsyncBaseTransport):
    """Keeps to the organization's pace, and repeats what may be repeated.

    Reads are repeated after 429, 502, 503, 504, after a 500 without an error body of the service, and after a broken
    connection or body. A write is repeated only when the service surely did not take it: after a 429 and when the
    connection was never made. A write whose answer is lost is reported as such and not repeated.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, timeouts: Timeouts) -> None:
        """Stand in front of `inner`."""
        self._inner = inner
        self._timeouts = timeouts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and send again where that is safe, within the call's deadline.

        Raises:
            Throttled: The service asks to wait longer than the call may take; nothing was sent.
            WriteOutcomeUnknown: A write was sent and its answer was lost.
            Unavailable: No answer, and why.
        """
        attempts = _Attempts(request, request.extensions["request_context"], self._timeouts)
        response = await self._answer(attempts)
        if attempts.context.streamed and response.status_code < 400:
            return ResumedBody(
                response, lambda error: self._resumed(attempts, error), attempts.context.deadline
            ).answer()
        return response

    async def aclose(self) -> None:
        """Close what is behind."""
        await self._inner.aclose()

    async def _answer(self, attempts: _Attempts) -> httpx.Response:
        request, context = attempts.request, attempts.context
        while True:
            try:
                async with context.client.pacer.turn(context.deadline, context.report_wait):
                    response = await self._exchange(request, context)
            except WaitExceedsDeadline as late:
                if attempts.answer is not None:
                    return attempts.answer
                raise _wait_error(late, context) from None
            except TRANSFER_ERRORS as error:
                if not _may_resend(error, context) or not await attempts.another(f"no answer ({type(error).__name__})"):
                    raise connection_error(error, request, context) from error
            else:
                wait = apply_rate_limits(response.headers, context.client.pacer)
                if not context.reads and _leaves_write_unknown(response):
                    slow = response.status_code == 504
                    raise outcome_unknown(
                        f"answered {response.status_code} to the write", request, context, may_follow=slow
                    )
                if not await self._goes_on(attempts, response, wait):
                    return response

    async def _goes_on(self, attempts: _Attempts, response: httpx.Response, wait: float | None) -> bool:
        """Whether to send again, after the wait that the service did not ask for by itself."""
        if not _should_retry(response, attempts.context):
            return False
        attempts.answer = response
        if response.status_code == 429 and not wait:
            # It does not say how long: everything waits, longer each time.
            attempts.context.client.pacer.hold(attempts.pause())
        elif not wait:
            return await attempts.another(f"status {response.status_code}")
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

    async def _resumed(self, attempts: _Attempts, error: Exception) -> httpx.Response:
        """The answer once more, after its body broke off."""
        if not await attempts.another(f"broken off ({type(error).__name__})"):
            raise error
        response = await self._answer(attempts)
        if response.status_code >= 400:
            raise error
        return response


def _may_resend(error: Exception, context: RequestContext) -> bool:
    if isinstance(error, _NEVER_SENT):
        # Nothing was sent. A certificate that is not accepted or a name that does not resolve will not change soon.
        return not (_is_tls(error) or _is_unknown_host(error))
    return context.reads


def _should_retry(response: httpx.Response, context: RequestContext) -> bool:
    if response.status_code == 429:
        return True
    if not context.reads:
        return False
    if response.status_code == 500:
        return b'"typeKey"' not in response.content
    return response.status_code in _RETRIED_STATUSES


def _leaves_write_unknown(response: httpx.Response) -> bool:
    """Whether a failure says nothing of what became of a write; an error body of the service with a 500 does."""
    return response.status_code >= 500 and not (response.status_code == 500 and b'"typeKey"' in response.content)


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
        return Unreachable(
            f"{request} was not sent: the requests in front of it took all the time this call may take. Try again."
        )
    return Throttled(
        f"{request} was not sent: the service throttles this account and asked for a pause that is longer than this "
        f"call may take. Come back in {late.seconds:.0f} s.",
        subject=f"{late.seconds:.0f}s",
        retry_after=late.seconds,
    )


def connection_error(error: Exception, request: httpx.Request, context: RequestContext) -> AzureDevOpsError:
    """What a broken connection or body means to the caller."""
    host = request.url.host
    if _is_tls(error):
        return TlsFailure(
            f"The certificate of {host} was not accepted: {error}. Behind a company proxy, set SSL_CERT_FILE to the "
            "company's root certificates.",
            subject=host,
        )
    if not context.reads and not isinstance(error, _NEVER_SENT):
        slow = isinstance(error, httpx.TimeoutException)
        happened = "did not answer in time" if slow else "broke the connection"
        happened += f" after the write was sent ({type(error).__name__})"
        return outcome_unknown(happened, request, context, may_follow=slow)
    return Unreachable(
        f"{host} could not be reached: {str(error) or type(error).__name__}. Check the network, the proxy settings "
        "(HTTPS_PROXY) and, for Azure DevOps Server, the base URL.",
        subject=host,
    )


def outcome_unknown(
    happened: str, request: httpx.Request, context: RequestContext, *, may_follow: bool = False
) -> WriteOutcomeUnknown:
    """A write that was sent and whose answer was lost."""
    return WriteOutcomeUnknown(
        f"{request.url.host} {happened}, so it may or may not have happened. It was not repeated. Look whether it is "
        "there before trying again.",
        subject=context.operation.template,
        happened=f"{request.url.host} {happened}.",
        may_follow=may_follow,
    )
