"""The errors that an operation answers with."""

from __future__ import annotations

from azure_devops_simulator.state.values import JsonObject

_LONGEST = 200


class ServiceError(Exception):
    """An error of the service. It becomes the usual JSON error body.

    Args:
        status: HTTP status.
        type_key: short exception name, for example `GitRepositoryNotFoundException`.
        message: the text of the service, which begins with its TF or VS code if it has one.
        event_id: usually 3000; 0 for argument errors.
        type_name: full .NET name with its assembly; derived from `type_key` when absent.
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
    """A wrong argument: 400 with event 0 and a .NET argument exception, whose message ends with the `parameter`."""

    def __init__(self, message: str, parameter: str | None = None, *, type_key: str = "ArgumentException") -> None:
        text = f"{message}\r\nParameter name: {parameter}" if parameter else message
        super().__init__(400, type_key, text, event_id=0, type_name=f"System.{type_key}, mscorlib")


class BindingError(Exception):
    """A value that does not fit the type of its parameter: 400 with the body of a model binding error."""


class MissingScopeError(Exception):
    """The token lacks a scope that only the handler knows to be needed. The answer is an empty 401."""


class MethodNotAllowedError(Exception):
    """The path exists, but not for this method."""


class NotSimulatedError(Exception):
    """Something that the service has and the simulator lacks. The answer says so, and is logged.

    Args:
        what: the missing part, for example `the parameter $top of GET .../threads` or `POST _apis/projects`. It names
            no ids and no values, because each text is reported once.
        status: the HTTP status: 400 for a part of a request, 404 for a whole operation; 501 for both with `strict`.
    """

    def __init__(self, what: str, *, status: int = 400) -> None:
        super().__init__(what)
        # A word of the request may be part of it, and it goes into a header and to a terminal.
        self.what = ascii(what)[1:-1][:_LONGEST]
        self.status = status

    def body(self) -> JsonObject:
        """Return the error body."""
        message = f"The simulator does not simulate {self.what}. This says nothing about the organization."
        return ServiceError(self.status, "NotSimulatedException", message).body()
