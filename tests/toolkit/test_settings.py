"""Settings: what is taken from where, and what is refused before anything is sent."""

import pytest
from pydantic import SecretStr

from langchain_azure_devops.errors import CredentialMalformed, CredentialMissing, OrganizationInvalid, ScopesInvalid
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
