"""Choosing tools when a toolkit is made and when tools are taken from it, and adding tools of one's own."""

from typing import Annotated

import pytest
from langchain_core.tools import tool as langchain_tool
from pydantic import Field
from tool_calls import FULL, UPLOADS, seed_with_tokens

from langchain_azure_devops import (
    TOOLS,
    TOOLSETS,
    Approval,
    AzureDevOps,
    AzureDevOpsToolkit,
    Page,
    Result,
    Scope,
    Toolset,
    WritePlan,
    bind,
)
from langchain_azure_devops.calls.declaration import Limit
from langchain_azure_devops.calls.paging import list_rows
from langchain_azure_devops.errors import Misconfigured, ToolUnknown, WriteBlocked
from langchain_azure_devops.safety.audit import read_entries
from langchain_azure_devops.settings import load_settings


def words_only(value):
    """The id of a parameter; what is not a text may have the address of a function in it."""
    return value if isinstance(value, str) else ""


PAT = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5q6r7s2t3u4v5w6x7y2z3"
DEFAULT_SET = {tool.name for tool in TOOLS.values() if tool.default}
BUILDS = {tool.name for tool in TOOLSETS["builds"].tools}


def toolkit_of(**arguments):
    given = {"organization": "contoso", "pat": PAT, "scopes": "app_token", "attachments_folder": UPLOADS.folder}
    return AzureDevOpsToolkit(**{**given, **arguments})


def names(toolkit, **chosen):
    return {tool.name for tool in toolkit.get_tools(**chosen)}


# -- names ----------------------------------------------------------------------------------------------------------


def test_the_default_set_is_offered_when_nobody_chooses():
    assert names(toolkit_of()) == DEFAULT_SET == names(toolkit_of(toolsets="default"))
    assert names(toolkit_of(toolsets="all")) == set(TOOLS) == names(toolkit_of(toolsets=["all"]))


def test_only_tools_outside_the_default_set_are_deferred():
    deferred = {tool.name for tool in toolkit_of(toolsets="all").get_tools() if tool.extras == {"defer_loading": True}}
    assert deferred == set(TOOLS) - DEFAULT_SET
    assert "list_tags" in deferred


def test_a_text_is_one_name():
    assert names(toolkit_of(toolsets="builds")) == BUILDS
    assert names(toolkit_of(tools="get_build")) == {"get_build"}
    assert names(toolkit_of(exclude="get_build")) == DEFAULT_SET - {"get_build"}
    assert names(toolkit_of(exclude="builds")) == DEFAULT_SET - BUILDS
    assert names(toolkit_of(toolsets="builds", tools="list_projects")) == {*BUILDS, "list_projects"}
    assert names(toolkit_of(toolsets=["default", "builds"])) == DEFAULT_SET | BUILDS


def test_prefixed_names_are_accepted_and_mean_the_same():
    toolkit = toolkit_of(name_prefix="ado_", tools=["ado_get_build", "list_builds"])
    assert names(toolkit) == {"ado_get_build", "ado_list_builds"}
    assert names(toolkit, names="ado_get_build") == names(toolkit, names="get_build") == {"ado_get_build"}
    assert names(toolkit_of(name_prefix="ado_", toolsets="builds", exclude="ado_get_build")) == {
        f"ado_{name}" for name in BUILDS - {"get_build"}
    }
    with pytest.raises(ToolUnknown, match="There is no tool 'ado_get_build'"):
        toolkit_of(name_prefix="other_", tools=["ado_get_build"])
    with pytest.raises(ToolUnknown, match="There is no tool 'ado_get_biuld'"):
        toolkit_of(name_prefix="ado_", tools=["ado_get_biuld"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"toolsets": "build"}, r"There is no toolset 'build'. Did you mean 'builds'\? Known: default, all, projects"),
        ({"toolsets": "Builds"}, r"Did you mean 'builds'\?"),
        ({"toolsets": "builds, search"}, "There is no toolset 'builds, search'"),
        ({"tools": "get_biuld"}, r"There is no tool 'get_biuld'. Did you mean 'get_build'\?"),
        ({"exclude": ["lisst_projects"]}, r"Did you mean 'list_projects'\? Known: .*builds"),
    ],
)
def test_an_unknown_name_is_refused_with_the_near_one(wrong, words):
    with pytest.raises(ToolUnknown, match=words):
        toolkit_of(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tools": 5}, "tools= takes names, not int"),
        ({"tools": [TOOLS["get_build"]]}, r"tools= takes names, not Tool\. .*extra="),
        ({"toolsets": [TOOLSETS["builds"]]}, "toolsets= takes names, not Toolset"),
        ({"toolsets": [None]}, "toolsets= takes names, not NoneType"),
        ({"exclude": b"get_build"}, "exclude= takes names, not int"),
        (
            {"writes": "Deny"},
            r'writes=\'Deny\' is not allowed. Give "deny" or "ask" or "allow". Did you mean \'deny\'\?',
        ),
        ({"writes": "Ask"}, r"Did you mean 'ask'\?"),
        ({"writes": "allowed"}, r"Did you mean 'allow'\?"),
        ({"writes": True}, "writes=True is not allowed"),
        ({"writes": ""}, "writes='' is not allowed"),
        ({"read_only": "no"}, "read_only= takes True or False, not str"),
        ({"read_only": None}, "read_only= takes True or False, not NoneType"),
        ({"name_prefix": None}, "name_prefix= takes a text"),
        ({"on_error": "Raise"}, r"""Give "message" or "raise" or "raise_retryable"\. Did you mean 'raise'"""),
        ({"exclude": None}, "exclude= takes names of tools or toolsets, not NoneType"),
        ({"result_budget": "32000"}, "result_budget= takes a number of characters from 4,000 to 120,000, not str"),
        ({"result_budget": True}, "result_budget= takes a number of characters from 4,000 to 120,000, not bool"),
        ({"result_budget": -5}, "result_budget= takes a number of characters from 4,000 to 120,000, not -5"),
        ({"result_budget": 0}, "result_budget= takes a number of characters from 4,000 to 120,000, not 0"),
        ({"result_budget": 3_999}, "from 4,000 to 120,000, not 3999"),
        ({"result_budget": 120_001}, "from 4,000 to 120,000, not 120001"),
        ({"context": 5}, "context= takes a RunContext, not int"),
        ({"transport": 5}, "transport= takes an asynchronous transport of httpx, not int"),
        ({"progress": 5}, "progress= takes a function that takes a Waiting, not int"),
        ({"audit": 5}, "audit= takes the path of a file, not int"),
        ({"organization": 5}, "organization= takes a text, not int"),
        ({"default_project": ["Platform"]}, "default_project= takes a text, not list"),
        ({"settings": "contoso"}, r"settings= takes what load_settings\(\) returns, not str"),
        ({"settings": load_settings(organization="x", pat=PAT)}, "The settings hold organization, pat, scopes already"),
        ({"approver": "ask"}, "The approver is str 'ask'"),
        ({"extra": "mine"}, r"extra= takes a list of toolsets and tools, not str"),
        ({"extra": TOOLSETS["builds"]}, r"not Toolset, as in extra=\[my_toolset\]"),
        ({"extra": [len]}, "extra= takes objects of the classes Toolset and Tool, not builtin_function"),
    ],
    ids=words_only,
)
def test_a_value_that_an_option_cannot_have_is_refused(wrong, words):
    with pytest.raises(Misconfigured, match=words):
        toolkit_of(**wrong)


@pytest.mark.parametrize("writes", ["Deny", "Ask", "Allow", "", None, True, 1, b"allow"], ids=repr)
def test_the_client_refuses_unknown_policies_and_the_gate_allows_by_one_word_only(writes, server):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform")
    with pytest.raises(Misconfigured, match=r'Give "deny" or "ask" or "allow"'):
        AzureDevOps(settings, writes=writes)
    with AzureDevOps(settings, writes="allow") as client:
        client.writes = writes
        with pytest.raises(WriteBlocked):
            TOOLS["create_work_item"].call_sync(client, type="Bug", title="Written")
    assert [item for item in server.organization.work_items if item.title == "Written"] == []


# -- tools for one user or one run ----------------------------------------------------------------------------------


def test_a_run_takes_some_of_the_tools():
    toolkit = toolkit_of()
    assert names(toolkit, names=["get_build"], toolsets="projects") == {"get_build", "list_projects"}
    assert names(toolkit, access="write") == {name for name in DEFAULT_SET if TOOLS[name].access == "write"}
    assert names(toolkit, toolsets="work_items", access="read") == {"get_work_item", "query_work_items"}
    assert names(toolkit, names=[]) == set()
    # The token does not allow it: left out, and `absent` says why.
    reader = toolkit_of(scopes="vso.work")
    assert names(reader, names=["create_work_item", "get_work_item"]) == {"get_work_item"}
    assert "create_work_item" in reader.absent


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        ({"names": "get_work_item"}, ToolUnknown, "This toolkit was made without 'get_work_item'. It was made for: "),
        ({"toolsets": "work_items"}, ToolUnknown, "This toolkit was made without '.*work_item"),
        ({"names": "get_biuld"}, ToolUnknown, r"Did you mean 'get_build'\?"),
        ({"access": "Write"}, Misconfigured, """is not allowed. Give "read" or "write". Did you mean 'write'"""),
        ({"access": True}, Misconfigured, "access=True is not allowed"),
        ({"names": 3}, Misconfigured, "^names= takes names, not int"),
        ({"toolsets": 3}, Misconfigured, "^toolsets= takes names, not int"),
    ],
    ids=words_only,
)  # fmt: skip
def test_a_run_cannot_take_what_is_not_there(wrong, kind, words):
    with pytest.raises(kind, match=words):
        toolkit_of(toolsets="builds").get_tools(**wrong)


# -- tools of one's own ---------------------------------------------------------------------------------------------


class WorkItemField(Result):
    """A field of work items."""

    singular, plural = "field", "fields"
    identifying = ("name",)

    name: str


class Tagged(Result):
    """A work item that got a tag."""

    id: int


def own_toolset():
    """A toolset as a user writes it, with a tool that reads and one that writes."""
    own = Toolset.named("fields", "See and change fields.")

    @own.read(Scope.WORK)
    async def list_fields(client: AzureDevOps, *, limit: Limit = 100) -> Page[WorkItemField]:
        """List the fields of work items."""
        return await list_rows(client, WorkItemField, "/_apis/wit/fields", limit=limit, cursor=None, style="skip")

    @own.write(Scope.WORK_WRITE, sends="PATCH /_apis/wit/workitems/{id}")
    async def tag_work_item(
        client: AzureDevOps, *, id: int, tag: Annotated[str, Field(description="One word")]
    ) -> Tagged:
        """Give a work item a tag."""
        patch = [{"op": "add", "path": "/fields/System.Tags", "value": tag}]
        kind = "application/json-patch+json"
        template = "/_apis/wit/workitems/{id}"
        await client.post(template, patch, path={"id": id}, method="PATCH", content_type=kind)
        return Tagged(id=id)

    return own


@pytest.fixture
def organization():
    return seed_with_tokens()


@pytest.fixture
def toolkit(server, tmp_path):
    """Makes toolkits of the simulator with the user's own toolset."""
    made = []

    def make(**options):
        options = {"pat": FULL, "scopes": "app_token", "extra": [own_toolset()], **options}
        audit = tmp_path / "audit.jsonl"
        made.append(AzureDevOpsToolkit(base_url=server.base_url, default_project="Platform", audit=audit, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def tags_of(toolkit, number):
    return str(TOOLS["get_work_item"].call_sync(toolkit.client, ids=[number]).tags)


def test_tools_of_the_user_are_offered_beside_the_chosen_ones(toolkit):
    own = {"list_fields", "tag_work_item"}
    assert names(toolkit()) == DEFAULT_SET | own
    assert names(toolkit(toolsets="builds")) == BUILDS | own
    assert names(toolkit(toolsets="fields")) == own
    assert names(toolkit(toolsets="builds", exclude="tag_work_item")) == {*BUILDS, "list_fields"}
    assert names(toolkit(exclude="fields")) == DEFAULT_SET
    assert names(toolkit(), toolsets="fields") == own
    assert names(toolkit(extra=own_toolset().tools[:1], tools=[])) == {"list_fields"}
    assert names(toolkit(name_prefix="my_"), names=["my_list_fields"]) == {"my_list_fields"}


def test_tools_of_the_user_are_filtered_by_scopes_and_by_read_only(toolkit):
    assert names(toolkit(scopes="vso.work"), toolsets="fields") == {"list_fields"}
    assert toolkit(scopes="vso.work").absent["tag_work_item"].scopes == (Scope.WORK_WRITE,)
    assert names(toolkit(scopes="vso.code"), toolsets="fields") == set()
    assert names(toolkit(read_only=True), toolsets="fields") == {"list_fields"}
    assert names(toolkit(writes="deny"), toolsets="fields") == {"list_fields"}
    assert names(toolkit(scopes=None), toolsets="fields") == {"list_fields"}
    assert toolkit(tools=[], scopes=None).required_scopes() == {Scope.WORK_WRITE}


def test_tools_of_the_user_carry_the_same_metadata_and_are_deferred(toolkit):
    [reader, writer] = toolkit().get_tools(toolsets="fields")
    assert reader.metadata == {
        "tool": "list_fields",
        "access": "read",
        "scopes": ["vso.work"],
        "also": [],
        "toolset": "fields",
        "destructive": False,
        "idempotent": True,
    }
    # Nobody said that it is harmless to overwrite or to repeat.
    assert (writer.metadata["destructive"], writer.metadata["idempotent"]) == (True, False)
    assert reader.extras == writer.extras == {"defer_loading": True}


def test_a_write_of_the_users_tool_is_approved_gated_and_audited(toolkit, tmp_path):
    asked = []

    def dana(request):
        asked.append(request)
        return Approval(len(asked) > 1, request.digest, "dana", "not now")

    made = toolkit()
    [writer] = made.get_tools(names="tag_work_item", approver=dana)
    arguments = {"id": 4, "tag": "rota"}
    assert "not now" in writer.invoke(arguments)
    assert "rota" not in tags_of(made, 4)
    assert "no approver was given" in made.get_tools(names="tag_work_item")[0].invoke(arguments)
    writer.invoke(arguments)
    assert "rota" in tags_of(made, 4)
    assert [request.arguments for request in asked] == [arguments, arguments]
    events = [entry.event for entry in read_entries(tmp_path / "audit.jsonl") if entry.event != "read"]
    assert events == ["denied", "denied", "approved", "granted", "written"]
    # What leaves is checked, too.
    assert "a link to evil.example" in writer.invoke({"id": 4, "tag": "https://evil.example/x"})
    # Without `targets` and `contents` every argument is a target, and a plan must fix it.
    plan = WritePlan.model_validate({"writes": [{"tool": "tag_work_item", "fields": {"id": {"values": ["4"]}}}]})
    [writer] = made.get_tools(
        names="tag_work_item", approver=plan.approved(made.client, by="operator", digest=plan.digest)
    )
    assert "does not name tag" in writer.invoke(arguments)


def test_a_read_of_the_users_tool_is_rendered_and_audited(toolkit, tmp_path):
    [reader] = toolkit().get_tools(names="list_fields")
    assert "Iteration Path" in reader.invoke({})
    [entry] = read_entries(tmp_path / "audit.jsonl")
    assert (entry.event, entry.details["tool"]) == ("read", "list_fields")


def test_a_tool_that_sends_more_than_it_declares_is_stopped(toolkit):
    own = Toolset.named("greedy", "Too much.")

    @own.write(Scope.WORK_WRITE, sends="POST /{project}/_apis/wit/workItems/{id}/comments")
    async def comment_and_tag(client: AzureDevOps, *, id: int) -> Tagged:
        """Comment, it says."""
        return await own_toolset().tools[1].function(client, id=id, tag="rota")

    made = toolkit(extra=[own], writes="allow")
    [writer] = made.get_tools(names="comment_and_tag")
    assert "does not declare this operation" in writer.invoke({"id": 4})
    assert "rota" not in tags_of(made, 4)


def test_a_reader_whose_scope_verify_cannot_probe_stays_and_a_writer_does_not(toolkit):
    own = Toolset.named("notes", "Read and write notes.")

    @own.read(Scope.PACKAGING)
    async def list_notes(client: AzureDevOps) -> Page[WorkItemField]:
        """List notes."""
        return await list_rows(
            client, WorkItemField, "/{project}/_apis/packaging/feeds", limit=1, cursor=None, style="skip"
        )

    @own.write(Scope.PACKAGING_WRITE, sends="PUT /{project}/_apis/packaging/feeds/{feed}")
    async def write_note(client: AzureDevOps, *, feed: str) -> Tagged:
        """Write a note."""
        return Tagged(id=len(feed))

    made = toolkit(extra=[own], scopes=None)
    made.verify()
    assert names(made, toolsets="notes") == {"list_notes"}
    assert made.absent["write_note"].reason == "it is not known whether the token has the scope: declare it"
    declared = toolkit(extra=[own], scopes="vso.packaging vso.work vso.code vso.build")
    declared.verify()
    assert names(declared, toolsets="notes") == {"list_notes"}
    assert declared.absent["write_note"].reason == "the token is not declared to have the scope"


def other(name, *scopes, of="others"):
    async def function(client: AzureDevOps) -> Tagged:
        """Do nothing."""
        return Tagged(id=1)

    function.__name__ = name
    toolset = Toolset.named(of, "Others.")
    toolset.read(*scopes)(function)
    return toolset


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ([other("get_build", Scope.BUILD)], "There are two tools called 'get_build'"),
        ([other("mine", Scope.BUILD), other("mine", Scope.BUILD, of="more")], "There are two tools called 'mine'"),
        ([TOOLS["get_build"]], "There are two tools called 'get_build'"),
        ([other("mine", Scope.BUILD, of="builds")], "The name of the toolset 'builds' in extra= is taken"),
        ([other("mine", Scope.BUILD, of="all")], "The name of the toolset 'all' in extra= is taken"),
        ([TOOLSETS["builds"]], "The name of the toolset 'builds' in extra= is taken"),
        ([other("mine")], "'mine' in extra= declares no scope"),
    ],
)
def test_what_would_collide_or_cannot_be_filtered_is_refused(extra, words):
    with pytest.raises(Misconfigured, match=words):
        toolkit_of(extra=extra)


def test_tools_that_are_added_later_are_filtered_like_the_others_and_bring_nothing_back():
    first, second = other("first", Scope.BUILD, of="one"), other("second", Scope.WIKI, of="two")
    made = toolkit_of(extra=[first], tools="get_build", exclude="first", scopes="vso.build")
    assert names(made) == {"get_build"}
    made.add_tools([second, *other("third", Scope.BUILD, of="three").tools])
    assert names(made) == {"get_build", "third"}
    assert made.absent["second"].reason == "the token is not declared to have the scope"
    assert names(made, toolsets="three") == {"third"}
    with pytest.raises(Misconfigured, match="There are two tools called 'second'"):
        made.add_tools([second])
    assert names(made) == {"get_build", "third"}


def test_a_tool_of_langchain_is_refused_with_the_place_where_it_belongs():
    @langchain_tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    with pytest.raises(Misconfigured, match=r"not StructuredTool\. Add a tool of LangChain to the list that get_tools"):
        toolkit_of(extra=[add])


def test_a_tool_whose_own_name_begins_with_the_prefix_is_not_taken_for_another():
    async def own_get_build(client: AzureDevOps) -> Page[Result]:
        """Get another build."""
        raise NotImplementedError

    made = Toolset.named("own", "Other builds.").read(Scope.BUILD)(own_get_build)
    toolkit = toolkit_of(extra=[made], name_prefix="own_", tools=["get_build"])
    assert names(toolkit, names="own_get_build") == {"own_own_get_build"}
    assert names(toolkit, names=["own_own_get_build", "get_build"]) == {"own_own_get_build", "own_get_build"}


@pytest.mark.parametrize("taken", ["builds", "all", "default"])
def test_a_tool_that_has_the_name_of_a_toolset_is_refused(taken):
    async def list_things(client: AzureDevOps) -> Page[Result]:
        """List things."""
        raise NotImplementedError

    list_things.__name__ = taken
    made = Toolset.named("things", "List things.").read(Scope.WORK)(list_things)
    with pytest.raises(Misconfigured, match=f"'{taken}' would name both a tool and a toolset"):
        toolkit_of(extra=[made])


@pytest.mark.parametrize("taken", ["get_build", "list_things"])
def test_a_toolset_that_has_the_name_of_a_tool_is_refused(taken):
    made = Toolset.named(taken, "List things.")

    @made.read(Scope.WORK)
    async def list_things(client: AzureDevOps) -> Page[Result]:
        """List things."""
        raise NotImplementedError

    with pytest.raises(Misconfigured, match=f"'{taken}' would name both a tool and a toolset"):
        toolkit_of(extra=[made])


def test_bind_is_public_and_binds_a_tool_of_the_user_alone(server):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform")
    with AzureDevOps(settings) as client:
        bound = bind(own_toolset().tools[0], client, name_prefix="x_")
        assert bound.name == "x_list_fields"
        assert "Iteration Path" in bound.invoke({"limit": 1000})
