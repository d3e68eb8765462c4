"""The operations of the vendor's server that are known, as data, and the check of what a server really offers.

`operations.json` holds one entry for each tool of the server and, below it, one for each of its actions. It was made
from the server's source, because the server does not say which of its operations write. An operation that is not in
this file has no tool.
"""

import hashlib
import json
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, cast

from pydantic import JsonValue

from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.untrusted import one_line

ACTION = "action"
"""The argument by which the server chooses one of several operations of a tool."""
_CHECKED = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
_SHOWN = 8
_SHOWN_CHARACTERS = 60

Offer = Mapping[str, JsonValue]
"""A tool as the server lists it."""


@dataclass(frozen=True)
class VendorOperation:
    """One operation of the vendor's server.

    Attributes:
        tool: The name of the server's tool.
        action: The value of its `action` argument; empty when it has none.
        toolset: The toolset that it belongs to here.
        access: Whether it reads or writes; "none" when it is never offered.
        scopes: Any one of these lets a token use it.
        required: The arguments that must be given.
        optional: The other arguments that may be given; an argument in neither list is not offered.
        contents: The arguments of a write that do not say where it goes or whom it concerns.
        several: Whether one call may send several write requests, so that a refusal may come after a part was done.
        default: Whether it belongs to the default set.
        ours: Our tools for the same purpose; empty when there is none.
        lacks: Why we have no tool for it; empty when we have one.
        reason: Why it is not offered.
    """

    tool: str
    action: str
    toolset: str
    access: Literal["read", "write", "none"]
    scopes: tuple[Scope, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    contents: frozenset[str] = frozenset()
    several: bool = False
    default: bool = False
    ours: tuple[str, ...] = ()
    lacks: str = ""
    reason: str = ""

    @property
    def key(self) -> str:
        """The name of the tool and its action, such as `repo_branch.list`."""
        return f"{self.tool}.{self.action}" if self.action else self.tool

    @property
    def name(self) -> str:
        """The name of the tool that it becomes, such as `mcp_repo_branch_list`."""
        return f"mcp_{self.key.replace('.', '_')}"


class AllowList(NamedTuple):
    """What is known of one release of the vendor's server.

    Attributes:
        package: Its name on npm.
        version: The release.
        digests: The digest of each of its tools, by name.
        operations: All its operations, in the order of its list.
    """

    package: str
    version: str
    digests: Mapping[str, str]
    operations: tuple[VendorOperation, ...]


@cache
def load_allow_list() -> AllowList:
    """Read the list of known operations."""
    raw = json.loads(pkgutil.get_data(__name__, "operations.json") or b"")
    operations = tuple(
        VendorOperation(
            tool=tool,
            action=action,
            toolset=entry["toolset"],
            access=told["access"],
            scopes=tuple(map(Scope, told["scopes"])),
            required=tuple(told.get("required", ())),
            optional=tuple(told.get("optional", ())),
            contents=frozenset(told.get("contents", ())),
            several=told.get("several", False),
            default=told.get("default", False),
            ours=tuple(told.get("ours", ())),
            lacks=told.get("lacks", ""),
            reason=told.get("reason", ""),
        )
        for tool, entry in raw["tools"].items()
        for action, told in entry["operations"].items()
    )
    digests = {tool: str(entry["digest"]) for tool, entry in raw["tools"].items()}
    return AllowList(raw["package"], raw["version"], digests, operations)


def check_offers(offers: Iterable[Offer], version: str) -> None:
    """Accept only the server whose operations are known: the same release with the same list of tools.

    Raises:
        Misconfigured: The server offers something else; the message names what was added, removed and changed.
    """
    known, offered = load_allow_list(), {str(offer["name"]): offer for offer in offers}
    actions = {(operation.tool, operation.action) for operation in known.operations}
    found = {(name, action) for name, offer in offered.items() for action in list_actions(offer)}
    added, removed = _name(found - actions), _name(actions - found)
    gone = known.digests.keys() ^ offered.keys()
    changed = [
        name for name, digest in known.digests.items() if name not in gone and compute_digest(offered[name]) != digest
    ]
    # What was added to a tool or removed from it is named above.
    changed = [name for name in changed if not any(each.partition(".")[0] == name for each in (*added, *removed))]
    parts = [
        f"{word} {_shorten(names)}"
        for word, names in (("added", added), ("removed", removed), ("changed", changed))
        if names
    ]
    if version != known.version:
        parts.insert(0, f"its version is {one_line(version)[:_SHOWN_CHARACTERS] or 'not given'}")
    if parts:
        raise Misconfigured(
            f"The MCP server was not used: its operations are known for {known.package} {known.version}, and this one "
            f"differs: {'; '.join(parts)}. What is not known may write, so nothing of it is offered. Install "
            f"{known.package}@{known.version}, or a release of this package that knows the other one.",
            subject="mcp",
        )


def list_actions(offer: Offer) -> tuple[str, ...]:
    """Return the actions that a tool of the server offers; one empty text when it has no `action` argument."""
    schema = cast("Mapping[str, Mapping[str, Mapping[str, JsonValue]]]", offer.get("inputSchema") or {})
    argument = (schema.get("properties") or {}).get(ACTION)
    if argument is None:
        return ("",)
    values = argument.get("enum", [argument.get("const")])
    return tuple(map(str, values)) if isinstance(values, list) and values else (str(values),)


def compute_digest(offer: Offer) -> str:
    """Compute the digest of all that a server says of one of its tools and that a model or this package reads."""
    told = {name: offer[name] for name in _CHECKED if offer.get(name) is not None}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _name(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(f"{tool}.{action}" if action else tool for tool, action in pairs)


def _shorten(names: list[str]) -> str:
    """Name some of the tools. The server chose the names, so each is cleaned and short."""
    shown = [one_line(name)[:_SHOWN_CHARACTERS] for name in names[:_SHOWN]]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(shown)}{more}"
