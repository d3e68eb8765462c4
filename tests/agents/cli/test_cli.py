"""The commands as real processes: what they print, what they end with, and how they end when stopped."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from agent_tokens import FULL, READER
from click.testing import CliRunner

from azure_devops_agents.cli.main import COMMANDS, group
from langchain_azure_devops.tools import TOOLS

CLI = [sys.executable, "-m", "azure_devops_agents.cli.main"]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_DEVOPS_")}


def environ(server, token=FULL, **more):
    return {
        **CLEAN, "AZURE_DEVOPS_BASE_URL": server.base_url, "AZURE_DEVOPS_PAT": token,
        "AZURE_DEVOPS_PROJECT": "Platform", **more,
    }  # fmt: skip


def run(*arguments, env=CLEAN):
    return subprocess.run([*CLI, *arguments], env=env, capture_output=True, text=True, timeout=90, check=False)


def test_help_lists_every_command_and_no_option_takes_a_token():
    overview = run("--help").stdout
    for name, entry in COMMANDS.items():
        assert (f"\n  {name} " in overview) is not entry.hidden
    for name in COMMANDS:
        done = CliRunner().invoke(group, [name, "--help"])
        assert done.exit_code == 0, done.output
        assert "--pat" not in done.output
        # `--tokens` is the budget of a question.
        assert not re.search(r"--token\b", done.output)


def test_an_unknown_command_is_a_usage_error():
    done = run("verfy")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_process_of_each_command_refuses_an_unknown_option_without_a_traceback(name):
    done = run(name, "--no-such-option")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--no-such-option" in done.stderr
    assert "Traceback" not in done.stderr


def test_verify(server):
    done = run("verify", env=environ(server))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Connected.")


def test_verify_for_machines_when_it_fails(server):
    done = run("verify", "--json", env=environ(server, "not-a-token"))
    assert (done.returncode, done.stderr) == (4, "")
    assert json.loads(done.stdout)["status"] == "TokenRejected"


def test_verify_of_the_simulator_of_its_own_ignores_the_environment():
    done = run("verify", "--json", "--simulator", env={**CLEAN, "AZURE_DEVOPS_BASE_URL": "http://127.0.0.1:1/x"})
    assert json.loads(done.stdout)["default_project"] == "Platform"


def test_the_simulator_is_reached_behind_a_company_proxy():
    """Whatever setting of a proxy counts leads to a port where nobody answers."""
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    done = run("verify", "--simulator", env={**CLEAN, **proxies})
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "Connected."), done.stderr


def test_simulator_and_organization_exclude_each_other():
    done = run("verify", "--simulator", "--organization", "contoso")
    assert done.returncode == 2
    assert "--simulator brings its own organization" in done.stderr


def test_tools_for_machines(server):
    rows = json.loads(run("tools", "--json", env=environ(server, READER)).stdout)
    assert [row["name"] for row in rows] == [tool.name for tool in TOOLS.values() if tool.default]
    columns = ["name", "toolset", "default", "access", "scopes", "also", "available", "missing"]
    assert all(list(row) == columns for row in rows)
    for row in rows:
        assert row["available"] is (row["access"] == "read")
        assert row["missing"] == ([] if row["available"] else row["scopes"])
    assert {row["name"]: row["missing"] for row in rows}["create_work_item"] == ["vso.work_write"]


def test_tools_for_people(server):
    done = run("tools", env=environ(server, READER))
    assert done.returncode == 0
    assert "Work Items (Read & write) · vso.work_write" in done.stdout
    assert f"15 of 20 tools. '--toolsets all' lists all {len(TOOLS)}." in done.stdout
    everything = run("tools", "--toolsets", "all", env=environ(server, READER)).stdout
    assert f" of {len(TOOLS)} tools.\n" in everything
    assert all(name in everything for name in TOOLS)


def test_tools_of_chosen_toolsets(server):
    def listed(*options):
        return [row["name"] for row in json.loads(run("tools", "--json", *options, env=environ(server, READER)).stdout)]

    assert listed("--toolsets", "all") == list(TOOLS)
    assert listed() == listed("--toolsets", "default") == [tool.name for tool in TOOLS.values() if tool.default]
    assert listed("--toolsets", "projects, builds") == [
        tool.name for tool in TOOLS.values() if tool.toolset in {"projects", "builds"}
    ]
    wrong = run("tools", "--toolsets", "build", env=environ(server, READER))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Did you mean 'builds'?" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_tools_without_a_connection_say_why_without_a_traceback(server):
    done = run("tools", "--json", env=environ(server, "not-a-token"))
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith("[not_signed_in TokenRejected]\n")
    assert "Traceback" not in done.stderr


def test_scopes_needs_no_connection():
    done = run("scopes")
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("create_work_item", "Code (Read & write)", "vso.code_write", "only investigates", "also files"):
        assert part in done.stdout
    assert all(name in done.stdout for name in TOOLS)


def test_a_reader_that_goes_away_is_no_failure(server):
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*CLI, "tools"], env=environ(server), stdout=writing, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    os.close(writing)
    os.close(reading)
    assert "Traceback" not in process.communicate(timeout=60)[1]


@contextlib.contextmanager
def simulator(*arguments):
    process = subprocess.Popen(
        [*CLI, "simulator", *arguments], env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_simulator_serves_until_it_is_stopped(stop):
    with simulator() as process:
        url = process.stdout.readline().strip()
        printed = {}
        while "Ctrl-C" not in (line := process.stdout.readline()):
            name, equals, value = line.strip().removeprefix("export ").partition("=")
            if equals:
                printed[name] = value
        assert printed["AZURE_DEVOPS_BASE_URL"] == url
        done = run("verify", "--json", env={**CLEAN, **printed})
        assert json.loads(done.stdout)["status"] == "connected"
        process.send_signal(stop)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 0
        assert errors == "\nStopped.\n"
        with pytest.raises(OSError):
            urllib.request.urlopen(url, timeout=2)  # noqa: S310 - the loopback address just printed


def test_the_simulator_on_a_port_that_is_taken():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        done = run("simulator", "--port", str(listener.getsockname()[1]))
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["verify"],
        ["verify", "--json"],
        ["tools"],
        ["investigate", "List the projects."],
        ["chat"],
    ],
    ids=" ".join,
)
def test_ctrl_c_while_the_service_does_not_answer(command):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        silent.settimeout(30)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/contoso"
        process = subprocess.Popen(
            [*CLI, *command],
            env={**CLEAN, "AZURE_DEVOPS_BASE_URL": url, "AZURE_DEVOPS_PAT": FULL},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        connection, _ = silent.accept()
        with connection:
            connection.recv(1)
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert errors == "\nInterrupted.\n"
