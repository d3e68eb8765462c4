"""Turns pages that stand where an answer should be into the errors they are."""

import httpx

from langchain_azure_devops.errors import AzureDevOpsError, ProxyPage, SignInRequired

_SIGN_IN_HOSTS = ("login.microsoftonline.com", "visualstudio.com", "login.live.com", "login.windows.net")


class SignInDetection(httpx.AsyncBaseTransport):
    """Turns a sign-in page or a proxy's page into the error it is, before anybody reads it as data."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Stand in front of `inner`."""
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, then look at what came back.

        Raises:
            SignInRequired: The service wants a sign-in.
            ProxyPage: Something else answered with a page.
        """
        response = await self._inner.handle_async_request(request)
        html = response.headers.get("content-type", "").lower().startswith("text/html")
        answered = html and response.status_code < 300
        refused = 400 <= response.status_code < 500 and response.status_code != 429
        foreign = html and refused and not _from_service(response)
        if answered or foreign or response.status_code == 203 or 300 <= response.status_code < 400:
            await response.aclose()
            raise _page_error(response, request)
        return response

    async def aclose(self) -> None:
        """Close what is behind."""
        await self._inner.aclose()


def _from_service(response: httpx.Response) -> bool:
    return any(name.startswith(("x-vss-", "x-tfs-")) for name in response.headers)


def _page_error(response: httpx.Response, request: httpx.Request) -> AzureDevOpsError:
    host = request.url.host
    location = response.headers.get("location", "")
    if _from_service(response) or _host_of(location).endswith(_SIGN_IN_HOSTS) or "_signin" in location:
        return SignInRequired(
            f"{host} answered with its sign-in page (status {response.status_code}) instead of data: it does not "
            "accept this token. It is wrong, expired or revoked, or belongs to another organization. Make a new one, "
            "set AZURE_DEVOPS_PAT, and run 'azure-devops-agent verify'.",
            subject=str(response.status_code),
        )
    return ProxyPage(
        f"Something between here and {host} answered with a page of its own (status {response.status_code}): a proxy, "
        "a captive portal or a firewall. Open the address in a browser on this machine, or set HTTPS_PROXY.",
        subject=str(response.status_code),
    )


def _host_of(location: str) -> str:
    """The host of a redirect's target; empty when the target is no URL."""
    try:
        return httpx.URL(location).host
    except httpx.InvalidURL:
        return ""
