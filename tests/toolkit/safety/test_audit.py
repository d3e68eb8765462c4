"""The audit log: chained, appended by many at once, whole after a crash, without secrets, and about everything."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest
from filelock import lock_descriptor
from tool_calls import FULL, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS, Approval, AzureDevOps, AzureDevOpsToolkit, Result, Toolset
from langchain_azure_devops.calls.approval import approve_writes_with
from langchain_azure_devops.calls.audit_trail import record_grant
from langchain_azure_devops.errors import AuditFailed, Misconfigured, NotFound, WriteBlocked
from langchain_azure_devops.safety import audit, line_writer
from langchain_azure_devops.safety.audit import AuditLog, read_entries, record_event, verify_chain
from langchain_azure_devops.settings import load_settings

SECRET = "ghp_Zk3vQ9xT7bN2mW8rY5cL1dF6hJ4gS0aPqEuV"
BUG = {"type": "Bug", "title": "The gate is open", "project": "Platform"}


@pytest.fixture
def log(tmp_path):
    return AuditLog(tmp_path / "audit.jsonl")


def filled(log, count=5):
    for number in range(count):
        log.record("read", {"tool": "get_work_item", "number": number})
    return log


def lines(log):
    return log.path.read_bytes().splitlines(keepends=True)


# -- the chain -------------------------------------------------------------------------------------------------------


def test_a_log_is_chained_from_its_first_line(log):
    filled(log, 3)
    assert [entry.number for entry in read_entries(log.path)] == [1, 2, 3]
    found = verify_chain(log.path)
    assert (found.entries, found.broken, found.torn) == (3, None, 0)
    assert found.head == json.loads(lines(log)[-1])["hash"]


def test_only_the_owner_can_read_it(log):
    filled(log)
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda ls: [ls[0], ls[1].replace(b'"number":1', b'"number":7'), *ls[2:]], 2),
        (lambda ls: [*ls[:2], *ls[3:]], 3),
        (lambda ls: ls[1:], 1),
        (lambda ls: [ls[0], ls[2], ls[1], *ls[3:]], 2),
        (lambda ls: [ls[0], ls[0], *ls[1:]], 2),
        (lambda ls: [ls[0], b"nonsense\n", *ls[1:]], 2),
        (lambda ls: [ls[0], b"nonsense\n", *ls[2:]], 2),
        (lambda ls: [*ls[:-1], b"nonsense\n"], 5),
        (lambda ls: [*ls, b"\n"], 6),
        (lambda ls: [*ls[:4], ls[4].replace(b'"n":5', b'"n":6')], 5),
        (lambda ls: [ls[0].replace(b'"event":"read"', b'"event":"written"'), *ls[1:]], 1),
        (lambda ls: [ls[0], b'{"event":"denied",' + ls[1][1:], *ls[2:]], 2),
        (lambda ls: [ls[0], ls[1].replace(b'":', b'": ', 1), *ls[2:]], 2),
        (lambda ls: [ls[0], ls[1].replace(b'"n":2', b'"n":"2"'), *ls[2:]], 2),
        (lambda ls: [ls[0], ls[1].replace(b'"at":"2', b'"at":"x'), *ls[2:]], 2),
        (lambda ls: [ls[0], b"[" * 100_000 + b"\n", *ls[1:]], 2),
    ],
    ids=["changed", "removed", "first removed", "moved", "doubled", "added", "replaced", "last replaced", "blank",
         "number", "event", "key twice", "white space", "kind of number", "no time", "deep"],
)  # fmt: skip
def test_the_first_line_that_does_not_fit_is_named(log, change, line):
    filled(log)
    log.path.write_bytes(b"".join(change(lines(log))))
    found = verify_chain(log.path)
    assert found.broken == line
    assert found.entries == line - 1
    assert found.reason
    assert all(entry.number for entry in read_entries(log.path))


FORMS = [("n", 3.0), ("n", True), ("event", 5), ("prev", None), ("details", []), ("details", None), ("more", 1)]


@pytest.mark.parametrize(("name", "value"), FORMS)
def test_a_line_of_another_form_does_not_fit_even_with_a_hash_of_its_own(log, name, value):
    filled(log, 3)
    changed = {**json.loads(lines(log)[2]), name: value}
    del changed["hash"]

    def written(content):
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()

    changed["hash"] = sha256(written(changed)).hexdigest()
    log.path.write_bytes(b"".join(lines(log)[:2]) + written(changed) + b"\n")
    found = verify_chain(log.path)
    assert (found.entries, found.broken, found.reason) == (2, 3, "it is not a line of an audit log")
    assert [entry.number for entry in read_entries(log.path)] == [1, 2]


def test_what_a_chain_does_not_stop(log):
    """Cut off at its end, or rewritten whole, a log is whole again: the documentation says so."""
    filled(log)
    log.path.write_bytes(b"".join(lines(log)[:3]))
    assert verify_chain(log.path).broken is None
    assert "cut its end off" in " ".join(sys.modules["langchain_azure_devops.safety.audit"].__doc__.split())


# -- appending -------------------------------------------------------------------------------------------------------


APPENDS = """
import sys
from pathlib import Path
from langchain_azure_devops.safety import audit, line_writer
from langchain_azure_devops.safety.audit import AuditLog
log = AuditLog(Path(sys.argv[1]))
for number in range(60):
    log.record("read", {"tool": sys.argv[2], "number": number})
"""


def test_several_processes_append_to_one_chain(log):
    command = [sys.executable, "-c", textwrap.dedent(APPENDS), str(log.path)]
    workers = [subprocess.Popen([*command, name]) for name in ("p0", "p1", "p2")]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    found = verify_chain(log.path)
    assert (found.entries, found.broken) == (180, None)
    for name in ("p0", "p1", "p2"):
        mine = [entry.details["number"] for entry in read_entries(log.path) if entry.details["tool"] == name]
        assert mine == list(range(60))


def test_appending_reads_no_more_of_a_long_log_than_of_a_short_one(log, monkeypatch):
    read = []
    real = os.read
    monkeypatch.setattr(os, "read", lambda descriptor, count: read.append(out := real(descriptor, count)) or out)
    filled(log, 400)
    assert log.path.stat().st_size > 64 * 1024
    assert max(len(part) for part in read) <= 64 * 1024
    assert len(read) == 400


@pytest.mark.parametrize("left", [b'{"at":"2026', b"", b"\xff\xfe", b'{"a":1}'], ids=ascii)
def test_a_torn_last_line_is_noticed_kept_and_does_not_break_the_chain(log, left):
    filled(log, 2)
    with log.path.open("ab") as file:
        file.write(left)
    assert verify_chain(log.path).torn == bool(left)
    filled(log, 2)
    found = verify_chain(log.path)
    assert (found.broken, found.torn) == (None, int(bool(left)))
    assert left in log.path.read_bytes()


def test_a_line_that_only_lacks_its_end_counts_as_whole(log):
    filled(log, 2)
    log.path.write_bytes(log.path.read_bytes()[:-1])
    assert verify_chain(log.path).entries == 2
    filled(log, 1)
    found = verify_chain(log.path)
    assert (found.entries, found.broken, found.torn) == (3, None, 0)


def test_a_torn_first_line(log):
    log.path.touch(0o600)
    log.path.write_bytes(b'{"at"')
    filled(log, 1)
    assert verify_chain(log.path).torn == 1


def test_nothing_is_added_to_what_is_no_log(log):
    log.path.touch(0o600)
    log.path.write_bytes(b"my shopping list\n")
    with pytest.raises(AuditFailed, match="does not end like"):
        filled(log, 1)
    assert log.path.read_bytes() == b"my shopping list\n"


KILLED = """
import os, signal, sys
from pathlib import Path
from langchain_azure_devops.safety import audit
log = audit.AuditLog(Path(sys.argv[1]))
log.record("read", {"tool": "a"})
write = os.write
def dying(descriptor, content):
    write(descriptor, content[: len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
os.write = dying
log.record("written", {"tool": "b"})
"""


def test_a_process_killed_in_the_middle_of_a_line_holds_no_lock_and_breaks_nothing(log):
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(log.path)]
    killed = subprocess.run(command, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    filled(log, 1)
    found = verify_chain(log.path)
    assert (found.broken, found.torn) == (None, 1)
    assert [entry.event for entry in read_entries(log.path)] == ["read", "torn", "read"]


# -- the writer ------------------------------------------------------------------------------------------------------


class SlowDisk:
    """A disk that keeps nothing until it is told to go on; what waits for it on the loop waits in vain."""

    def __init__(self, monkeypatch):
        self.real, self.asked, self.ready = os.fsync, threading.Event(), threading.Event()
        monkeypatch.setattr(audit.os, "fsync", self.keep)

    def keep(self, descriptor):
        self.asked.set()
        assert self.ready.wait(20), "the loop waits for the disk"
        return self.real(descriptor)


async def test_the_loop_turns_while_the_disk_is_slow(log, monkeypatch):
    disk = SlowDisk(monkeypatch)
    writing = asyncio.create_task(log.record_async("written", {"tool": "a"}))
    await asyncio.to_thread(disk.asked.wait, 20)
    assert not writing.done()
    disk.ready.set()
    await writing
    assert events(log) == ["written"]


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(("read_only", "text"), [(True, "x"), (False, SECRET)], ids=["reader", "secret"])
def test_a_refusal_that_cannot_be_recorded_is_an_error_and_not_silent(server, tmp_path, how, read_only, text):
    (tmp_path / "audit.jsonl").mkdir()
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    log = AuditLog(tmp_path / "audit.jsonl")
    with AzureDevOps(settings, writes="allow", read_only=read_only, audit=log) as client:
        tool, arguments = TOOLS["create_work_item"], {**BUG, "title": text}
        call = tool.call_sync if how == "sync" else lambda *args, **kwargs: asyncio.run(tool(*args, **kwargs))
        with pytest.raises(AuditFailed) as caught:
            call(client, **arguments)
    assert isinstance(caught.value.__context__, WriteBlocked)


async def test_a_refusal_is_on_the_disk_when_the_call_ends_and_blocks_no_loop(server, log, monkeypatch):
    disk = SlowDisk(monkeypatch)
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    async with AzureDevOps(settings, read_only=True, audit=log) as client:
        refused = asyncio.create_task(TOOLS["create_work_item"](client, **BUG))
        await asyncio.to_thread(disk.asked.wait, 20)
        assert not refused.done()
        disk.ready.set()
        with pytest.raises(WriteBlocked):
            await refused
        assert [entry.event for entry in read_entries(log.path)] == ["denied"]


async def test_a_slow_disk_holds_up_no_request_of_another_call(connected, log, monkeypatch):
    def approver(request):
        return Approval(True, request.digest, "dana")

    disk = SlowDisk(monkeypatch)
    async with connected() as toolkit:
        with approve_writes_with(approver):
            writing = asyncio.create_task(TOOLS["create_work_item"](toolkit.client, **BUG))
        await asyncio.to_thread(disk.asked.wait, 20)
        await toolkit.client.run(toolkit.client.project_names())
        assert not writing.done()
        disk.ready.set()
        await writing
    assert events(log) == ["approved", "granted", "written"]


MANY = """
import asyncio, sys
from pathlib import Path
from langchain_azure_devops.safety import audit, line_writer
from langchain_azure_devops.safety.audit import AuditLog
log = AuditLog(Path(sys.argv[1]))
async def write(name):
    for number in range(10):
        await log.record_async("written" if number % 3 == 0 else "read", {"tool": name, "number": number})
async def main():
    await asyncio.gather(*(write(f"{sys.argv[2]}-{each}") for each in range(50)))
asyncio.run(main())
"""


def test_order_and_chain_hold_with_fifty_writers_in_each_of_two_processes(log):
    command = [sys.executable, "-c", textwrap.dedent(MANY), str(log.path)]
    workers = [subprocess.Popen([*command, name]) for name in ("p0", "p1")]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    found = verify_chain(log.path)
    assert (found.entries, found.broken, found.torn) == (1000, None, 0)
    numbers: dict[str, list[int]] = {}
    for entry in read_entries(log.path):
        numbers.setdefault(entry.details["tool"], []).append(entry.details["number"])
    assert len(numbers) == 100
    assert all(each == list(range(10)) for each in numbers.values())


LEFT = """
import sys
from pathlib import Path
from langchain_azure_devops.safety import audit, line_writer
from langchain_azure_devops.safety.audit import AuditLog
log = AuditLog(Path(sys.argv[1]))
for number in range(200):
    log.record_soon("read", {"number": number})
"""


def test_what_nobody_waited_for_is_written_when_the_interpreter_exits(log):
    subprocess.run([sys.executable, "-c", textwrap.dedent(LEFT), str(log.path)], check=True, timeout=60)
    found = verify_chain(log.path)
    assert (found.entries, found.broken) == (200, None)


COLLECTED = """
import gc, sys
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from langchain_azure_devops.safety.audit import AuditLog
gc.disable()
class Owner:
    pass
def collect():
    gc.collect()
    return datetime.now(UTC)
def leave_in_a_cycle():
    owner = Owner()
    owner.itself, owner.log = owner, AuditLog(Path(sys.argv[1]), collect)
    owner.log.record_soon("denied", {"tool": "first"})
leave_in_a_cycle()
AuditLog(Path(sys.argv[1])).record("denied", {"tool": "second"})
"""


def test_a_log_that_is_collected_in_its_own_writing_thread_loses_nothing_and_blocks_nobody(log):
    subprocess.run([sys.executable, "-c", textwrap.dedent(COLLECTED), str(log.path)], check=True, timeout=8)
    assert verify_chain(log.path).broken is None
    assert sorted(entry.details["tool"] for entry in read_entries(log.path)) == ["first", "second"]


def test_flushing_in_the_writing_thread_returns(log):
    flushed = []

    def clock():
        log.flush()
        flushed.append(threading.current_thread().name)
        return datetime.now(UTC)

    log = AuditLog(log.path, clock)
    log.record_soon("read", {"number": 1})
    deadline = time.monotonic() + 5
    while not flushed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert flushed == [f"azure-devops-audit {log.path.name}"]


HOLDING = """
import sys, time
from filelock import lock_descriptor
file = open(sys.argv[1], "a+b")
lock_descriptor(file.fileno())
print("locked", flush=True)
time.sleep(60)
"""


def test_a_process_that_hangs_with_the_lock_ends_in_an_error_and_not_in_a_wait_without_end(log, monkeypatch):
    monkeypatch.setattr(audit, "LOCK_SECONDS", 0.2)
    filled(log, 1)
    command = [sys.executable, "-c", textwrap.dedent(HOLDING), str(log.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as hanging:
        assert hanging.stdout.readline() == "locked\n"
        waiting = threading.Thread(target=lambda: failures.append(raised_by(log)), daemon=True)
        failures: list[BaseException | None] = []
        waiting.start()
        waiting.join(5)
        hanging.kill()
    assert [type(failure) for failure in failures] == [AuditFailed]
    assert "another process has kept it locked" in str(failures[0])
    filled(log, 1)
    assert verify_chain(log.path).entries == 2


def test_a_lock_that_another_process_holds_for_a_moment_is_waited_for(log, monkeypatch):
    filled(log, 1)
    with log.path.open("a+b") as other:
        assert lock_descriptor(other.fileno(), blocking=False)
        # The first pause of the writer is when the other process ends.
        monkeypatch.setattr(audit.time, "sleep", lambda _: other.close())
        filled(log, 1)
    assert verify_chain(log.path).entries == 2


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_all_of_them(log, monkeypatch):
    real = os.write
    monkeypatch.setattr(audit.os, "write", lambda descriptor, content: real(descriptor, content[:7]))
    filled(log, 2)
    found = verify_chain(log.path)
    assert (found.entries, found.broken, found.torn) == (2, None, 0)


def test_the_events_that_can_be_recorded_are_these_and_no_others(log):
    for event in ("read", "denied", "approved", "granted", "written", "failed", "unknown", "plan"):
        log.record(event, {})
    for event in ("torn", "READ", ""):
        with pytest.raises(Misconfigured, match="event"):
            log.record(event, {})
    assert verify_chain(log.path).entries == 8


def raised_by(log):
    try:
        log.record("read", {"number": 2})
    except AuditFailed as failure:
        return failure
    return None


async def test_each_caller_of_a_batch_that_failed_gets_an_error_of_its_own(log, monkeypatch):
    busy, queued, written = threading.Event(), threading.Event(), []
    real = os.write

    def full(descriptor, content):
        if not busy.is_set():
            busy.set()
            queued.wait(20)
            return real(descriptor, content)
        if written:
            raise OSError(28, "No space left on device")
        written.append(real(descriptor, content[: len(content) // 2]))
        return written[0]

    monkeypatch.setattr(audit.os, "write", full)
    first = asyncio.create_task(log.record_async("read", {"number": 0}))
    await asyncio.to_thread(busy.wait, 20)
    # While the first event is written, three others wait and become one batch.
    others = [asyncio.create_task(log.record_async("read", {"number": number})) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    queued.set()
    await first
    before = log.path.read_bytes()
    failures = await asyncio.gather(*others, return_exceptions=True)
    monkeypatch.undo()
    assert [type(failure) for failure in failures] == [AuditFailed] * 3
    assert len({id(failure) for failure in failures}) == 3
    assert all("No space left" in str(failure) and failure.__cause__ is not None for failure in failures)
    assert log.path.read_bytes() == before, "half a batch was left in the log"
    filled(log, 1)
    assert (verify_chain(log.path).entries, verify_chain(log.path).torn) == (2, 0)


FORKED = """
import os, sys
from pathlib import Path
from langchain_azure_devops.safety import audit, line_writer
from langchain_azure_devops.safety.audit import AuditLog
log = AuditLog(Path(sys.argv[1]))
log.record("read", {"who": "parent"})
child = os.fork()
log.record("read", {"who": "child" if child == 0 else "parent"})
if child == 0:
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_writes_with_a_thread_of_its_own(log):
    subprocess.run([sys.executable, "-c", textwrap.dedent(FORKED), str(log.path)], check=True, timeout=60)
    assert verify_chain(log.path).broken is None
    assert sorted(entry.details["who"] for entry in read_entries(log.path)) == ["child", "parent", "parent"]


def test_a_writer_that_is_idle_ends_its_thread_and_starts_another(log, monkeypatch):
    monkeypatch.setattr(line_writer, "IDLE_SECONDS", 0.01)
    filled(log, 1)
    deadline = time.monotonic() + 5
    while any(thread.name.endswith(log.path.name) for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    filled(log, 1)
    assert verify_chain(log.path).entries == 2


async def test_a_cancelled_write_leaves_its_outcome(connected, log):
    sent = threading.Event()

    async def slow(client: AzureDevOps, *, id: int) -> Result:
        """Never end."""
        sent.set()
        await asyncio.sleep(60)
        return Result()

    tool = Toolset.named("own", "A user's own tools.").write(sends="PATCH /_apis/wit/workitems/{id}")(slow)
    async with connected(writes="allow") as toolkit:
        calling = asyncio.create_task(tool(toolkit.client, id=1))
        assert await asyncio.to_thread(sent.wait, 10)
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
    assert events(log) == ["approved", "granted", "unknown"]


async def test_a_write_that_is_cancelled_before_it_is_sent_failed(connected, log, monkeypatch):
    real, slow = os.fsync, threading.Event()
    monkeypatch.setattr(audit.os, "fsync", lambda descriptor: slow.wait(10) and real(descriptor))
    async with connected(writes="allow") as toolkit:
        client = toolkit.client
        slow.set()
        await client.audit.record_async("denied", {})
        slow.clear()
        tool = TOOLS["create_work_item"]
        request = tool.request(client, tool.validate(BUG))
        granting = asyncio.create_task(record_grant(client, tool.name, tool.operations, request))
        await asyncio.sleep(0.1)
        granting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await granting
        slow.set()
    assert events(log) == ["denied", "granted", "failed"]


# -- what is recorded ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    with SimulatorServer(seed_with_tokens()) as running:
        yield running


@pytest.fixture
def connected(server, log):
    def make(**arguments):
        return AzureDevOpsToolkit(
            base_url=server.base_url,
            pat=FULL,
            scopes="app_token",
            default_project="Platform",
            audit=log.path,
            **arguments,
        )

    return make


def events(log):
    return [entry.event for entry in read_entries(log.path)]


def test_a_write_leaves_who_approved_what_and_what_became_of_it(connected, log):
    def approver(request):
        return Approval(True, request.digest, "dana")

    with connected() as toolkit, approve_writes_with(approver):
        made = TOOLS["create_work_item"].call_sync(toolkit.client, **BUG)
    approved, granted, written = read_entries(log.path)
    assert (approved.event, granted.event, written.event) == ("approved", "granted", "written")
    assert approved.details["approver"] == "dana"
    assert approved.details["digest"] == granted.details["digest"] == written.details["digest"]
    assert granted.details["arguments"]["title"] == "The gate is open"
    assert granted.details["routes"] == ["POST /{project}/_apis/wit/workitems/${type}"]
    assert written.details["result"]["id"] == made.id
    assert {entry.details["organization"] for entry in (approved, granted, written)} == {
        toolkit.client.settings.organization
    }


def test_every_kind_of_no_is_recorded(connected, log):
    def no(request):
        return Approval(False, request.digest, "dana", "known already")

    for approver, options in ((no, {}), (None, {}), (lambda _: 1 / 0, {}), (no, {"writes": "deny"})):
        with connected(**options) as toolkit, approve_writes_with(approver), pytest.raises(WriteBlocked):
            TOOLS["create_work_item"].call_sync(toolkit.client, **BUG)
    with connected(writes="allow") as toolkit, pytest.raises(WriteBlocked):
        TOOLS["create_work_item"].call_sync(toolkit.client, **BUG, description="https://evil.example")
    found = list(read_entries(log.path))
    assert [entry.event for entry in found] == ["denied"] * 5
    assert found[0].details["approver"] == "dana"
    assert "known already" in found[0].details["reason"]


def test_reads_are_recorded_with_what_they_named(connected, log):
    with connected() as toolkit:
        TOOLS["get_work_item"].call_sync(toolkit.client, ids=[4])
        with pytest.raises(NotFound):
            TOOLS["get_work_item"].call_sync(toolkit.client, ids=[987654])
    first, second = read_entries(log.path)
    assert (first.event, first.details["tool"], first.details["arguments"]) == ("read", "get_work_item", {"ids": [4]})
    assert second.details["error"].startswith("[not_found")


def test_a_failed_write_is_recorded_as_that(connected, log):
    with connected(writes="allow") as toolkit, pytest.raises(Exception, match="type"):
        TOOLS["create_work_item"].call_sync(toolkit.client, **{**BUG, "type": "Dragon"})
    assert events(log) == ["approved", "granted", "failed"]
    assert next(iter(read_entries(log.path))).details["approver"] == "writes='allow'"


def test_no_secret_is_in_the_log(connected, log):
    with connected(writes="allow") as toolkit:
        TOOLS["query_work_items"].call_sync(toolkit.client, title=f"see {SECRET} and {FULL}")
        with pytest.raises(WriteBlocked):
            TOOLS["create_work_item"].call_sync(toolkit.client, **{**BUG, "title": SECRET})
    content = log.path.read_text(encoding="utf-8")
    assert SECRET not in content
    assert FULL not in content
    assert "[secret:github-token:" in content


def test_a_write_that_cannot_be_recorded_does_not_happen(server, tmp_path):
    place = tmp_path / "file"
    place.write_text("")
    arguments = {"base_url": server.base_url, "pat": FULL, "scopes": "app_token", "writes": "allow"}
    before = server.organization.clock.now()
    with AzureDevOpsToolkit(**arguments, audit=place / "audit.jsonl") as toolkit, pytest.raises(AuditFailed):
        TOOLS["create_work_item"].call_sync(toolkit.client, **BUG)
    assert server.organization.clock.now() == before


def test_long_texts_are_cut_and_lines_stay_short(connected, log):
    with connected(writes="allow") as toolkit:
        TOOLS["create_work_item"].call_sync(toolkit.client, **BUG, description="x" * 50_000, tags=["t" * 200] * 90)
    assert max(len(line) for line in lines(log)) < 20_000
    assert verify_chain(log.path).broken is None


@pytest.mark.parametrize("before", [290, 299, 300, 280])
def test_a_secret_at_the_place_where_a_text_is_cut_is_replaced_before_it_is_cut(connected, log, before):
    """Half a token is no token to any rule, so a text that is cut first keeps that half."""
    with connected() as toolkit:
        record_event(toolkit.client, "read", tool="t", note="x" * before + " " + SECRET + " " + "y" * 400)
    [entry] = read_entries(log.path)
    assert SECRET[:8] not in log.path.read_text(encoding="utf-8")
    assert entry.details["note"].startswith(f"{'x' * before} "[:300])
    shown = toolkit.client.secrets.redact(SECRET)
    assert entry.details["note"].partition("…")[0] == f"{'x' * before} {shown} {'y' * 400}"[:300]


def test_the_details_of_an_event_are_bounded_in_every_direction(connected, log):
    with connected() as toolkit:
        record_event(
            toolkit.client, "read", tool="t", short="x" * 300, long="x" * 301, many=list(range(41)),
            fields={str(number): number for number in range(41)}, nothing=None, empty=[], none={}, zero=0, no=False,
            hidden="a\u200bb", deep=[{"text": f"see {SECRET}"}],
        )  # fmt: skip
    [entry] = read_entries(log.path)
    details = dict(entry.details)
    assert details.pop("organization") == toolkit.client.settings.organization
    digest = sha256(b"x" * 301).hexdigest()[:12]
    assert details == {
        "tool": "t",
        "short": "x" * 300,
        "long": f"{'x' * 300}… (301 characters, {digest})",
        "many": list(range(40)),
        "fields": {str(number): number for number in range(40)},
        "zero": 0,
        "no": False,
        "hidden": "ab",
        "deep": [{"text": f"see {toolkit.client.secrets.redact(SECRET)}"}],
    }


def test_details_that_are_too_long_together_leave_the_tool_and_the_digest_and_say_what_is_missing(connected, log):
    with connected() as toolkit:
        told = {"tool": "t", "digest": "d", "other": "o"}
        record_event(toolkit.client, "read", **told, texts=[f"{number:03}" + "x" * 250 for number in range(40)])
        record_event(toolkit.client, "read", **told, texts=[["x" * 290] * 40] * 2)
    whole, short = read_entries(log.path)
    assert len(whole.details["texts"]) == 40
    assert set(short.details) == {"tool", "digest", "left_out"}
    assert (short.details["tool"], short.details["digest"]) == ("t", "d")
    assert short.details["left_out"]["bytes"] > 16_000
    assert len(short.details["left_out"]["sha256"]) == 64


def test_times_are_written_in_utc_whatever_the_clock_and_the_zone_of_the_machine(tmp_path):
    east = timezone(timedelta(hours=12, minutes=45))
    log = AuditLog(tmp_path / "audit.jsonl", lambda: datetime(2026, 11, 20, 3, 4, 5, 6, tzinfo=east))
    log.record("read", {})
    assert json.loads(lines(log)[0])["at"] == "2026-11-19T14:19:05.000006Z"
    [entry] = read_entries(log.path)
    assert entry.at == datetime(2026, 11, 19, 14, 19, 5, 6, tzinfo=UTC)
    assert entry.at.utcoffset() == timedelta(0)


def test_the_form_of_a_line_is_fixed(tmp_path):
    """Other programs read the log and check its chain, and logs outlive a version of this package."""
    log = AuditLog(tmp_path / "audit.jsonl", lambda: datetime(2026, 11, 20, tzinfo=UTC))
    log.record("denied", {"b": "é", "a": 1})
    log.record("read", {})
    start = '{"at":"2026-11-20T00:00:00.000000Z","details":{"a":1,"b":"\\u00e9"},"event":"denied",'
    first = sha256(f'{start}"n":1,"prev":"{"0" * 64}"}}'.encode()).hexdigest()
    assert lines(log)[0].decode() == f'{start}"hash":"{first}","n":1,"prev":"{"0" * 64}"}}\n'
    assert json.loads(lines(log)[1])["prev"] == first
    assert [(entry.number, entry.event, dict(entry.details)) for entry in read_entries(log.path)] == [
        (1, "denied", {"b": "é", "a": 1}),
        (2, "read", {}),
    ]
    assert verify_chain(log.path).head == json.loads(lines(log)[1])["hash"]


def test_an_event_that_does_not_exist_and_the_mark_of_a_torn_line_are_not_recorded(log):
    for event in ("torn", "nonsense"):
        with pytest.raises(Misconfigured, match="event"):
            log.record(event, {})
    assert not log.path.exists()


def test_without_a_path_nothing_is_recorded(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with AzureDevOpsToolkit(base_url=server.base_url, pat=FULL, scopes="app_token", writes="allow") as toolkit:
        TOOLS["create_work_item"].call_sync(toolkit.client, **BUG)
    assert list(Path(tmp_path).iterdir()) == []
