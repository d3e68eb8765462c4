"""A pseudonym in an argument of a read becomes its secret inside the request, and nowhere else.

The cases are made from the declarations: every argument of every tool that reads and takes a text.
"""

import json
import logging
import traceback
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from tool_calls import FULL, UPLOADS, connected

from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, load_settings
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.errors import InvalidRequest, WriteBlocked
from langchain_azure_devops.http.network import open_network
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety import AuditLog

PLAIN, SPECIAL = "Zx9kQ2mW7vB4nT6", "q'9 \"Zx&%k<é+bT6-7"
COMPARED_HERE = {
    ("get_build_log", "contains"): "looked for in the text of the log, which holds the same pseudonym",
    ("get_changes_since_vote", "reviewer"): "compared with the reviewers, as a token for code cannot look people up",
    ("list_pushes", "pusher"): "compared with the people of each row, as a token for code cannot look them up",
    ("list_commits", "message"): "looked for in the messages, which hold the same pseudonym",
    ("search_commits", "message"): "looked for in the messages, which hold the same pseudonym",
    ("list_pull_requests", "author"): "compared with the people of each row, as a token for code cannot look them up",
    ("list_pull_requests", "reviewer"): "compared with the people of each row, as a token for code cannot look them up",
    ("list_pull_requests_of_commit", "commit"): "refused before anything is sent, as it is no whole commit id",
    ("list_pull_request_threads", "author"): "compared with the people who wrote in each thread",
    ("list_pull_request_threads", "file"): "compared with the file of each thread, as the service has no filter",
    ("list_test_results", "contains"): "looked for in the names of the tests, as the service has no filter",
    ("get_board", "board"): "compared with the names of the boards, whose own id is sent",
    ("get_sprint", "iteration"): "compared with the names of the iterations, whose own id is sent",
    ("list_sprint_changes", "iteration"): "compared with the names of the iterations, whose own id is sent",
    ("list_backlog_items", "backlog"): "compared with the names of the backlogs, whose own id is sent",
    ("read_attachment", "attachment"): "compared with the names of the attachments, whose own id is sent",
    ("search_work_items", "assigned_to"): "compared with the people of each row, as a token for work cannot find them",
    ("read_artifact_file", "artifact"): "sent only if the build has such an artifact",
    ("read_artifact_file", "path"): "looked for in the archive, which the service sends whole",
}
"""Arguments that no request carries, and why."""
NEEDED = {
    ("list_branches", "contains"): {"repository": "platform-api"},
    ("search_code", "path"): {"repository": "platform-api", "project": "Platform"},
    ("search_code", "branch"): {"repository": "platform-api", "project": "Platform"},
    ("search_code", "repository"): {"project": "Platform"},
}
"""Arguments that another one needs."""


def list_positions() -> list[tuple[str, str]]:
    found = []
    for name, tool in TOOLS.items():
        if tool.access == "read":
            for argument in tool.parameters.model_fields:
                try:
                    tool.validate({**tool.examples[0], argument: "[secret:password:0123456789]"})
                except InvalidRequest:
                    continue
                found.append((name, argument))
    return [position for position in found if position[1] != "cursor"]


POSITIONS = list_positions()


class Echo(httpx.AsyncBaseTransport):
    """The real network; a request that carries the secret is answered as the test wants."""

    def __init__(self, url: str, secret: str, answer: str) -> None:
        self._inner = open_network(url)
        self._secret = secret
        self._answer = answer
        self.carried = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        said = self._read(request)
        if self._secret not in said:
            return await self._inner.handle_async_request(request)
        self.carried += 1
        if self._answer == "reset":
            raise httpx.ReadError(f"broke while {said} was read", request=request)
        if self._answer == "service":
            return await self._inner.handle_async_request(request)
        status, _, form = self._answer.partition(" ")
        half = self._secret[:-3]
        text = f"TF0: {said} / {said.upper()} / near {half!r} {'x' * 500} {self._secret}"
        headers = {"x-vss-userdata": "11111111-2222-3333-4444-555555555555:dana@contoso.example"}
        if form == "text":
            return httpx.Response(int(status), text=text, headers={**headers, "content-type": "text/plain"})
        body = {"message": text, "typeKey": "SomeException", "value": {"Message": text}}
        return httpx.Response(int(status), json=body, headers=headers)

    @staticmethod
    def _read(request: httpx.Request) -> str:
        body = json.loads(request.content) if request.content else ""
        return f"{unquote(str(request.url))} {json.dumps(body, ensure_ascii=False)}".replace("''", "'").replace(
            '\\"', '"'
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def parts_of(secret: str) -> set[str]:
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    return {form[at : at + 8].lower() for form in forms for at in range(len(form) - 7)}


def leaks(secret: str, *texts: object) -> list[str]:
    said = "\n".join(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False) for text in texts)
    found = [part for form in (said, unquote(said)) for part in parts_of(secret) if part in form.lower()]
    return [f"{found[0]} in ...{said[max(0, said.lower().find(found[0]) - 300) :][:360]}"] if found else []


def tell(error: BaseException) -> str:
    """Everything that a program can write about an error: its chain, its fields, and the variables of its frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        # The variables of the test itself hold the secret.
        trace = trace.tb_next
    told = traceback.TracebackException(type(error), error, trace, capture_locals=True)
    whole = "".join(told.format())
    return f"{whole}\n{error!r}\n{vars(error)}\n{getattr(error, 'headline', '')}"


def open_client(base_url: str, answer: str, secret: str, audit: Path) -> tuple[AzureDevOps, Echo, str]:
    """Return a client that knows a secret, its transport, and the pseudonym."""
    transport = Echo(base_url, secret, answer)
    settings = load_settings(base_url=base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(timeouts=Timeouts(retry_pause=0.001, max_attempts=2))
    client = AzureDevOps(
        settings, files=UPLOADS, writes="allow", transport=transport, audit=AuditLog(audit), context=context
    )
    return client, transport, client.secrets.learn(secret, "password")


@pytest.mark.parametrize(
    ("answer", "secret"),
    [
        *((answer, PLAIN) for answer in ("service", "400", "404", "409", "500", "400 text", "reset")),
        *((answer, SPECIAL) for answer in ("service", "400")),
    ],
)
def test_the_secret_is_in_the_request_and_in_nothing_that_leaves(answer, secret, shared_server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    client, transport, pseudonym = open_client(shared_server.base_url, answer, secret, tmp_path / "audit")
    not_carried, problems = [], []
    with client:
        for name, argument in POSITIONS:
            tool, before = TOOLS[name], transport.carried
            given = {**tool.examples[0], **NEEDED.get((name, argument), {}), argument: pseudonym}
            where = f"{name} {argument}: "
            message = bind(tool, client).invoke({"type": "tool_call", "id": "1", "name": name, "args": given})
            problems += [where + leak for leak in leaks(secret, str(message.content), message.artifact)]
            if transport.carried == before:
                not_carried.append((name, argument))
            try:
                result = tool.call_sync(client, **given)
            except AzureDevOpsError as error:
                problems += [where + leak for leak in leaks(secret, tell(error))]
            else:
                told = [*getattr(result, "notes", []), str(getattr(result, "failed", []))]
                problems += [where + leak for leak in leaks(secret, told)]
    problems += leaks(secret, (tmp_path / "audit").read_text(), caplog.text)
    assert not problems, "\n".join(problems[:8])
    assert set(not_carried) == COMPARED_HERE.keys()


def test_there_are_positions_to_look_at():
    assert len(POSITIONS) >= 40


def test_a_pseudonym_that_somebody_typed_resolves_to_nothing(shared_server, tmp_path):
    client, _, _ = open_client(shared_server.base_url, "service", PLAIN, tmp_path / "audit")
    with client:
        for name, argument in POSITIONS:
            given = {**TOOLS[name].examples[0], argument: "[secret:password:0123456789]"}
            with pytest.raises(InvalidRequest, match="stands for nothing that was read in this process"):
                TOOLS[name].call_sync(client, **given)


def test_a_secret_written_out_in_an_argument_is_not_repeated_either(shared_server, tmp_path):
    client, _, _ = open_client(shared_server.base_url, "service", PLAIN, tmp_path / "audit")
    problems = []
    with client:
        for name, argument in POSITIONS:
            given = {**TOOLS[name].examples[0], argument: PLAIN}
            message = bind(TOOLS[name], client).invoke({"type": "tool_call", "id": "1", "name": name, "args": given})
            problems += leaks(PLAIN, str(message.content), message.artifact)
            try:
                TOOLS[name].call_sync(client, **given)
            except AzureDevOpsError as error:
                problems += leaks(PLAIN, f"{error!r} {error.headline} {vars(error)} {error.__cause__!r}")
    assert not problems, "\n".join(problems[:20])


def test_a_write_never_resolves_a_pseudonym(server, tmp_path):
    client, transport, pseudonym = open_client(server.base_url, "service", PLAIN, tmp_path / "audit")
    with client:
        for tool in TOOLS.values():
            for argument in tool.parameters.model_fields if tool.access == "write" else ():
                try:
                    arguments = tool.validate({**tool.examples[0], argument: pseudonym})
                except InvalidRequest:
                    continue
                with pytest.raises(WriteBlocked):
                    tool.call_sync(client, **dict(arguments))
        with pytest.raises(WriteBlocked, match="no write may carry one"):
            client.run_sync(client.post("/_apis/projects", {"name": pseudonym}))
        # What only looks like one is no pseudonym, and a person may write about it.
        assert TOOLS["add_work_item_comment"].call_sync(client, id=4, text="It shows [secret:own-token] there.").comment
    assert transport.carried == 0


def test_a_cursor_works_whether_the_secret_is_written_out_or_not(shared_server):
    with connected(shared_server.base_url, FULL) as client:
        tool = TOOLS["query_work_items"]
        pseudonym = client.secrets.learn("Platform", "password")
        client.secrets.learn("Zx9kQ2mW7vB4nT6", "password")
        page = tool.call_sync(client, project="Platform", limit=2)
        again = tool.call_sync(client, project="Platform", limit=2, cursor=page.cursor)
        assert again.items
        page = tool.call_sync(client, project=pseudonym, limit=2)
        assert tool.call_sync(client, project=pseudonym, limit=2, cursor=page.cursor).items == again.items


def test_an_error_that_cuts_an_argument_shows_no_half_of_a_secret(shared_server, tmp_path):
    client, _, _ = open_client(shared_server.base_url, "service", PLAIN, tmp_path / "audit")
    with client:
        for before in range(50, 80):
            with pytest.raises(InvalidRequest) as caught:
                TOOLS["list_pull_requests"].call_sync(client, status="x" * before + PLAIN)
            error = caught.value
            assert PLAIN[:7] not in f"{error!r} {vars(error)} {error.headline} {error.__cause__} {error.__context__}"


def test_a_client_that_knows_too_many_secrets_says_so(shared_server, tmp_path, monkeypatch):
    client, _, _ = open_client(shared_server.base_url, "service", PLAIN, tmp_path / "audit")
    with client:
        for number in range(2):
            call = {"type": "tool_call", "id": "1", "name": "list_projects", "args": {}}
            message = bind(TOOLS["list_projects"], client).invoke(call)
            assert (number == 1) == ("secrets were read" in message.content)
            assert (number == 1) == ("secrets were read" in str(message.artifact["notes"]))
            monkeypatch.setattr("langchain_azure_devops.text.known_secrets.MOST", 1)
            client.secrets.redact("password = 'Zx9kQ2mW7vB4nT6y'\npassword = 'Hj3kLz8vBn5mX1c'")
