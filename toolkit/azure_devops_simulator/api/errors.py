"""The errors that an operation answers with."""

from __future__ import annotations

from azure_devops_simulator.state.values import JsonObject


class ServiceError(Exception):
    """An error as the service words it; rendered as its usual JSON error body.

    Args:
        status: HTTP status.
        type_key: short exception name, for example `GitRepositoryNotFoundException`.
        message: what the service says, with its TF or VS code in front when it has one.
        event_id: 3000 is usual, 0 for argument errors.
        type_name: full .NET name with its assembly; made up from `type_key` when absent.
        custom: `customProperties` of the body.
    """

    def __init__(
        self,
        status: int,
        type_key: str,
        message: str,
        *,
        event_id: int = 3000,
        type_name: str | None = None,
        custom: JsonObject | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type_key = type_key
        self.message = message
        self.event_id = event_id
        space = "Microsoft.VisualStudio.Services.Common"
        self.type_name = type_name or f"{space}.{type_key}, {space}"
        self.custom = custom

    def body(self) -> JsonObject:
        """Return the error body."""
        body: JsonObject = {
            "$id": "1",
            "innerException": None,
            "message": self.message,
            "typeName": self.type_name,
            "typeKey": self.type_key,
            "errorCode": 0,
            "eventId": self.event_id,
        }
        return body if self.custom is None else {**body, "customProperties": self.custom}


class ArgumentError(ServiceError):
    """A bad argument: 400, event 0, a .NET argument exception; `parameter` is named at the end as .NET does."""

    def __init__(self, message: str, parameter: str | None = None, *, type_key: str = "ArgumentException") -> None:
        text = f"{message}\r\nParameter name: {parameter}" if parameter else message
        super().__init__(400, type_key, text, event_id=0, type_name=f"System.{type_key}, mscorlib")


class BindingError(Exception):
    """A value that cannot be read as the type its parameter has: 400 with the body shape of model binding."""


class MissingScopeError(Exception):
    """The token lacks a scope that only the handler knows to be needed: an empty 401."""


class MethodNotAllowedError(Exception):
    """The path exists, the method does not: 405."""
