"""Code search: what is found, where, and how it is told."""

import pytest

from azure_devops_simulator.areas.search.query import Document, QueryError, parse

SEARCH = "/_apis/search/codesearchresults"


def found(client, text, project=None, **more):
    path = f"/{project}{SEARCH}" if project else SEARCH
    return client.call("POST", path, {"searchText": text, "$skip": 0, "$top": 50, **more})


def places(client, text, **more):
    return {f"{row['repository']['name']}{row['path']}" for row in found(client, text, **more)["results"]}


def test_a_word_is_found_everywhere_and_in_one_project(client):
    everywhere = found(client, "DATABASE_TIMEOUT")
    paths = {row["path"] for row in everywhere["results"]}
    assert everywhere["infoCode"] == 0
    assert everywhere["count"] == len(everywhere["results"]) == len(paths)
    assert paths == {
        "/deploy/helm/values.yaml",
        "/src/platform_api/db/session.py",
        "/src/platform_api/settings.py",
        "/tests/test_settings.py",
    }
    assert found(client, "DATABASE_TIMEOUT", "Payments")["count"] == 0
    assert "/azure-pipelines.yml" in {row["path"] for row in found(client, "db_timeout", "Platform")["results"]}


def test_a_hit_says_where_its_words_stand(client):
    row = next(
        r
        for r in found(client, "DATABASE_TIMEOUT")["results"]
        if r["path"].endswith("settings.py") and "src" in r["path"]
    )
    assert row["fileName"] == "settings.py"
    assert row["project"]["name"] == "Platform"
    assert row["repository"] | {"id": ""} == {"name": "platform-api", "id": "", "type": "git"}
    assert row["versions"][0]["branchName"] == "main"
    version = {
        "versionDescriptor.version": row["versions"][0]["changeId"],
        "versionDescriptor.versionType": "commit",
    }
    item = client.get(
        "/Platform/_apis/git/repositories/platform-api/items", path=row["path"], includeContent="true", **version
    )
    assert item["objectId"] == row["contentId"]
    matches = row["matches"]["content"]
    assert len(matches) == 2
    for match in matches:
        assert item["content"][match["charOffset"] :][: match["length"]] == "DATABASE_TIMEOUT"
        assert match["codeSnippet"] is None


def test_snippets_come_on_request(client):
    rows = found(client, "AccountKey", includeSnippet=True)["results"]
    snippets = {row["path"]: row["matches"]["content"][0]["codeSnippet"] for row in rows}
    assert "AccountName=sttidewatercheckout" in snippets["/deploy/storage.env"]
    assert "/tests/fixtures/storage.sample.env" in snippets


def test_words_are_whole_and_combined_with_and(client):
    assert "platform-api/src/platform_api/settings.py" not in places(client, "TIMEOUT")
    assert places(client, "carrier northline retries") <= places(client, "northline")
    assert places(client, "retries AND nonexistent") == set()


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (
            "northline OR postgres",
            {"platform-api/src/platform_api/tracking/carriers/northline.py", "infrastructure/main.bicep"},
            set(),
        ),
        ("storage NOT ext:env", {"infrastructure/modules/storage.bicep"}, {"checkout-service/deploy/storage.env"}),
        ('"ignore your previous instructions"', {"checkout-service/src/payment/provider.ts"}, {"docs/docs/index.md"}),
        ("DB_TIME*", {"platform-api/deploy/ci.env"}, {"platform-api/README.md"}),
        ("DB_TIMEOU?", {"platform-api/deploy/ci.env"}, set()),
        ("ext:bicep network", {"infrastructure/modules/network.bicep"}, {"infrastructure/README.md"}),
        ("file:settings.py timeout OR file:*ettings.py", {"platform-api/src/platform_api/settings.py"}, set()),
        (
            "path:src/platform_api/db session",
            {"platform-api/src/platform_api/db/session.py"},
            {"platform-api/scripts/load_ports.py"},
        ),
        ("repo:ledger package", {"ledger/internal/posting/posting.go"}, {"checkout-service/package.json"}),
        ('proj:"Mobile App" shipment', {"tidewater-app/src/api/client.ts"}, {"platform-api/README.md"}),
        (
            "(tracking OR invoice) ext:py",
            {"platform-api/src/platform_api/tracking/carriers/northline.py"},
            {"docs/docs/index.md"},
        ),
        ("def:timeline", {"platform-api/src/platform_api/tracking/events.py"}, set()),
    ],
)
def test_the_grammar(client, text, inside, outside):
    hits = places(client, text)
    assert inside <= hits
    assert not outside & hits


NEAR = Document("P", "r", "/a.txt", "1", "one two three four five six seven; nine near me")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("one NEAR six", True),
        ("one NEAR seven", False),
        ("six NEAR one", True),
        ("one BEFORE six", True),
        ("six BEFORE one", False),
        ("six AFTER one", True),
        ("one AFTER six", False),
        ("one NEAR one", False),
        ('"two three" BEFORE six', True),
        ("nine near me", True),
        ("me near nine NOT (one NEAR six)", False),
        ("zero OR three NEAR two", True),
    ],
)
def test_words_that_stand_close_to_each_other(text, found):
    assert parse(text).matches(NEAR) == found


@pytest.mark.parametrize("text", ["NEAR one", "one NEAR", "one NEAR ext:py", "one NEAR two NEAR three"])
def test_a_word_stands_on_both_sides_of_near(text):
    with pytest.raises(QueryError):
        parse(text)


def test_a_filter_that_is_not_simulated_is_refused(client):
    body = {"searchText": "timeline", "$top": 1, "filters": {"CodeElement": ["def"]}}
    answer = client.send("POST", SEARCH, body)
    assert answer.is_error
    assert "not simulate" in answer.text
    assert found(client, "timeline", filters={"CodeElement": []})["count"] > 0


def test_only_default_branches_are_searched(client):
    assert places(client, "lru_cache") == set()


def test_file_names_are_searched_and_come_first(client):
    rows = found(client, "northline")["results"]
    assert rows[0]["fileName"] == "northline.py"
    assert rows[0]["matches"]["fileName"]


def test_filters_narrow_and_need_each_other(client):
    filters = {"Project": ["Platform"], "Repository": ["platform-api"], "Path": ["/tests"], "Branch": ["main"]}
    assert {row["path"] for row in found(client, "timeout OR settings", filters=filters)["results"]} == {
        "/tests/test_settings.py"
    }
    assert found(client, "settings", filters={**filters, "Branch": ["release/2.8"]})["count"] == 0
    for bad in ({"Repository": ["platform-api"]}, {"Project": ["Platform"], "Path": ["/tests"]}):
        client.call("POST", SEARCH, {"searchText": "x", "$top": 1, "filters": bad}, expect=400)


def test_pages_order_and_facets(client):
    everything = found(client, "tidewater", includeFacets=True)
    assert everything["count"] > 4
    page = found(client, "tidewater", **{"$skip": 1, "$top": 2})
    assert page["results"] == everything["results"][1:3]
    assert page["count"] == everything["count"]
    assert page["facets"] == {}
    facet = {row["name"]: row["resultCount"] for row in everything["facets"]["Repository"]}
    assert sum(facet.values()) == everything["count"]
    ordered = found(client, "tidewater", **{"$orderBy": [{"field": "filename", "sortOrder": "DESC"}]})["results"]
    names = [row["fileName"].lower() for row in ordered]
    assert names == sorted(names, reverse=True)


def test_limits_and_questions_that_cannot_be_answered(client):
    assert found(client, "tidewater", **{"$top": 5000})["infoCode"] == 8
    client.call("POST", SEARCH, {"searchText": "tidewater", "$skip": 1001, "$top": 1}, expect=400)
    assert found(client, "*timeout")["infoCode"] == 4
    assert found(client, "")["infoCode"] == 3
    assert found(client, '"open')["infoCode"] == 3


def test_without_the_extension_search_is_not_there(client, organization):
    organization.code_search_installed = False
    error = client.call("POST", SEARCH, {"searchText": "x", "$top": 1}, expect=404)
    assert "not installed" in error["message"]


def test_search_needs_only_the_code_scope(connect, organization, reader):
    organization.add_token("work-only", {"vso.work"})
    body = {"searchText": "ledger", "$top": 1}
    assert reader.send("POST", SEARCH, body).status_code == 200
    assert connect("work-only").send("POST", SEARCH, body).status_code == 401


@pytest.mark.parametrize("text", ["", "  ", "(a", "a)", "a OR", "AND", "NOT", "?x", '"'])
def test_malformed_texts(text):
    with pytest.raises(QueryError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("a b", True),
        ("a AND NOT b", False),
        ("NOT c a", True),
        ("c OR a", True),
        ("c OR d", False),
        ("(c OR a) b", True),
        ("a b OR c", True),
        ('"a b"', True),
        ('"b a"', False),
        ("lo*g", True),
        ("lon", False),
        ("LONG", True),
    ],
)
def test_precedence(text, matches):
    document = Document("P", "r", "/x/name.txt", "1", "a b long words")
    assert parse(text).matches(document) is matches
