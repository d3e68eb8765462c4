"""Local files that are attached to work items, and those that are not sent."""

import base64
import hashlib
import json
import os
import random
import tracemalloc
from dataclasses import replace

import httpx
import pytest
from tool_calls import FULL, Recorder, call, refusal, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, load_settings
from langchain_azure_devops.errors import (
    InvalidRequest,
    Misconfigured,
    NotFound,
    RevisionConflict,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety import FileAccess

ITEM, REVISION = 28, 8
SECRET = "ghp_" + "Zk3Lm9Qw2Xr7Tb5Vn8Yc4Hd6Js1Gf0PaEuRi"
UPLOAD = TOOLS["upload_attachment"]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "uploads"
    (made / "logs").mkdir(parents=True)
    (made / "trace.log").write_text("one\ntwo\n")
    (made / "logs" / "inner.log").write_text("inner\n")
    return made


@pytest.fixture
def uploader(connect, server, folder, sent):
    """A client that may send the files of the folder, with a note of each request."""
    quick = RunContext(server.organization.clock.now, timeouts=replace(Timeouts(), recovery=0.2, recovery_pause=0.05))

    def make(**options) -> AzureDevOps:
        settings = load_settings(
            base_url=server.base_url, pat=options.pop("pat", FULL), default_project="Platform", environ={}
        )
        transport = options.pop("transport", None) or Recorder(server.base_url, sent)
        client = AzureDevOps(
            settings,
            transport=transport,
            files=FileAccess.choose(folder=folder, images=False),
            **{"writes": "allow", "context": quick, **options},
        )
        made.append(client)
        return client

    made: list[AzureDevOps] = []
    yield make
    for each in made:
        each.close()


def upload(client, path="trace.log", **arguments):
    return call(client, "upload_attachment", **{"work_item": ITEM, "revision": REVISION, "path": path, **arguments})


def refused(client, kind, path="trace.log", **arguments):
    given = {"work_item": ITEM, "revision": REVISION, "path": path, **arguments}
    return refusal(client, "upload_attachment", kind, **given)


def names(client):
    return [row.name for row in call(client, "list_attachments", work_item=ITEM).items]


def test_a_file_is_attached_and_comes_back_as_it_went(uploader, folder, sent):
    content = bytes(range(256)) * 1000
    (folder / "logs" / "dump.bin").write_bytes(content)
    client = uploader()
    made = upload(client, "logs/dump.bin", comment="from the test")
    assert (made.name, made.bytes, made.revision) == ("dump.bin", len(content), REVISION + 1)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    row = call(client, "list_attachments", work_item=ITEM).items[-1]
    assert (row.id, row.name, row.comment, row.bytes) == (made.id, "dump.bin", "from the test", len(content))
    read = call(client, "read_attachment", work_item=ITEM, attachment=made.id)
    assert read.sha256 == made.sha256
    first, second = writes(sent)
    assert (first.method, first.url.path) == ("POST", "/tidewater/Platform/_apis/wit/attachments")
    assert dict(first.url.params) == {"fileName": "dump.bin", "uploadType": "simple", "api-version": "7.1"}
    assert first.headers["Content-Type"] == "application/octet-stream"
    assert first.headers["Content-Length"] == str(len(content))
    assert second.method == "PATCH"
    [test, add] = json.loads(second.content)
    assert test == {"op": "test", "path": "/rev", "value": REVISION}
    assert add["value"]["attributes"] == {"comment": "from the test"}


@pytest.mark.parametrize(
    "path", ["../secret.txt", "logs/../../secret.txt", "/etc/passwd", "~/x", "", ".", "a\\b", "a\0b"]
)
def test_a_path_out_of_the_folder_is_refused(uploader, folder, sent, path):
    (folder.parent / "secret.txt").write_text("x")
    refused(uploader(), InvalidRequest, path)
    assert writes(sent) == []


@pytest.mark.parametrize("path", [".env", ".git/config", "logs/.hidden"])
def test_hidden_files_are_not_sent(uploader, folder, path):
    (folder / ".git").mkdir()
    for name in (".env", ".git/config", "logs/.hidden"):
        (folder / name).write_text("x")
    assert "hidden" in refused(uploader(), InvalidRequest, path)


def test_links_are_not_followed(uploader, folder, tmp_path, sent):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("x")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "inside.txt").symlink_to(folder / "trace.log")
    (folder / "linked").symlink_to(outside)
    for path in ("link.txt", "inside.txt", "linked/secret.txt"):
        assert "is a link" in refused(uploader(), InvalidRequest, path)
    assert writes(sent) == []


def test_only_regular_files_are_sent(uploader, folder):
    os.mkfifo(folder / "pipe")
    for path in ("pipe", "logs"):
        assert "no regular file" in refused(uploader(), InvalidRequest, path)


def test_a_file_that_is_too_large_is_refused(uploader, folder):
    with (folder / "large.bin").open("wb") as file:
        file.truncate(20 * 2**20 + 1)
    assert "at most 20 MB" in refused(uploader(), InvalidRequest, "large.bin")


def test_a_name_that_does_not_exist_has_a_near_one(uploader):
    assert "Did you mean 'trace.log'?" in refused(uploader(), NotFound, "trace.lgo")
    assert "Did you mean 'inner.log'?" in refused(uploader(), NotFound, "logs/iner.log")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-32"])
@pytest.mark.parametrize("form", [f"über\npassword = {SECRET}\n", f"über {SECRET}\n"], ids=["named", "alone"])
def test_a_file_with_a_secret_is_not_sent(uploader, folder, sent, encoding, form):
    (folder / "config.txt").write_bytes(form.encode(encoding))
    told = refused(uploader(), WriteBlocked, "config.txt")
    assert "it holds a secret" in told
    assert SECRET not in told
    assert writes(sent) == []


ENCODINGS = {
    "Base64": base64.b64encode,
    "Base64 for addresses": base64.urlsafe_b64encode,
    "Base64 in lines": base64.encodebytes,
    "Base64 twice": lambda text: base64.b64encode(base64.b64encode(text)),
    "Base64 of UTF-16": lambda text: base64.b64encode(text.decode().encode("utf-16-le")),
    "Base64 behind a letter": lambda text: b"x" + base64.b64encode(text),
    "Base32": base64.b32encode,
    "hexadecimal": lambda text: text.hex().encode(),
    "hexadecimal with blanks": lambda text: text.hex(" ").encode(),
    "hexadecimal with 0x": lambda text: ", ".join(f"0x{code:02x}" for code in text).encode(),
    "JSON": lambda text: "".join(f"\\u{code:04x}" for code in text).encode(),
    "Python": lambda text: "".join(f"\\x{code:02x}" for code in text).encode(),
    "an address": lambda text: "".join(f"%{code:02X}" for code in text).encode(),
    "HTML": lambda text: "".join(f"&#{code};" for code in text).encode(),
    "quoted-printable": lambda text: "".join(f"={code:02X}" for code in text).encode(),
    "Base64 in an address": lambda text: base64.b64encode(text).replace(b"=", b"%3D").replace(b"+", b"%2B"),
}


@pytest.mark.parametrize("secret", [SECRET, f"token={SECRET}", "password: Tr0ub4dor&3xyz"])
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=list(ENCODINGS))
def test_a_secret_in_a_common_encoding_is_not_sent(uploader, folder, sent, encode, secret):
    client = uploader()
    for around in (b"%s", b"one\ntwo: '%s', three\n", b'{\n  "key": "%s"\n}\n' + b"more words\n" * 20_000):
        (folder / "config.txt").write_bytes(around % encode(secret.encode()))
        told = refused(client, WriteBlocked, "config.txt")
        assert "it holds a secret" in told
        assert secret not in told
    assert writes(sent) == []


def test_encoded_parts_that_say_no_secret_are_sent(uploader, folder):
    """Checksums, certificates and pictures are in many files; some of their bytes look like anything."""
    noise = random.Random(18)  # noqa: S311 - no key is made of it
    coded = [base64.b64encode(noise.randbytes(64)).decode() for _ in range(5_000)]
    files = {
        "package-lock.json": "\n".join(f'"integrity": "sha512-{each}",' for each in coded),
        "report.html": f"<img src='data:image/png;base64,{base64.b64encode(noise.randbytes(300_000)).decode()}'/>",
        "certificates.pem": "-----BEGIN CERTIFICATE-----\n" + "\n".join(coded[:40]) + "\n-----END CERTIFICATE-----\n",
        "dump.txt": "\n".join(f"{line:08x}  {noise.randbytes(16).hex(' ')}" for line in range(5_000)),
        "words.json": json.dumps(["Привет мир, это тест"] * 1_000),
        "access.log": "\n".join(f"GET /a?q=%D0%9F%D1%80&id={noise.randbytes(16).hex()} 200" for _ in range(5_000)),
    }
    client = uploader()
    for revision, (name, text) in enumerate(files.items(), REVISION):
        (folder / name).write_text(text)
        assert upload(client, name, revision=revision).name == name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [b"", b"\xff", b"\x00\x01\x02"])
def test_a_known_secret_is_found_between_binary_data(uploader, folder, sent, encoding, before):
    client = uploader()
    known = "vK9x-Tq4mZ7pLw2c"
    client.secrets.learn(known, "password")
    noise = bytes(range(128, 256)) * 2000
    (folder / "dump.bin").write_bytes(before + noise + known.encode(encoding) + b"\x01" + noise)
    assert known not in refused(client, WriteBlocked, "dump.bin")
    (folder / "dump.bin").write_bytes(before + noise)
    assert upload(client, "dump.bin").name == "dump.bin"


def test_the_own_token_is_not_sent(uploader, folder, organization):
    token = organization.add_token("q7wZ4kP9tR2mX8vB6nD3hJ5sL1cF0gYaUeKiOzTbWxVqMpNrSdHj").value
    (folder / "config.txt").write_text(f"{token}\n")
    refused(uploader(pat=token), WriteBlocked, "config.txt")


def test_a_secret_across_two_parts_of_the_search_is_found(uploader, folder):
    for start in range(128 * 1024 - len(SECRET), 128 * 1024 + 1, 13):
        (folder / "long.txt").write_text("x y " * (start // 4) + " " * (start % 4) + SECRET + "\nmore" * 40_000)
        refused(uploader(), WriteBlocked, "long.txt")


def test_the_digest_that_is_approved_is_the_one_that_is_sent(uploader, folder, sent):
    shown = []

    def approve(request):
        shown.append(dict(request.current))
        if len(shown) == 1:
            (folder / "trace.log").write_text("another text\n")
        return request.approve("tests")

    client = uploader(writes="ask")
    from langchain_azure_devops import approve_writes_with

    with approve_writes_with(approve):
        made = upload(client)
    first, second = shown
    assert (first["file"], first["bytes"], first["title"]) == ("trace.log", 8, "Labels are cut off on the new printers")
    assert first["sha256"] == hashlib.sha256(b"one\ntwo\n").hexdigest()
    assert second["sha256"] == made.sha256 == hashlib.sha256(b"another text\n").hexdigest()
    assert len(writes(sent)) == 2
    assert call(client, "read_attachment", work_item=ITEM, attachment=made.id).text == "another text"


def test_nobody_is_asked_about_a_file_that_cannot_be_sent(uploader, folder):
    (folder / "config.txt").write_text(f"password = {SECRET}\n")
    from langchain_azure_devops import approve_writes_with

    def ask(request):
        raise AssertionError(request)

    with approve_writes_with(ask):
        refused(uploader(writes="ask"), WriteBlocked, "config.txt")
        refused(uploader(writes="ask"), RevisionConflict, revision=3)


def test_an_outdated_revision_sends_nothing(uploader, sent):
    assert "at revision 8, not 7" in refused(uploader(), RevisionConflict, revision=7)
    assert writes(sent) == []


def test_a_change_between_both_requests_is_told(uploader, organization, sent):
    organization.faults.add(Fault("status", status=412, method="PATCH", path="/workitems/"))
    client = uploader()
    given = {"work_item": ITEM, "revision": REVISION, "path": "trace.log"}
    with pytest.raises(Exception, match="nothing links to the file"):
        call(client, "upload_attachment", **given)
    assert "trace.log" not in names(client)


def test_a_lost_answer_to_the_upload_changes_nothing(uploader, organization, sent):
    organization.faults.add(Fault("reset", method="POST", path="/attachments", times=1))
    client = uploader()
    assert "work item 28 was not changed by this call" in refused(client, WriteOutcomeUnknown)
    assert names(client)[3:] == []
    assert [request.method for request in writes(sent)] == ["POST"]


def test_a_lost_answer_to_the_link_is_looked_up(uploader, organization, sent):
    organization.faults.add(Fault("reset", method="PATCH", path="/workitems/", times=1, when="after"))
    client = uploader()
    made = upload(client, comment="seen")
    assert made.revision == REVISION + 1
    assert "counts as done" in made.notes[0]
    assert len([request for request in writes(sent) if request.method == "PATCH"]) == 1
    assert call(client, "read_attachment", work_item=ITEM, attachment=made.id).text == "one\ntwo"


def test_a_link_that_did_not_arrive_is_unknown(uploader, organization):
    organization.faults.add(Fault("reset", method="PATCH", path="/workitems/", times=1))
    assert "outcome is unknown" in refused(uploader(), WriteOutcomeUnknown)


def test_hidden_characters_leave_the_name(uploader, folder):
    (folder / "re\u202egol.txt").write_text("x")
    assert upload(uploader(), "re\u202egol.txt").name == "regol.txt"


def test_without_a_folder_there_is_no_such_tool(server, folder):
    options = {"base_url": server.base_url, "pat": FULL, "default_project": "Platform", "toolsets": "attachments"}
    options["writes"] = "allow"
    with AzureDevOpsToolkit.connect(**options) as toolkit:
        assert "upload_attachment" not in {tool.name for tool in toolkit.get_tools()}
        assert toolkit.absent["upload_attachment"].reason == "this toolkit was made without attachments_folder="
        assert "vso.work_write" not in {scope.value for scope in toolkit.required_scopes()}
        assert "attachments_folder" in refused(toolkit.client, Misconfigured)
    with AzureDevOpsToolkit.connect(**options, attachments_folder=folder) as toolkit:
        assert "upload_attachment" in {tool.name for tool in toolkit.get_tools()}
    with AzureDevOpsToolkit.connect(**options, attachments_folder=folder, read_only=True) as toolkit:
        assert "upload_attachment" not in {tool.name for tool in toolkit.get_tools()}


@pytest.mark.parametrize("given", ["nowhere", 3, True])
def test_a_folder_that_is_none_is_refused(server, given):
    with pytest.raises(Misconfigured, match="attachments_folder"):
        AzureDevOpsToolkit(base_url=server.base_url, pat=FULL, attachments_folder=given)


class Discards(httpx.AsyncBaseTransport):
    """A network that reads an upload piece by piece and keeps nothing of it."""

    def __init__(self, inner: Recorder) -> None:
        self._inner = inner
        self.size = 0

    async def handle_async_request(self, request):
        if request.method != "POST":
            return await self._inner.handle_async_request(request)
        async for piece in request.stream:
            self.size += len(piece)
        return httpx.Response(500, headers={"X-VSS-UserData": "x"}, json={"message": "x"}, request=request)

    async def aclose(self):
        await self._inner.aclose()


def test_a_large_file_is_in_memory_once(uploader, folder, server, sent):
    (folder / "large.log").write_bytes((b"a line of a log that is quite ordinary\n" * 520_000)[: 20 * 2**20])
    network = Discards(Recorder(server.base_url, sent))
    client = uploader(transport=network)
    names(client)
    tracemalloc.start()
    try:
        with pytest.raises(WriteOutcomeUnknown):
            upload(client, "large.log")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert network.size == (folder / "large.log").stat().st_size > 19 * 2**20
    assert peak < 30 * 2**20


def test_a_lost_answer_to_the_file_says_where_to_look(uploader, organization):
    organization.faults.add(Fault("reset", method="POST", path="/wit/attachments", times=1, when="after"))
    assert f"/_workitems/edit/{ITEM}" in refused(uploader(), WriteOutcomeUnknown)
