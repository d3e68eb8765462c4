"""A token may die at any time: its provider is asked for another, which is looked at before it is used."""

import asyncio
import dataclasses
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from tool_calls import Recorder, seed_with_tokens, writes

from azure_devops_simulator import Fault
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, errors
from langchain_azure_devops.http import credentials as credentials_module
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.settings import load_settings

OLD, NEW = "old-token", "new-token"
WRITER = ("vso.project", "vso.work_write", "vso.code")
READER = ("vso.project", "vso.work")


class Provider:
    """Gives one token after the other, the last one again and again; counts how often it was asked."""

    def __init__(self, *tokens: str | Exception) -> None:
        self.tokens, self.asked = list(tokens), 0

    def __call__(self) -> str:
        self.asked += 1
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        if isinstance(token, Exception):
            raise token
        return token


@pytest.fixture
def organization():
    made = seed_with_tokens()
    made.add_token(OLD, WRITER)
    made.add_token(NEW, WRITER)
    return made


@pytest.fixture
def sent():
    return []


@pytest.fixture
def connect(server, sent):
    made = []

    def client_with(provider, **arguments):
        settings = load_settings(base_url=server.base_url, pat=provider, default_project="Platform", environ={})
        transport = Recorder(server.base_url, sent)
        made.append(AzureDevOps(settings, **{"writes": "allow", "transport": transport, **arguments}))
        return made[-1]

    yield client_with
    for client in made:
        client.close()


def read(client):
    return TOOLS["get_work_item"].call_sync(client, ids=[16]).id


def revoke(organization, value=OLD):
    organization.tokens[value].state = "revoked"


def test_a_read_goes_on_with_the_next_token(organization, connect):
    provider = Provider(OLD, NEW)
    client = connect(provider)
    assert read(client) == 16
    assert provider.asked == 1
    revoke(organization)
    assert read(client) == 16
    assert provider.asked == 2


@pytest.mark.parametrize("kind", ["plain", "async", "secret", "async secret"])
def test_a_provider_may_be_plain_or_async(organization, connect, kind):
    given = Provider(OLD, NEW)

    async def later():
        await asyncio.sleep(0)
        return SecretStr(given()) if "secret" in kind else given()

    client = connect(later if "async" in kind else (lambda: SecretStr(given())) if kind == "secret" else given)
    read(client)
    revoke(organization)
    assert read(client) == 16
    assert given.asked == 2


def test_a_refused_write_is_repeated_once_with_the_next_token_because_it_was_not_taken(organization, connect, sent):
    client = connect(Provider(OLD, NEW))
    read(client)
    revoke(organization)
    count = len(list(organization.work_items))
    made = TOOLS["create_work_item"].call_sync(client, type="Bug", title="Once")
    assert made.notes == []
    assert len(list(organization.work_items)) == count + 1
    assert len(writes(sent)) == 2


def test_a_sign_in_page_in_the_middle_is_a_dead_token_too(organization, connect):
    client = connect(Provider(OLD, NEW))
    read(client)
    organization.faults.add(Fault(kind="status", status=203, body="html", path="/wit/workitems/16", times=1))
    assert read(client) == 16
    assert client.credential.known_tokens == (OLD, NEW)


def test_parallel_requests_ask_the_provider_once(organization, connect):
    provider = Provider(OLD, NEW)
    client = connect(provider)
    read(client)
    revoke(organization)
    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: read(client), range(24))) == {16}
    assert provider.asked == 2


def test_a_refusal_that_arrives_after_the_rotation_is_not_taken_for_a_missing_scope(organization, server, connect):
    held = threading.Event()

    class Late(Recorder):
        async def handle_async_request(self, request):
            response = await super().handle_async_request(request)
            while (
                "/workitems/" in request.url.path
                and response.status_code == 401
                and len(client.credential.known_tokens) < 2
            ):
                held.set()
                await asyncio.sleep(0.01)
            return response

    client = connect(Provider(OLD, NEW), transport=Late(server.base_url, []))
    read(client)
    revoke(organization)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(read, client)
        assert held.wait(20)
        assert client.run_sync(client.get("/_apis/projects")).status_code == 200
        assert late.result() == 16


def test_a_missing_scope_is_no_reason_to_ask(organization, connect):
    organization.tokens[OLD].scopes = frozenset({"vso.code", "vso.project"})
    provider = Provider(OLD, NEW)
    client = connect(provider)
    with pytest.raises(errors.ScopeMissing):
        read(client)
    assert provider.asked == 1


def test_a_token_that_dies_right_after_a_refusal_is_not_taken_for_a_missing_scope(organization, connect):
    organization.tokens[OLD].scopes = frozenset({"vso.code", "vso.project"})
    client = connect(lambda: OLD)
    with pytest.raises(errors.ScopeMissing):
        read(client)
    revoke(organization)
    with pytest.raises(errors.TokenRejected):
        read(client)


def test_a_provider_that_gives_the_same_dead_token_is_not_asked_in_a_loop(organization, connect):
    provider = Provider(OLD)
    client = connect(provider)
    read(client)
    revoke(organization)
    for _ in range(5):
        with pytest.raises(errors.TokenRejected, match="gave the same one again"):
            read(client)
    assert provider.asked == 2


def test_it_is_asked_again_after_a_while(organization, connect, monkeypatch):
    monkeypatch.setattr(credentials_module, "RETRY_PROVIDER_SECONDS", 0.0)
    provider = Provider(OLD, OLD, NEW)
    client = connect(provider)
    read(client)
    revoke(organization)
    with pytest.raises(errors.TokenRejected):
        read(client)
    assert read(client) == 16


def test_a_new_token_that_is_dead_too_is_not_used(organization, connect):
    client = connect(Provider(OLD, NEW))
    read(client)
    revoke(organization)
    revoke(organization, NEW)
    with pytest.raises(errors.TokenRejected, match="not the new one"):
        read(client)


def test_a_token_of_another_account_is_refused_until_it_is_accepted(organization, server):
    other = next(user for user in organization.users.values() if user.id != organization.tokens[OLD].user.id)
    organization.add_token("others-token", WRITER, other)
    provider = Provider(OLD, "others-token")
    with AzureDevOpsToolkit.connect(
        base_url=server.base_url, pat=provider, default_project="Platform", writes="allow"
    ) as toolkit:
        revoke(organization)
        now = organization.clock.now()
        with pytest.raises(errors.AccountChanged, match=other.display_name):
            TOOLS["create_work_item"].call_sync(toolkit.client, type="Bug", title="As somebody else")
        assert organization.clock.now() == now
        found = toolkit.refresh()
        assert found.connected
        assert found.hints[0].startswith(f"The token belongs to {other.display_name} now; before it was ")
        assert read(toolkit.client) == 16


@pytest.mark.parametrize("name", ["display name", "display name and case of the address"])
def test_another_account_with_the_same_name_is_another_account(organization, connect, sent, name):
    """Only the id says whose token it is: display names are not unique, and people rename themselves."""
    owner = organization.tokens[OLD].user
    address = "twin@elsewhere.example" if name == "display name" else owner.unique_name.upper()
    twin = organization.add_user(owner.display_name, address)
    assert twin.id != owner.id
    organization.add_token("twins-token", WRITER, twin)
    client = connect(Provider(OLD, "twins-token"))
    client.run_sync(client.fetch_identity())
    revoke(organization)
    count = len(list(organization.work_items))
    with pytest.raises(errors.AccountChanged, match=f"belongs to {owner.display_name}, but the work began as"):
        TOOLS["create_work_item"].call_sync(client, type="Bug", title="As a twin")
    assert len(list(organization.work_items)) == count
    assert client.credential.known_tokens == (OLD,)


def test_a_person_who_was_renamed_is_the_same_account(organization, connect):
    owner = organization.tokens[OLD].user
    client = connect(Provider(OLD, NEW))
    client.run_sync(client.fetch_identity())
    renamed = dataclasses.replace(owner, display_name="Somebody New", unique_name="new@tidewater.example")
    organization.users[owner.id] = organization.tokens[NEW].user = renamed
    revoke(organization)
    assert read(client) == 16
    assert client.credential.account.name == "Somebody New"


def test_a_provider_that_fails_says_so_and_keeps_its_secret(connect):
    client = connect(Provider(ValueError("vault said: hunter2-token")))
    with pytest.raises(errors.CredentialUnavailable, match=r"failed \(ValueError\)") as caught:
        read(client)
    assert "hunter2" not in caught.value.message


def test_a_provider_that_hangs_does_not_hang_the_call(connect):
    hang = threading.Event()
    client = connect(lambda: hang.wait(30) and OLD, context=RunContext(timeouts=Timeouts(request=0.05)))
    with pytest.raises(errors.CredentialUnavailable, match="nothing in time"):
        read(client)
    hang.set()


def test_all_who_wait_for_a_provider_that_hangs_wait_once(connect):
    asked = []
    hang = threading.Event()
    client = connect(
        lambda: asked.append(1) or hang.wait(30) or OLD, context=RunContext(timeouts=Timeouts(call=0.3, request=30.0))
    )

    async def several():
        return await asyncio.gather(*(client.get("/_apis/projects") for _ in range(6)), return_exceptions=True)

    failures = client.run_sync(several())
    hang.set()
    assert [type(failure) for failure in failures] == [errors.CredentialUnavailable] * 6
    assert len(asked) == 1, "and no longer than the call may take"


def test_a_program_ends_although_its_provider_hangs():
    program = """
        import threading
        from langchain_azure_devops import AzureDevOps, AzureDevOpsError, RunContext, load_settings
        from langchain_azure_devops.runtime import Timeouts
        settings = load_settings(organization="contoso", pat=lambda: threading.Event().wait(), environ={})
        client = AzureDevOps(settings, context=RunContext(timeouts=Timeouts(call=0.1)))
        try:
            client.run_sync(client.get("/_apis/projects"))
        except AzureDevOpsError as error:
            print(error.headline)
        client.close()
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=True
    )
    assert (said.stdout, said.stderr) == ("[not_signed_in CredentialUnavailable]\n", "")


@pytest.mark.parametrize("given", [None, 5, b"token"], ids=repr)
def test_a_provider_that_gives_no_text_is_told_so(connect, given):
    with pytest.raises(errors.CredentialMalformed, match="instead of a token's text"):
        read(connect(lambda: given))


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("error", [SystemExit, StopIteration, OSError])
def test_however_a_provider_fails_the_call_and_not_the_client_ends(connect, kind, error):
    left = [error("token-in-message")]

    def give():
        if left:
            raise left.pop()
        return OLD

    async def give_later():
        return give()

    client = connect(give if kind == "plain" else give_later)
    with pytest.raises(errors.CredentialUnavailable) as caught:
        read(client)
    assert "token-in-message" not in caught.value.message
    assert read(client) == 16


def test_a_blocking_provider_blocks_no_other_request(organization, connect):
    first, asked, go_on = iter([OLD]), threading.Event(), threading.Event()

    def slow():
        if (token := next(first, None)) is None:
            asked.set()
            assert go_on.wait(20)
        return token or NEW

    client = connect(slow)
    read(client)
    revoke(organization)
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(read, client)
        assert asked.wait(20)
        assert client.run_sync(client.organization_exists()) is True
        go_on.set()
        assert refused.result() == 16


def test_one_of_several_tokens_of_a_person_keeps_the_pace_of_the_other(organization, connect):
    client = connect(Provider(OLD, NEW))
    read(client)
    revoke(organization)
    read(client)
    other = connect(lambda: NEW)
    client.run_sync(client.fetch_identity())
    other.run_sync(other.fetch_identity())
    assert client.pacer is other.pacer


# -- the toolkit ---------------------------------------------------------------------------------------------------


def names(toolkit):
    return {tool.name for tool in toolkit.get_tools()}


@pytest.mark.parametrize(("before", "after"), [(WRITER, READER), (READER, WRITER)], ids=["fewer", "more"])
def test_tools_follow_the_scopes_of_the_new_token(organization, server, before, after):
    organization.tokens[OLD].scopes, organization.tokens[NEW].scopes = frozenset(before), frozenset(after)
    with AzureDevOpsToolkit.connect(
        base_url=server.base_url, pat=Provider(OLD, NEW), default_project="Platform", writes="allow"
    ) as toolkit:
        assert ("create_work_item" in names(toolkit)) is (before is WRITER)
        revoke(organization)
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == "get_work_item"]
        tool.invoke({"ids": [16]})
        assert ("create_work_item" in names(toolkit)) is (after is WRITER)


async def test_refresh_finds_what_was_added_to_a_token_or_its_place(organization, server):
    provider = Provider(OLD, NEW)
    organization.tokens[OLD].scopes = frozenset(READER)
    toolkit = await AzureDevOpsToolkit.aconnect(base_url=server.base_url, pat=provider, default_project="Platform")
    async with toolkit:
        assert "create_work_item" not in names(toolkit)
        found = await toolkit.arefresh()
        assert found.connected
        assert "create_work_item" in names(toolkit)


def test_a_refresh_that_fails_leaves_the_token_in_use(organization, server):
    provider = Provider(OLD, RuntimeError("vault is sealed"))
    with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=provider, default_project="Platform") as toolkit:
        found = toolkit.refresh()
        assert (found.status, found.exit_code) == ("CredentialUnavailable", 4)
        assert read(toolkit.client) == 16
        assert "create_work_item" in names(toolkit)


def test_no_token_old_or_new_is_shown_or_written(organization, connect):
    client = connect(Provider(OLD, NEW))
    read(client)
    revoke(organization)
    read(client)
    assert set(client.secrets.values()) == {OLD, NEW}
    shown = f"{client!r}{client.credential!r}{client.settings!r}"
    assert OLD not in shown
    assert NEW not in shown
