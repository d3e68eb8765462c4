"""The toolkit: the tools of Azure DevOps that a token may use, as tools of LangChain."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx
from langchain_core.tools import BaseTool, BaseToolkit, StructuredTool
from pydantic import ConfigDict, PrivateAttr, SecretStr
from typing_extensions import Unpack

from langchain_azure_devops.access.connection import Connection
from langchain_azure_devops.access.finding import find_by_words
from langchain_azure_devops.access.offer import Offer
from langchain_azure_devops.access.selection import DEFAULT, Absence, Catalog, Names, check_complete
from langchain_azure_devops.adapters.langchain import ArtifactForm, OnError, bind, make_announcer
from langchain_azure_devops.adapters.middleware import Decision, MiddlewareApprover
from langchain_azure_devops.adapters.options import (
    ResultBudget,
    ToolkitOptions,
    check_options,
    choose_settings,
    read_budgets,
)
from langchain_azure_devops.adapters.prompt import write_prompt
from langchain_azure_devops.calls.approval import check_approver
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.calls.facts import Access
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.closing import Closing
from langchain_azure_devops.results.rendering import DEFAULT_BUDGET
from langchain_azure_devops.runtime import RunContext, Waiting
from langchain_azure_devops.safety.audit import AuditLog
from langchain_azure_devops.safety.grants import Approver, WritePolicy
from langchain_azure_devops.safety.local_files import FileAccess
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.settings import Settings, TokenProvider

if TYPE_CHECKING:
    from langchain.agents.middleware import InterruptOnConfig


class AzureDevOpsToolkit(BaseToolkit, Closing):
    """The tools of Azure DevOps that a token may use.

        with AzureDevOpsToolkit.connect(organization="contoso", default_project="Platform") as toolkit:
            agent = create_agent(model, toolkit.get_tools())

    The constructor sends no request, and `connect` verifies the connection. Until the scopes are declared or verified,
    `get_tools()` returns only tools that read. Close the toolkit, or use it in a `with` statement.

    Many users can share one toolkit: `get_tools(approver=...)` returns tools whose writes one user approves.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    _client: AzureDevOps = PrivateAttr()
    _offer: Offer = PrivateAttr()
    _bound: dict[str, StructuredTool] = PrivateAttr(default_factory=dict)
    _approver: Approver | None = PrivateAttr(default=None)
    _middleware_approver: MiddlewareApprover = PrivateAttr()
    _asks_by_middleware: bool = PrivateAttr(default=False)
    _name_prefix: str = PrivateAttr(default="")
    _budgets: Mapping[str, int] = PrivateAttr()
    _on_error: OnError = PrivateAttr(default="message")
    _artifact: ArtifactForm = PrivateAttr(default="json")

    def __init__(
        self,
        *,
        organization: str | None = None,
        pat: str | SecretStr | TokenProvider | None = None,
        default_project: str | None = None,
        scopes: str | Iterable[Scope | str] | None = None,
        toolsets: Names | None = None,
        tools: Names | None = None,
        exclude: Names = (),
        extra: Iterable[Toolset | Tool[..., Any]] = (),
        read_only: bool = False,
        writes: WritePolicy | None = None,
        approver: Approver | None = None,
        allow_policy_bypass: bool = False,
        allow_own_reviews: bool = False,
        images: bool = False,
        attachments_folder: Path | str | None = None,
        name_prefix: str = "",
        base_url: str | None = None,
        result_budget: ResultBudget = DEFAULT_BUDGET,
        on_error: OnError = "message",
        artifact: ArtifactForm = "json",
        context: RunContext | None = None,
        settings: Settings | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        progress: Callable[[Waiting], None] | None = None,
        audit: Path | str | None = None,
    ) -> None:
        """Check the options and choose the tools, without any request.

        Args:
            organization: The bare name; `AZURE_DEVOPS_ORG` if it is not given.
            pat: The personal access token, or a function that returns it (plain or async). The function is called again
                when the service stops accepting the token. `AZURE_DEVOPS_PAT` if it is not given.
            default_project: The project that a tool uses when its call names none; `AZURE_DEVOPS_PROJECT` if it is not
                given.
            scopes: The scopes of the token, if you know them; `AZURE_DEVOPS_SCOPES` if they are not given. `verify()`
                finds them out otherwise.
            toolsets: Names of the toolsets to offer, "default" or "all"; adds up with `tools`, and neither means
                "default".
            tools: Names of single tools to offer, with or without the prefix.
            exclude: Names of tools or toolsets to leave out.
            extra: Toolsets and tools of your own. They are always offered unless you exclude them, and filtered,
                approved and audited like the others.
            read_only: Offer no tool that writes and refuse every write.
            writes: "ask" the approver about each write (the default), "deny" every write, or "allow" every write,
                which is for callers with a control of their own.
            approver: Answers the write requests of the tools when `writes` is "ask", unless `get_tools` is given
                another approver. With None, the approver of the block answers; see `approve_writes_with`.
            allow_policy_bypass: Let the policies of a branch be passed over, by completing a pull request, pushing to
                the branch or deleting it. The approver is shown each of them. No argument of a tool allows this.
            allow_own_reviews: Let the account of the token vote on and complete pull requests that it opened or pushed
                to itself.
            images: Let `read_attachment` return images beside its text. They can be neither redacted nor fenced.
            attachments_folder: The folder whose files `upload_attachment` may send; without it there is no such tool.
            name_prefix: Stands before the name of every tool.
            base_url: The whole URL of the organization or collection outside the cloud; `AZURE_DEVOPS_BASE_URL` if it
                is not given.
            result_budget: The most characters that the text of one result may have, from 4,000 to 120,000; or a mapping
                with such a number for each named tool, and for all others under "default".
            on_error: "raise" to let tools raise the errors of this package; by default they return them as tool
                messages with `status="error"`. "raise_retryable" raises only those after which the same call may
                succeed, for `ToolRetryMiddleware(retry_on=RETRYABLE)`.
            artifact: "none" to return only the text of a result. By default its data is the artifact of the message.
            context: Clock, ids and nonces, for tests and recordings.
            settings: Organization, token, project, scopes and base URL at once, as `load_settings` returns them.
            transport: Takes the place of the network, for recordings.
            progress: Called for waits that a person would notice. Inside a LangGraph run they go to its stream
                instead, mode "custom".
            audit: The file that records reads, approvals and writes; None records nothing.

        Raises:
            Misconfigured: An option has a value that it cannot have.
        """
        super().__init__()
        check_options(
            read_only=read_only,
            writes=writes,
            name_prefix=name_prefix,
            on_error=on_error,
            artifact=artifact,
            context=context,
            transport=transport,
            progress=progress,
            audit=audit,
        )
        loaded = choose_settings(
            settings,
            organization=organization,
            pat=pat,
            default_project=default_project,
            base_url=base_url,
            scopes=scopes,
        )
        catalog = Catalog.of(extra, name_prefix)
        candidates = catalog.choose(toolsets, tools, exclude)
        self._budgets = read_budgets(result_budget, catalog)
        self._client = AzureDevOps(
            loaded,
            read_only=read_only or writes == "deny" or (loaded.borrowed and writes is None),
            writes=writes or "ask",
            context=context,
            transport=transport,
            progress=make_announcer(progress),
            audit=None if audit is None else AuditLog(Path(audit)),
            allow_policy_bypass=allow_policy_bypass,
            allow_own_reviews=allow_own_reviews,
            files=FileAccess.choose(folder=attachments_folder, images=images),
        )
        self._offer = Offer(self._client, catalog, candidates)
        self._client.credential.replaced = self._verify_again
        self._approver = check_approver(approver)
        self._middleware_approver = MiddlewareApprover(self._client)
        self._name_prefix, self._on_error, self._artifact = name_prefix, on_error, artifact

    @classmethod
    def connect(cls, *, strict: bool = False, **options: Unpack[ToolkitOptions]) -> Self:
        """Make a toolkit and verify its connection; the other options are those of the constructor.

        Args:
            strict: Whether to raise when the token does not allow every chosen tool. Otherwise `absent` names these.
            **options: The options of the constructor.

        Raises:
            AzureDevOpsError: Why there is no usable connection, or which tools the token does not allow.
        """
        toolkit = cls(**options)
        try:
            toolkit._accept(toolkit.verify(), strict)
        except AzureDevOpsError:
            toolkit.close()
            raise
        return toolkit

    @classmethod
    async def aconnect(cls, *, strict: bool = False, **options: Unpack[ToolkitOptions]) -> Self:
        """Make a toolkit and verify its connection without blocking; see `connect`."""
        toolkit = cls(**options)
        try:
            toolkit._accept(await toolkit.averify(), strict)
        except AzureDevOpsError:
            await toolkit.aclose()
            raise
        return toolkit

    def _accept(self, connection: Connection, strict: bool) -> None:
        if connection.error is not None:
            raise connection.error
        if strict:
            check_complete(self._offer.selection)

    def get_tools(
        self,
        *,
        approver: Approver | Literal["default"] | None = "default",
        names: Names | None = None,
        toolsets: Names | None = None,
        access: Access | None = None,
    ) -> list[BaseTool]:
        """Return the tools that this token may use, as far as that is known, for one user or one run.

        Ask again after a rotation or a refresh: a new token may bring other tools. Tools that were returned before
        answer `denied` when the token does not allow them any more.

        Args:
            approver: Answers the write requests of the returned tools, and of no others; None refuses them. By default
                the approver of the toolkit answers, otherwise the one of the block; see `approve_writes_with`.
            names: Names of tools, with or without the prefix; adds up with `toolsets`, and neither means all.
            toolsets: Names of toolsets, "default" or "all".
            access: "read" or "write" to leave the others out.

        Raises:
            ToolUnknown: The toolkit was made without such a tool or toolset. A tool that the token does not allow is
                left out instead; `absent` says why.
            Misconfigured: An argument has no possible value.
        """
        allowed = self._offer.list_allowed(names, toolsets, access)
        if approver == "default":
            return [self._bind_once(tool) for tool in allowed]
        given = check_approver(approver)
        return [self._bind(tool, given) if tool.access == "write" else self._bind_once(tool) for tool in allowed]

    def find_tools(self, words: str, limit: int = 8) -> list[Tool[..., Any]]:
        """Return the chosen tools that fit some words or a question, the best first.

        This lets an agent with many tools show only some of them to its model. Tools that the token does not allow are
        found as well; `absent` says why they are left out.

        Args:
            words: Words in any order, such as "branch policy", or a question.
            limit: The most tools to return.
        """
        return find_by_words(self._offer.candidates, words, limit)

    def interrupt_on(
        self, allowed_decisions: Sequence[Decision] = ("approve", "edit", "reject")
    ) -> "dict[str, bool | InterruptOnConfig]":
        """Return what LangChain's `HumanInTheLoopMiddleware` and deepagents need to ask a person about each write.

            tools = toolkit.get_tools(approver=toolkit.middleware_approver)
            middleware = HumanInTheLoopMiddleware(toolkit.interrupt_on())
            agent = create_agent(model, tools, middleware=[middleware], checkpointer=checkpointer)

        From now on, `middleware_approver` also answers for tools of this toolkit that have no other approver: neither
        one of `get_tools` or of the toolkit, nor one of a block.

        The person sees the organization, the project, all arguments and the current values. The process that asks must
        also get the answer, on the same toolkit; use `interrupt_approver` where several processes answer. Nobody is
        asked about a tool that `get_tools` does not return, because the token does not allow it.

        Args:
            allowed_decisions: What the person may decide: "approve", "edit" and "reject".

        Raises:
            Misconfigured: There is no such decision about a write.
        """
        offered = {self._name_prefix + tool.name: tool for tool in self._offer.selection.tools}
        asked = self._middleware_approver.interrupt_on(offered, allowed_decisions)
        self._asks_by_middleware = True
        return asked

    def system_prompt(self) -> str:
        """Return what a model needs to know about the tools, for the prompt of an agent of your own.

        It explains the conventions of the results and names the organization, the default project, and the chosen tools
        that are absent, with the reason. Ask again after a rotation or a refresh.
        """
        settings, client = self._client.settings, self._client
        return write_prompt(
            settings.organization,
            settings.default_project,
            "deny" if client.read_only else client.writes,
            {self._name_prefix + name: absence for name, absence in self._offer.selection.absent.items()},
            self._name_prefix,
        )

    @property
    def middleware_approver(self) -> Approver:
        """An approver that accepts a write only when the middleware has shown it to a person; see `interrupt_on`.

        The process that asks must also get the answer; use `interrupt_approver` where several processes answer.
        """
        return self._middleware_approver

    def _bind_once(self, tool: Tool[..., Any]) -> StructuredTool:
        if (bound := self._bound.get(tool.name)) is None:
            made = self._bind(tool, "default" if self._approver is None else self._approver)
            bound = self._bound.setdefault(tool.name, made)
        return bound

    def _bind(self, tool: Tool[..., Any], approver: Approver | Literal["default"] | None) -> StructuredTool:
        return bind(
            tool,
            self._client,
            approver=approver,
            fallback=lambda: self._middleware_approver if self._asks_by_middleware else None,
            name_prefix=self._name_prefix,
            refused=self._offer.mark_refused,
            budget=self._budgets.get(tool.name, self._budgets[DEFAULT]),
            on_error=self._on_error,
            artifact=self._artifact,
        )

    def add_tools(self, tools: Iterable[Toolset | Tool[..., Any]]) -> None:
        """Offer further tools from now on: filtered, approved and audited like those of `extra`.

        Raises:
            Misconfigured: Something is neither a toolset nor a tool, has the name of another tool or toolset, or
                declares no scope.
        """
        self._offer.add(tools)

    def verify(self) -> Connection:
        """Find out whether the settings work and what the token may do. States with a name are returned, not raised."""
        return self._client.run_sync(self._offer.verify())

    async def averify(self) -> Connection:
        """Find out whether the settings work without blocking; see `verify`."""
        return await self._client.run(self._offer.verify())

    def refresh(self) -> Connection:
        """Get a new token from the provider, verify it and choose the tools again.

        When the service refuses a token, only a token of the same account takes its place by itself. This also accepts
        a token of another account, and says so in the hints of the connection.
        """
        return self._client.run_sync(self._offer.refresh())

    async def arefresh(self) -> Connection:
        """Get a new token from the provider without blocking; see `refresh`."""
        return await self._client.run(self._offer.refresh())

    @property
    def declarations(self) -> dict[str, Tool[..., Any]]:
        """Every selected tool by the name under which it is bound, whether or not the token allows it."""
        return {self._name_prefix + tool.name: tool for tool in self._offer.candidates}

    @property
    def client(self) -> AzureDevOps:
        """The client of the tools, for calling typed functions directly."""
        return self._client

    @property
    def connection(self) -> Connection | None:
        """The result of the last `verify()`; None before the first one."""
        return self._offer.connection

    @property
    def absent(self) -> dict[str, Absence]:
        """The chosen tools that are left out, each with the reason and the scopes of which any one would bring it."""
        return dict(self._offer.selection.absent)

    def required_scopes(self) -> frozenset[Scope]:
        """Return the least scopes that bring every chosen tool."""
        return self._offer.required_scopes()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    async def aclose(self) -> None:
        """Close the connections without blocking."""
        await self._client.aclose()

    async def _verify_again(self) -> None:
        """Find out what a new token may do."""
        await self._offer.verify()
