"""Running the simulator for others: its address, its certificate, its file and its container."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import trustme
import yaml
from command_process import end, read_line, start
from cryptography import x509

from azure_devops_simulator import SimulatorServer
from azure_devops_simulator.__main__ import main
from azure_devops_simulator.server.server import base_url, web_server
from azure_devops_simulator.server.serving import listen
from azure_devops_simulator.server.tls import make_certificate, service_hosts

TOOLKIT = Path(__file__).parents[3] / "toolkit"
DOCKERFILE = TOOLKIT / "Dockerfile"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - reached for the time of one test


def trusting(folder):
    return ssl.create_default_context(cafile=folder / "authority.pem")


@pytest.mark.parametrize("host", ["dev.azure.com", "vssps.dev.azure.com", "tidewater.visualstudio.com", "localhost"])
def test_the_certificate_is_good_for_the_hosts_of_the_service(tmp_path, organization, host):
    certificate = make_certificate(tmp_path, organization.name)
    with SimulatorServer(organization, certificate=certificate) as server:
        port = httpx.URL(server.base_url).port
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            trusting(tmp_path).wrap_socket(plain, server_hostname=host) as secured,
        ):
            names = {name for _, name in secured.getpeercert()["subjectAltName"]}
    assert {"dev.azure.com", "*.dev.azure.com", "app.vssps.visualstudio.com", "127.0.0.1"} <= names


def test_a_certificate_is_kept_and_its_authority_cannot_issue_another(tmp_path):
    folder = tmp_path / "new" / "tls"
    make_certificate(folder, "tidewater")
    made = {path.name: path.read_bytes() for path in folder.glob("*.pem")}
    assert sorted(made) == ["authority.pem", "chain.pem", "key.pem"]
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    make_certificate(folder, "tidewater")
    assert {path.name: path.read_bytes() for path in folder.glob("*.pem")} == made


def test_servers_that_start_at_once_share_one_authority(tmp_path):
    folder = tmp_path / "tls"
    processes = [start("--token", "all=app_token", "--tls", str(folder)) for _ in range(3)]
    try:
        addresses = [read_line(process) for process in processes]
        for address in addresses:
            with httpx.Client(auth=("", "all"), verify=trusting(folder)) as client:
                assert client.get(f"{address}/_apis/projects?api-version=7.1").status_code == 200
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def soon_over(folder):
    authority, now = trustme.CA(), datetime.now(UTC)
    issued = authority.issue_cert(
        *service_hosts("tidewater"), not_before=now - timedelta(days=9), not_after=now + timedelta(hours=1)
    )
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")


def of_another_key(folder):
    trustme.CA().issue_cert("dev.azure.com").private_key_pem.write_to_path(folder / "key.pem")


def of_another_authority(folder):
    trustme.CA(organization_name="azure_devops_simulator").cert_pem.write_to_path(folder / "authority.pem")


@pytest.mark.parametrize(
    "spoil",
    [
        soon_over,
        of_another_key,
        of_another_authority,
        lambda folder: (folder / "chain.pem").write_text("nothing"),
        lambda folder: (folder / "authority.pem").unlink(),
        lambda folder: make_certificate(folder, "another-organization"),
    ],
)
def test_a_certificate_that_is_of_no_use_is_made_anew(tmp_path, spoil):
    make_certificate(tmp_path, "tidewater")
    spoil(tmp_path)
    before = (tmp_path / "chain.pem").read_bytes()
    certificate = make_certificate(tmp_path, "tidewater")
    assert certificate.chain.read_bytes() != before
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate.chain, certificate.key)
    leaf, authority = (
        x509.load_pem_x509_certificate((tmp_path / f"{name}.pem").read_bytes()) for name in ("chain", "authority")
    )
    leaf.verify_directly_issued_by(authority)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_organization_is_saved_at_the_end_and_served_again(tmp_path, ending):
    file, folder = tmp_path / "saved.json", tmp_path / "tls"
    file.write_text("the world of an earlier run")
    process = start("--token", "all=app_token", "--tls", str(folder), "--save", str(file))
    try:
        address = read_line(process)
        explained = "".join(read_line(process) + "\n" for _ in range(12))
        with httpx.Client(base_url=address, auth=("", "all"), verify=trusting(folder)) as client:
            made = client.post("/Platform/_apis/git/repositories?api-version=7.1", json={"name": "kept"})
            assert made.status_code == 201
        assert end(process, ending) == (0, "")
    finally:
        process.kill()
        process.communicate()
    assert f"NODE_EXTRA_CA_CERTS={folder / 'authority.pem'}" in explained
    assert f"REQUESTS_CA_BUNDLE={folder / 'authority.pem'}" in explained
    assert re.search(r"127\.0\.0\.1 dev\.azure\.com .* tidewater\.visualstudio\.com\n", explained)
    assert f"this is port {httpx.URL(address).port}" in explained
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["saved.json", "tls"]
    again = start("--token", "all=app_token", "--world", str(file))
    try:
        repositories = f"{read_line(again)}/Platform/_apis/git/repositories/kept"
        assert httpx.get(repositories, auth=("", "all")).json()["name"] == "kept"
        assert end(again) == (0, "")
    finally:
        again.kill()
        again.communicate()


def test_a_file_that_cannot_be_saved_is_said(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    process = start("--token", "all=app_token", "--save", str(folder / "saved.json"))
    try:
        read_line(process)
        folder.rmdir()
        code, err = end(process)
        assert code == 1
        assert err.startswith("cannot save the organization: ")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--save", "/nowhere/at/all.json"], "cannot write the file /nowhere/at/all.json"),
        (["--save", "/"], "cannot write the file /"),
        (["--tls", "x", "--certificate", __file__, "--key", __file__], "give either --tls or --certificate"),
        (["--tls", f"{__file__}/x"], "cannot use the certificate"),
        (["--host", "203.0.113.9"], "cannot listen on port 0 of 203.0.113.9: "),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_served(arguments, says, refuse):
    code, out, err = refuse(*arguments)
    assert (code in {1, 2}, out) == (True, "")
    assert says in err


def test_an_address_that_others_can_reach_is_told_and_warned_of():
    process = start("--token", "all=app_token", "--host", EVERYWHERE, "--control")
    try:
        address = read_line(process)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/tidewater", address)
        assert httpx.get(f"{address}/_apis/projects", auth=("", "all")).status_code == 200
        code, err = end(process)
        assert (code, err.startswith("warning: other machines can reach the simulator")) == (0, True)
        assert "control endpoint" in err
    finally:
        process.kill()
        process.communicate()


async def test_a_connection_that_was_idle_for_minutes_still_takes_a_post(organization, monkeypatch):
    """The loop's clock is moved, so that nobody waits."""
    loop, clock = asyncio.get_running_loop(), asyncio.get_running_loop().time
    passed = [0.0]
    monkeypatch.setattr(loop, "time", lambda: clock() + sum(passed))
    server, listener = web_server(organization), listen()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    url = httpx.URL(base_url(organization, listener))
    reader, writer = await asyncio.open_connection(url.host, url.port)

    async def post():
        writer.write(b"POST /tidewater/_apis/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        size = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        await reader.readexactly(int(size[1]))
        return head.split()[1]

    assert await post() == b"302"
    passed.append(590.0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not reader.at_eof()
    assert await post() == b"302"
    passed.append(601.0)
    assert await reader.read() == b""
    writer.close()
    server.stop()
    await serving


def test_every_option_is_on_the_page(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    text = (TOOLKIT / "SIMULATOR.md").read_text(encoding="utf-8")
    assert len(options) >= 15
    assert {option for option in options if not re.search(f"[` ]{option}[` ]", text)} == set()


def instructions_of(text):
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def test_the_dockerfile_passes_its_linter_and_copies_what_is_there():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "run: uv sync"
    done = subprocess.run([hadolint, "--no-color", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    copied = [rest.split()[:-1] for name, rest in instructions_of(DOCKERFILE.read_text()) if name == "COPY"]
    paths = [path for paths in copied for path in paths if not path.startswith(("--from", "/wheels"))]
    assert "pyproject.toml" in paths
    assert all((TOOLKIT.parent / path).exists() for path in paths)


def test_the_container_starts_with_the_options_of_its_environment():
    rows = dict(instructions_of(DOCKERFILE.read_text()))
    environment = dict(pair.split("=", 1) for pair in shlex.split(rows["ENV"]))
    with listen() as free:
        environment["SIMULATOR_PORT"] = str(free.getsockname()[1])
    health = json.loads(rows["HEALTHCHECK"].partition("CMD ")[2])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **environment, "PATH": path}
    command = [*json.loads(rows["ENTRYPOINT"]), "--clock-rate", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=environment)
    try:
        address = read_line(process)
        assert httpx.URL(address).port == int(environment["SIMULATOR_PORT"])
        projects = f"{address}/_apis/projects"
        answers = [httpx.get(projects, auth=("", token)).status_code for token in ("full-access", "read-only", "none")]
        assert answers == [200, 200, 302]
        assert httpx.get(httpx.URL(address).copy_with(path="/_simulator/clock")).json()["rate"] == 2
        assert subprocess.run(health, env=environment, check=False).returncode == 0
        assert end(process)[0] == 0
    finally:
        process.kill()
        process.communicate()


def test_the_snippets_for_ci_start_the_container_with_a_token():
    text = (TOOLKIT / "SIMULATOR.md").read_text(encoding="utf-8")
    github, azure = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    (job,) = github["jobs"].values()
    (service,) = job["services"].values()
    (container,) = azure["resources"]["containers"]
    assert list(azure["services"].values()) == [container["container"]]
    for image, steps in ((service, job["steps"]), (container, azure["steps"])):
        environment = steps[-1]["env"]
        token = re.search(r"--token (\S+)=app_token", image["env"]["SIMULATOR_OPTIONS"])[1]
        assert environment["AZURE_DEVOPS_PAT"] == token
        (ports,) = image["ports"]
        assert ports == "8080:8080"
        assert environment["AZURE_DEVOPS_BASE_URL"] == "http://localhost:8080/tidewater"
