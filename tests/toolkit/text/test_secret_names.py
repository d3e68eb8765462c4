"""Which names say that their value is a secret, and of which kind."""

import pytest

from langchain_azure_devops.text.secret_names import Secrecy, find_secrecy

NAMES = {
    Secrecy.PASSWORD: (
        "password DB_PASSWORD dbPassword userpasswd passwort passphrase passcode PWD pword kennwort psw dbpass pass "
        "passwords my-pass PASSWORD_FOR_DB password_of_the_db adminPassword2 publicPassword "
        "password_of_the_main_db"
    ),
    Secrecy.TOKEN: "token secret API_TOKEN clientSecret credentials creds pat tokens secretsOfMine GITHUB_PAT",
    Secrecy.KEY: "apiKey API_KEY api-keys accesskey accountKey storage_account_key",
    None: (
        "key keys sortKey primary user path compass tokenizer continuationToken cancelToken csrfToken nextToken "
        "syncToken skipToken publicKey xsrfToken antiforgeryToken passwordPolicy tokenExpiry tokenExpiresAt "
        "tokenUpdated secretRotation tokenValidity tokenCount tokenUsage password_of_the_db_of_our_team key_api "
        "Keyboard wooden_key pageToken password_of_the_main_db_there secretCreation secretRotated tokenCounting "
        "tokenUsages tokenExpires secretCreatedAt continuations_token canceled_token lastToken csrfmiddleware_token "
        "xsrfheader_token antiforgeryfield_token nextpage_token pageable_token synced_token skipped_token "
        "publickey_token"
    ),
}
ROWS = [(name, secrecy) for secrecy, names in NAMES.items() for name in names.split()]


@pytest.mark.parametrize(("name", "secrecy"), ROWS)
def test_a_name_says_which_kind_of_secret_its_value_is(name, secrecy):
    assert find_secrecy(name) is secrecy


def test_no_name_says_nothing():
    assert find_secrecy("") is find_secrecy("_") is None
