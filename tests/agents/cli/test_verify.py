"""Every state `verify` tells apart, over real HTTP: its class, its exit code and its next step."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import trustme
from agent_tokens import FULL, READ_SCOPES, READER
from click.testing import CliRunner
from stub_service import EMPTY_401, PERSON, SIGNED_IN, Reply, StubService, failure, ok

from azure_devops_agents.cli.main import group
from langchain_azure_devops import TOOLS

PAT = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5q6r7s2t3u4v5w6x7y2z3"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in ("ORG", "BASE_URL", "PAT", "EXT_PAT", "PROJECT", "SCOPES"):
        monkeypatch.delenv(f"AZURE_DEVOPS_{name}", raising=False)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def verified(*arguments, **environ):
    """What `verify --json` prints, after checking that it ends with the code it prints."""
    variables = {f"AZURE_DEVOPS_{name}": value for name, value in environ.items()}
    result = CliRunner().invoke(group, ["verify", "--json", *arguments], env=variables)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    answer = json.loads(result.stdout)
    assert result.exit_code == answer["exit_code"]
    assert PAT not in result.output
    return answer


def expect(answer, kind, code, *, step, says=""):
    assert answer["status"] == answer["error"]["class"] == kind
    assert answer["exit_code"] == code
    assert answer["connected"] is False
    assert step in answer["next_step"]
    assert says in answer["error"]["message"]
    assert answer["enabled"] == [] or kind == "ScopeMissing"


def at(server, token=FULL, **environ):
    return verified(BASE_URL=server.base_url, PAT=token, **environ)


def answering(reply: Reply, **environ):
    with StubService([reply]) as service:
        return verified(BASE_URL=service.base_url, PAT=PAT, **environ)


# -- connected -----------------------------------------------------------------------------------------------------


def test_connected_says_who_where_and_what(server):
    answer = at(server, PROJECT="platform")
    assert (answer["status"], answer["exit_code"], answer["error"]) == ("connected", 0, None)
    assert answer["organization"] == "tidewater"
    assert answer["url"] == server.base_url
    assert answer["credential_source"] == "AZURE_DEVOPS_PAT"
    assert answer["identity"]["unique_name"] == "svc-agent@tidewater.example"
    assert answer["projects"] == ["Data", "Mobile App", "Payments", "Platform"]
    assert answer["default_project"] == "platform"
    assert {tool["name"] for tool in answer["enabled"]} == {*TOOLS} - {"upload_attachment"}
    [absent] = answer["missing"]
    assert absent["name"] == "upload_attachment"
    assert absent["reason"] == "this toolkit was made without attachments_folder="
    assert {row["scope"]: row["how"] for row in answer["scopes"]}["vso.work_write"] == "confirmed by a probe"
    assert "investigate" in answer["next_step"]
    assert any("expiry" in hint for hint in answer["hints"])


def test_a_token_that_only_reads_is_connected_and_names_the_scopes_it_lacks(server):
    answer = at(server, READER)
    assert answer["status"] == "connected"
    missing = {row["name"]: row["scopes"] for row in answer["missing"]}
    assert set(missing) == {tool.name for tool in TOOLS.values() if tool.access == "write"}
    assert "vso.work_write" in missing["create_work_item"]
    assert "vso.code_write" in missing["create_pull_request"]


def test_a_token_that_cannot_list_projects_is_connected_with_a_hint():
    def answer(seen):
        if "connectionData" in seen.target:
            return ok(PERSON)
        return ok({}) if "/_apis/git/repositories/" in seen.target and seen.method == "GET" else EMPTY_401

    with StubService(answer) as service:
        result = verified(BASE_URL=service.base_url, PAT=PAT)
    assert result["status"] == "connected"
    assert any("vso.project" in hint for hint in result["hints"])
    names = {row["name"] for row in result["enabled"]}
    assert "list_repositories" in names
    assert not names & {"list_projects", "query_work_items", "create_pull_request"}
    assert {row["scope"]: row["state"] for row in result["scopes"]}["vso.build"] == "unknown"


def test_for_people_the_same_is_said_and_nothing_from_the_service_acts_on_the_terminal(server, organization):
    organization.user("svc-agent").__dict__["display_name"] = "Mallory[bold]\x1b[31m\u202e :smile:"
    variables = {"AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": READER}
    result = CliRunner().invoke(group, ["verify"], env=variables)
    assert result.exit_code == 0
    for part in (
        "Connected.", "Mallory[bold] :smile:", "tidewater", server.base_url, "AZURE_DEVOPS_PAT", "Payments",
        "Build (Read)", "confirmed by a probe", "refused by a probe", "query_work_items",
        "Work Items (Read & write) · vso.work_write", "expiry", "Next",
    ):  # fmt: skip
        assert part in result.stdout, part
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


# -- the token -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["wrong", "revoked", "expired"])
def test_a_token_the_service_does_not_accept(server, organization, state):
    if state != "wrong":
        organization.add_token(PAT).state = state
    expect(at(server, PAT), "TokenRejected", 4, step="Make a new token at", says="wrong, expired or revoked")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(302, headers={"Location": "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=x"}),
        Reply(203, b"<html>Sign In</html>", SIGNED_IN, "text/html"),
        Reply(203, {"count": 1, "value": [{"name": "Platform"}]}, SIGNED_IN),
        Reply(200, b"<html>Sign In</html>", {"X-TFS-ProcessId": "1"}, "text/html; charset=utf-8"),
    ],
    ids=["302", "203", "203 with data", "html with 200"],
)
def test_a_sign_in_page_is_never_connected(reply):
    expect(answering(reply), "SignInRequired", 4, step="Make a new token at", says="sign-in page")


@pytest.mark.parametrize("token", [f" {PAT}", f"{PAT}\n", f"{PAT}\r\n", f"\t{PAT} "])
def test_white_space_around_the_token(token):
    with StubService([ok(PERSON)]) as service:
        answer = verified(BASE_URL=service.base_url, PAT=token)
    expect(answer, "CredentialMalformed", 3, step="copied in one piece", says="white space around it")
    assert service.seen == []


@pytest.mark.parametrize("environ", [{}, {"PAT": ""}, {"PAT": "  "}])
def test_no_token(environ):
    answer = verified(ORG="contoso", **environ)
    where = "Make one at https://dev.azure.com/contoso/_usersSettings/tokens;"
    expect(answer, "CredentialMissing", 3, step="Set AZURE_DEVOPS_PAT", says=where)
    assert (answer["organization"], answer["url"]) == ("contoso", "https://dev.azure.com/contoso")
    answer = verified(BASE_URL="https://server/tfs/Main", **environ)
    expect(answer, "CredentialMissing", 3, step="Set AZURE_DEVOPS_PAT", says="https://server/tfs/Main/_usersSettings/")


def test_the_token_of_another_program_only_reads(server):
    answer = verified(BASE_URL=server.base_url, EXT_PAT=FULL)
    assert answer["credential_source"] == "AZURE_DEVOPS_EXT_PAT"
    assert not {row["name"] for row in answer["enabled"]} & {"create_work_item", "update_pull_request"}


# -- scope and permission ------------------------------------------------------------------------------------------


def test_a_declared_scope_is_missing(server):
    answer = at(server, READER, SCOPES="Code (Read), Work Items (Read & write)")
    expect(answer, "ScopeMissing", 7, step="Add the scope to the token", says="vso.work_write")
    assert answer["error"]["subject"] == "vso.work_write"


def test_of_a_scope_that_was_not_declared_nothing_is_said_about_the_token(server):
    answer = at(server, FULL, SCOPES="vso.code, vso.work_write")
    reasons = {row["name"]: row["reason"] for row in answer["missing"]}
    assert reasons["create_pull_request"] == "the token is not declared to have the scope"
    assert at(server, READER)["missing"][0]["reason"] == "the token lacks the scope"


def test_no_scope_that_any_tool_needs(server, organization):
    organization.add_token(PAT, {"vso.packaging"})
    answer = at(server, PAT, PROJECT="Platform")
    expect(answer, "ScopeMissing", 7, step="Add the scope to the token", says="Code (Read)")
    assert answer["enabled"] == []


def test_a_declared_scope_that_does_not_exist(server):
    expect(at(server, SCOPES="vso.coed"), "ScopesInvalid", 2, step="Correct the setting", says="vso.code")


def test_the_permission_for_the_default_project_is_missing():
    def answer(seen):
        if "connectionData" in seen.target:
            return ok(PERSON)
        if "/_apis/projects/Secret" in seen.target:
            return failure(403, "AccessDeniedException", "TF50309: The following account does not have permissions")
        return ok({"value": [{"name": "Platform"}], "count": 1})

    with StubService(answer) as service:
        result = verified(BASE_URL=service.base_url, PAT=PAT, PROJECT="Secret")
    expect(result, "PermissionDenied", 7, step="ask an administrator for the permission", says="'Secret'")


def test_somebody_from_outside_the_organization(server, organization):
    guest = organization.add_user("Guest", "guest@elsewhere.example", member=False)
    organization.add_token(PAT, user=guest)
    expect(
        at(server, PAT), "OrganizationAccessDenied", 5, step="Compare the name", says="no access to this organization"
    )


# -- organization --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        "https://dev.azure.com/contoso",
        "https://dev.azure.com/contoso/",
        "https://dana@dev.azure.com/contoso/Platform/_git/api",
        "https://contoso.visualstudio.com",
        "dev.azure.com/contoso",
        "contoso/",
        "/contoso",
        "contoso/Platform",
    ],
)
def test_an_organization_as_url_or_path_names_the_bare_name(given):
    for answer in (verified(ORG=given, PAT=PAT), verified("--organization", given, PAT=PAT)):
        expect(answer, "OrganizationInvalid", 2, step="Correct the setting", says="'contoso'")
        assert answer["error"]["subject"] == "contoso"


@pytest.mark.parametrize("environ", [{}, {"ORG": ""}, {"ORG": "  "}])
def test_no_organization(environ):
    answer = verified(PAT=PAT, **environ)
    expect(answer, "OrganizationInvalid", 2, step="Correct the setting", says="bare name")


def test_an_organization_that_does_not_exist(server):
    url = server.base_url.replace("tidewater", "tidewatr")
    answer = verified(BASE_URL=url, PAT=FULL)
    expect(answer, "OrganizationNotFound", 5, step="Compare the name with the address", says="tidewatr")


def test_an_organization_that_is_not_found_is_told_from_a_dead_token():
    def answer(seen):
        return Reply(404) if "resourceAreas" in seen.target else EMPTY_401

    with StubService(answer) as service:
        result = verified(BASE_URL=service.base_url, PAT=PAT)
        asked = service.asked("resourceAreas")
    expect(result, "OrganizationNotFound", 5, step="set AZURE_DEVOPS_BASE_URL,", says="'contoso'")
    assert all("authorization" not in seen.headers for seen in asked)


def test_organization_or_token_when_that_is_unsettled():
    expect(answering(EMPTY_401), "TokenRejected", 4, step="Make a new token", says="check its name, too")


# -- project -------------------------------------------------------------------------------------------------------


def test_a_default_project_that_is_nearly_right(server):
    answer = at(server, PROJECT="Platfrom")
    expect(answer, "ProjectNotFound", 6, step="AZURE_DEVOPS_PROJECT", says="Did you mean 'Platform'?")
    assert answer["identity"]["name"] == "svc-agent"


def test_a_default_project_nobody_knows(server):
    answer = at(server, PROJECT="Zeppelin")
    expect(answer, "ProjectNotFound", 6, step="AZURE_DEVOPS_PROJECT", says="Data, Mobile App, Payments, Platform")


def test_a_project_that_is_hidden_from_the_token_s_owner(server, organization):
    organization.hide_project(organization.project("Payments"), organization.user("svc-agent"))
    answer = at(server, PROJECT="Payments")
    expect(answer, "ProjectNotFound", 6, step="visible project", says="may not see it")
    assert "Payments" not in answer["projects"]


# -- the way there -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>Welcome to the hotel</html>", {}, "text/html"),
        Reply(302, headers={"Location": "http://portal.hotel.example/login"}),
        Reply(407, b"<html>proxy</html>", {}, "text/html"),
        Reply(403, b"<html>blocked by policy</html>", {}, "text/html"),
    ],
    ids=["200", "302", "407", "403"],
)
def test_a_proxy_s_page(reply):
    expect(answering(reply), "ProxyPage", 10, step="HTTPS_PROXY", says="page of its own")


def test_a_server_that_is_not_there():
    # Bound but not listening: nobody else gets this port meanwhile, and it refuses every connection.
    with contextlib.closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        answer = verified(BASE_URL=f"http://127.0.0.1:{bound.getsockname()[1]}/contoso", PAT=PAT)
    expect(answer, "Unreachable", 8, step="can be opened from this machine", says="could not be reached")


@pytest.fixture
def certified(tmp_path) -> Iterator[tuple[str, str]]:
    """The base URL of a TLS server that knows one person, and the file with the authority that certified it."""
    authority = trustme.CA()
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(raw: socket.socket) -> None:
        body = json.dumps({**PERSON, "value": [{"name": "Platform"}], "count": 1}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n"
        with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as connection:
            while connection.recv(65_536):
                connection.sendall(f"{head}X-VSS-UserData: 1:dana\r\n\r\n".encode() + body)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/contoso", str(file)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_a_certificate_that_is_not_trusted(certified):
    answer = verified(BASE_URL=certified[0], PAT=PAT)
    expect(answer, "TlsFailure", 9, step="SSL_CERT_FILE", says="certificate")


def test_the_next_step_after_a_certificate_helps(certified):
    done = subprocess.run(
        [sys.executable, "-m", "azure_devops_agents.cli.main", "verify", "--json"],
        env={"AZURE_DEVOPS_BASE_URL": certified[0], "AZURE_DEVOPS_PAT": PAT, "SSL_CERT_FILE": certified[1]},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["status"] == "connected", done.stdout + done.stderr


def test_read_only_sends_no_probe_for_a_write(server, organization):
    organization.add_token(PAT, READ_SCOPES)
    answer = verified("--read-only", BASE_URL=server.base_url, PAT=PAT)
    assert answer["status"] == "connected"
    assert {row["reason"] for row in answer["missing"]} == {"this toolkit is read-only"}
