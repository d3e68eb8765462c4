"""The rules of api-version: where a request may name it, which versions a resource has, what the answer echoes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from azure_devops_simulator.api.errors import ServiceError
from azure_devops_simulator.api.query import Query
from azure_devops_simulator.api.routing import Route

LATEST = (7, 2)
"""The newest version that the simulated service knows. Versions up to 7.1 are released."""

_RELEASED = (7, 1)
_FORM = re.compile(r"(\d+)\.(\d+)(-preview(?:\.(\d+))?)?", re.IGNORECASE)
_IN_HEADER = re.compile(r";\s*api-version\s*=\s*([^;,\s]+)", re.IGNORECASE)


def requested_version(query: Query, headers: Mapping[str, str]) -> str | None:
    """Return the version that a request asks for, in the query or else in the Accept header."""
    if named := query.get("api-version"):
        return named
    found = _IN_HEADER.search(headers.get("accept", ""))
    return found[1] if found else None


def negotiate(route: Route, method: str, requested: str | None) -> str:
    """Return the version of the answer.

    Raises:
        ServiceError: 400 when the version is missing on a write, malformed, out of range, or lacks the preview flag.
    """
    if not route.version:
        return ""
    _, _, own_revision = route.version.partition("-preview.")
    if requested is None:
        if method in {"GET", "HEAD", "OPTIONS"}:
            return route.version
        message = (
            f'No api-version was supplied for the "{method}" request. The version must be supplied either as part of '
            'the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter '
            '(e.g. "?api-version=1.0").'
        )
        raise ServiceError(400, "VssVersionNotSpecifiedException", message)
    form = _FORM.fullmatch(requested)
    if form is None:
        # The text of the service for an invalid version is not known, but the shape of its answer is.
        raise ServiceError(400, "InvalidApiVersionException", f'The api-version "{requested}" is not a valid version.')
    number, preview, revision = (int(form[1]), int(form[2])), form[3], form[4]
    if number == (0, 0):
        raise ServiceError(
            404, "VssResourceNotFoundException", f'API resource version "{requested}" is not registered.'
        )
    if number > LATEST:
        message = (
            f"The requested REST API version of {form[1]}.{form[2]} is out of range for this server. "
            f"The latest REST API version this server supports is {LATEST[0]}.{LATEST[1]}."
        )
        raise ServiceError(400, "VssVersionOutOfRangeException", message)
    if preview is None and (own_revision or number > _RELEASED):
        message = (
            f'The requested version "{requested}" of the resource is under preview. The -preview flag must be supplied '
            f'in the api-version for such requests. For example: "{requested}-preview"'
        )
        raise ServiceError(400, "VssInvalidPreviewVersionException", message)
    if preview is None or revision is not None:
        return requested
    return f"{requested}.{own_revision or 1}"
