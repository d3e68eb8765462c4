"""Settings: what is taken from where, and what is refused before anything is sent."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from langchain_azure_devops.errors import (
    CredentialMalformed,
    CredentialMissing,
    Misconfigured,
    OrganizationInvalid,
    ScopesInvalid,
)
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.settings import load_settings

PAT = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5q6r7s2t3u4v5w6x7y2z3"


def settings(**arguments):
    environ = arguments.pop("environ", {})
    return load_settings(environ=environ, **{"organization": "contoso", "pat": PAT, **arguments})


def test_arguments_alone_suffice():
    found = settings(default_project="Platform")
    assert (found.organization, found.default_project) == ("contoso", "Platform")
    assert found.url("core") == "https://dev.azure.com/contoso"
    assert found.url("search") == "https://almsearch.dev.azure.com/contoso"


def test_the_environment_alone_suffices():
    found = load_settings(
        environ={
            "AZURE_DEVOPS_ORG": "contoso",
            "AZURE_DEVOPS_PAT": PAT,
            "AZURE_DEVOPS_PROJECT": "Platform",
            "AZURE_DEVOPS_SCOPES": "vso.code, work_write",
        }
    )
    assert found.declared_scopes == {Scope.CODE, Scope.WORK_WRITE}
    assert found.credential_source == "AZURE_DEVOPS_PAT"


def test_an_argument_beats_the_environment_as_a_whole():
    found = settings(environ={"AZURE_DEVOPS_BASE_URL": "https://server/tfs/Main", "AZURE_DEVOPS_ORG": "fabrikam"})
    assert found.url("core") == "https://dev.azure.com/contoso"


def test_an_empty_variable_is_unset():
    with pytest.raises(CredentialMissing):
        load_settings(environ={"AZURE_DEVOPS_ORG": "contoso", "AZURE_DEVOPS_PAT": "  "})
    with pytest.raises(OrganizationInvalid):
        load_settings(environ={"AZURE_DEVOPS_ORG": "", "AZURE_DEVOPS_PAT": PAT})


def test_the_cli_s_token_is_borrowed():
    found = load_settings(environ={"AZURE_DEVOPS_ORG": "contoso", "AZURE_DEVOPS_EXT_PAT": PAT})
    assert found.borrowed
    assert found.credential_source == "AZURE_DEVOPS_EXT_PAT"


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        ("https://dev.azure.com/contoso", "contoso"),
        ("https://dev.azure.com/contoso/", "contoso"),
        ("https://dev.azure.com/contoso/Platform/_git/api", "contoso"),
        ("dev.azure.com/contoso", "contoso"),
        ("https://contoso.visualstudio.com", "contoso"),
        ("https://contoso.visualstudio.com/DefaultCollection", "contoso"),
        ("contoso/Platform", "contoso"),
        ("contoso/", "contoso"),
    ],
)
def test_a_url_is_refused_with_the_name_to_use(given, bare):
    with pytest.raises(OrganizationInvalid, match=f"'{bare}'") as caught:
        settings(organization=given)
    assert caught.value.subject == bare


@pytest.mark.parametrize("given", ["", "   ", "https://example.org/x", "a b", "-contoso", "x" * 60, "über"])
def test_what_cannot_be_a_name_is_refused(given):
    with pytest.raises(OrganizationInvalid):
        settings(organization=given)


@pytest.mark.parametrize("pat", [f" {PAT}", f"{PAT}\n", f"{PAT}\r\n", f"\t{PAT}"])
def test_white_space_around_the_token_is_refused_with_that_reason(pat):
    with pytest.raises(CredentialMalformed, match="white space around") as caught:
        settings(pat=pat)
    assert PAT not in str(caught.value)


@pytest.mark.parametrize("pat", [f"{PAT[:20]} {PAT[20:]}", f"{PAT[:20]}\n{PAT[20:]}", f"{PAT}é"])
def test_characters_no_token_has_are_refused(pat):
    with pytest.raises(CredentialMalformed) as caught:
        settings(pat=pat)
    assert PAT[:20] not in str(caught.value)


def test_an_unusual_shape_is_no_reason_to_refuse():
    assert settings(pat="short").token() == SecretStr("short")


@pytest.mark.parametrize(
    ("base_url", "why"),
    [
        ("http://server/tfs/Main", "clear text"),
        ("server/tfs", "not a URL"),
        ("https://server", "names no organization"),
        ("https://user:secret@server/tfs/Main", "user name or password"),
        ("https://server/tfs/Main?x=1", "query"),
    ],
)
def test_a_base_url_must_be_whole_and_safe(base_url, why):
    with pytest.raises(OrganizationInvalid, match=why) as caught:
        load_settings(base_url=base_url, pat=PAT, environ={})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://server/tfs/Ma\nin", "https://ser\nver/tfs/Main", "https://server/tfs/Ma\rin", "https://ser\tver/tfs/Main",
        "https://server/tfs/Default Collection", "https://server/a/../b", "https://server/a/..", "https://server/./b",
        "https://server/a/%2e%2e/b", "https://server/a/.%2E/b", "https://server/a%2fb", "https://server/a%5Cb",
        "https://server/a\\b", "https://server//b", "https://server/a//b", "https://server/a%00b", "https://server/%0a",
        "https://server/a%e2%80%ae", "https://server/a%ff", "https://server/%20", "https://server/a?", "https://server/a#",
        "https://@server/a", "https://:@server/a", "https://user@server/a", "https://server:99999/a",
        "https://server:port/a", "https://[::1/a", "https://[zz]/a", "https://-server/a", "https://ser ver/a",
        "https://ser%2fver/a", "https://server..example/a", "https://.server/a", "ftp://server/a", "//server/a",
        "https:server/a", "https:///a", "javascript:alert(1)", "file:///etc/passwd", "http://localhost.evil.example/a",
        "http://127.0.0.1.evil.example/a", "http://0x7f000001/a", "http://2130706433/a", "http://0.0.0.0/a",
        "https://m\u00fcnchen.example/a", "https://\u0455erver/a", "https://server\u3002example/a", "https://server/\u00fc",
        "https://server/a\x00", "https://server/a\u200b", "https://server\x7f/a", "https://server/a\u2028", "\ud800",
        "https://" + "a" * 300 + "/a", "https://server/a;x=/../b/..",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_base_url_that_may_lead_elsewhere_is_refused(base_url):
    for load in (
        lambda: load_settings(base_url=base_url, pat=PAT, environ={}),
        lambda: load_settings(environ={"AZURE_DEVOPS_BASE_URL": base_url, "AZURE_DEVOPS_PAT": PAT}),
        lambda: replace(settings(), base_url=base_url),
    ):
        with pytest.raises(OrganizationInvalid) as caught:
            load()
        assert caught.value.message.isascii()
        assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("given", "secret"),
    [("ftp://user:geheim1@server/a", "geheim1"), ("https://user:geheim2@ser ver/a", "geheim2"),
     ("https://geheim3@server:99999/a", "geheim3"), ("https://user:gehe@im4@server/a\n", "im4")],
)  # fmt: skip
def test_a_password_in_a_base_url_is_in_no_message(given, secret):
    with pytest.raises(OrganizationInvalid) as caught:
        load_settings(base_url=given, pat=PAT, environ={})
    assert secret not in caught.value.message


def test_the_ascii_form_of_a_host_is_named():
    with pytest.raises(OrganizationInvalid, match=r"xn--mnchen-3ya\.example"):
        load_settings(base_url="https://m\u00fcnchen.example/a", pat=PAT, environ={})


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://server/tfs/Default%20Collection", "Default Collection"), ("https://xn--mnchen-3ya.example/a", "a"),
        ("https://server:8443/tfs/Main/", "Main"), ("https://[2001:db8::1]:8443/a", "a"), ("http://[::1]:80/a", "a"),
        ("HTTPS://Server_1.example/a.b", "a.b"), (" https://server/a\n", "a"), ("https://server/%C3%BC", "\u00fc"),
        ("http://localhost:1/main", "main"), ("https://10.0.0.1/a", "a"),
    ],
)  # fmt: skip
def test_ordinary_base_urls_are_accepted(base_url, name):
    found = load_settings(base_url=base_url, pat=PAT, environ={})
    assert found.organization == name
    assert found.base_url == base_url.strip().rstrip("/")


@pytest.mark.parametrize(
    "project", [".", "..", " .. ", "a/b", "a\\b", "a\nb", "a\x00", "a\u202eb", "a\u200b", "\ud800", "x" * 65,
                "a\ufffd"],
    ids=ascii,
)  # fmt: skip
def test_a_default_project_is_a_name(project):
    for load in (
        lambda: settings(default_project=project),
        lambda: settings(environ={"AZURE_DEVOPS_PROJECT": project}),
        lambda: replace(settings(), default_project=project),
    ):
        with pytest.raises(Misconfigured, match="default_project"):
            load()
    assert settings(default_project="Mobile App \u00fc").default_project == "Mobile App \u00fc"


@pytest.mark.parametrize(
    "host",
    ["*", "*.", "*.*", "https://x.example", "x.example/path", "x.example:443", "m\u00fcnchen.example", ".x.example",
     "x..example", "user@x.example", "*x.example", "a.*.example", "x\x00.example", "\uff0a.example"],
    ids=ascii,
)  # fmt: skip
def test_a_host_that_writes_may_link_to_is_a_plain_name(host):
    with pytest.raises(Misconfigured, match="AZURE_DEVOPS_LINK_HOSTS"):
        settings(environ={"AZURE_DEVOPS_LINK_HOSTS": f"good.example {host}"})


def test_a_base_url_serves_every_area():
    found = load_settings(base_url="https://server/tfs/Main/", pat=PAT, environ={})
    assert found.url("core") == found.url("search") == "https://server/tfs/Main"
    assert found.organization == "Main"


def test_http_is_for_loopback():
    assert load_settings(base_url="http://127.0.0.1:8080/main", pat=PAT, environ={}).organization == "main"


def test_both_an_organization_and_a_base_url_is_an_error():
    with pytest.raises(OrganizationInvalid, match="Both an organization and a base URL were given"):
        load_settings(organization="contoso", base_url="https://server/tfs/Main", pat=PAT, environ={})


def test_an_unknown_scope_stops():
    with pytest.raises(ScopesInvalid):
        settings(scopes="vso.everything")


def test_the_token_is_in_no_repr():
    assert PAT not in repr(settings())
    assert PAT not in str(settings().token())
