"""Who gets in, what a token may do, and what everybody else is told."""

import base64
from urllib.parse import quote

import httpx
import pytest

from azure_devops_simulator.api.access import ANONYMOUS, SCOPES, allowed, check_scopes, expand

REPOSITORIES = "/Platform/_apis/git/repositories"
API = f"{REPOSITORIES}/platform-api"


def raw(server, path=REPOSITORIES, method="GET", authorization=None, suppress=False, follow=False):
    headers = {"Authorization": authorization} if authorization else {}
    if suppress:
        headers["X-TFS-FedAuthRedirect"] = "Suppress"
    return httpx.request(method, server.base_url + path, headers=headers, follow_redirects=follow)


def basic(pair):
    return "Basic " + base64.b64encode(pair.encode()).decode()


def is_empty_401(answer):
    return (
        answer.status_code == 401
        and answer.content == b""
        and "content-type" not in answer.headers
        and "x-vss-userdata" not in answer.headers
        and answer.headers["www-authenticate"].startswith("Basic realm=")
    )


def test_any_user_name_goes_with_a_token(server):
    for name in ("", "PAT", "somebody@tidewater.example"):
        assert raw(server, authorization=basic(f"{name}:full-token")).status_code == 200


def test_a_normal_answer_carries_the_headers_of_the_service(client):
    answer = client.http.get("/_apis/projects", params={"api-version": "7.1"}, headers={"X-TFS-Session": "abc"})
    user = client.get("/_apis/connectionData", version="7.1-preview")["authenticatedUser"]
    assert answer.headers["x-vss-userdata"] == f"{user['id']}:svc-agent@tidewater.example"
    assert answer.headers["x-tfs-session"] == "abc"
    assert answer.headers["content-type"] == "application/json; charset=utf-8; api-version=7.1"
    for name in ("ActivityId", "X-TFS-ProcessId", "X-VSS-E2EID", "X-VSS-SenderDeploymentId", "P3P", "X-MSEdge-Ref"):
        assert name in answer.headers
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-cache"] == "CONFIG_NOCACHE"
    assert not [name for name in answer.headers if name.startswith("x-ratelimit") or name == "retry-after"]


@pytest.mark.parametrize("authorization", [None, basic(":nonsense"), "Bearer full-token", "Basic ???"])
def test_without_a_good_credential_suppress_gives_401_with_the_federated_headers(server, authorization):
    answer = raw(server, authorization=authorization, suppress=True)
    assert answer.status_code == 401
    assert answer.json()["typeKey"] == "UnauthorizedRequestException"
    challenges = answer.headers.get_list("www-authenticate")
    assert any(c.startswith("Bearer authorization_uri=https://login.microsoftonline.com/") for c in challenges)
    assert "TFS-Federated" in challenges
    host = server.base_url.rpartition("/")[0]
    assert f'Basic realm="{host}/"' in challenges
    assert len(challenges) == 3
    assert answer.headers["x-tfs-fedauthredirect"].startswith(f"{host}/_signin?realm={quote(host, safe='')}&reply_to=")
    for name in ("X-TFS-FedAuthRealm", "X-TFS-FedAuthIssuer", "X-TFS-FedAuthRedirect", "X-VSS-ResourceTenant"):
        assert name in answer.headers
    assert "x-vss-userdata" not in answer.headers


def test_an_issued_token_is_accepted_as_bearer_and_as_password(server, organization):
    token = organization.add_token("issued-token", {"vso.code"}, kind="issued")
    for authorization in ("Bearer issued-token", "bearer  issued-token", basic(":issued-token")):
        assert raw(server, authorization=authorization).status_code == 200
    assert is_empty_401(raw(server, "/_apis/process/processes", authorization="Bearer issued-token"))
    token.state = "revoked"
    assert is_empty_401(raw(server, authorization="Bearer issued-token"))
    assert raw(server, authorization="Bearer", suppress=True).status_code == 401


def test_a_personal_token_as_bearer_needs_the_setting(server, organization):
    refused = raw(server, authorization="Bearer full-token", suppress=True)
    assert refused.status_code == 401
    assert refused.json()["typeKey"] == "UnauthorizedRequestException"
    organization.bearer_pats = True
    assert raw(server, authorization="Bearer full-token").status_code == 200
    assert raw(server, authorization="Bearer nonsense", suppress=True).status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_suppress_the_browser_is_sent_to_sign_in(server, method):
    answer = raw(server, method=method, authorization=basic(":nonsense"))
    assert answer.status_code == 302
    assert "/_signin?realm=" in answer.headers["location"]


def test_who_follows_ends_at_the_sign_in_page(server):
    answer = raw(server, follow=True)
    assert answer.status_code == 203
    assert answer.headers["content-type"].startswith("text/html")
    assert "Azure DevOps Services | Sign In" in answer.text


def test_patch_without_credential_is_401_as_json(server):
    answer = raw(server, method="PATCH")
    assert answer.status_code == 401
    assert answer.json()["message"] == "TF400813: The user '' is not authorized to access this resource."


def test_a_credential_without_colon_shows_the_sign_in_page_even_with_suppress(server):
    answer = raw(server, authorization=basic("full-token"), suppress=True, follow=True)
    assert answer.status_code == 203
    assert "Sign In" in answer.text


def test_somebody_outside_the_organization_is_named_and_refused(server, organization):
    outsider = organization.add_user("Eve Stone", "eve@elsewhere.example", member=False)
    organization.add_token("outside", user=outsider)
    answer = raw(server, authorization=basic(":outside"))
    assert answer.status_code == 401
    assert "eve@elsewhere.example" in answer.json()["message"]
    assert answer.json()["message"].startswith("TF400813")
    assert answer.headers["x-vss-userdata"] == f"{outsider.id}:eve@elsewhere.example"
    assert answer.headers["x-vss-authenticateerror"] == "Unauthorized"


@pytest.mark.parametrize("state", ["expired", "revoked"])
def test_a_dead_token_gives_an_empty_401_everywhere(server, organization, state):
    organization.add_token("dead").state = state
    for path in (REPOSITORIES, "/_apis/connectionData", "/_apis/nowhere"):
        assert is_empty_401(raw(server, path, authorization=basic(":dead")))


def test_a_missing_scope_gives_an_empty_401_before_anything_is_looked_up(connect, organization):
    organization.add_token("code-only", {"vso.code"})
    client = connect("code-only")
    assert client.send("GET", REPOSITORIES).status_code == 200
    assert is_empty_401(client.send("GET", "/_apis/process/processes"))
    zero = "00000000-0000-0000-0000-000000000000"
    assert is_empty_401(client.send("POST", f"{REPOSITORIES}/{zero}/refs", []))
    assert is_empty_401(client.send("POST", "/Nowhere/_apis/git/repositories/x/pushes", {}, version=None))
    assert is_empty_401(client.send("DELETE", f"/Platform/_apis/wiki/wikis/{zero}/pages"))


# What each scope includes besides itself, as the service documents it; every other scope includes nothing.
INCLUDED = """
advsec_manage: advsec advsec_write
advsec_write: advsec
agentpools_manage: agentpools
auditstreams_manage: auditlog
build: hooks hooks_write profile
build_execute: build hooks hooks_write profile
code: hooks hooks_write profile
code_full: code code_manage code_write hooks hooks_write profile
code_manage: code code_write hooks hooks_write profile
code_write: code hooks hooks_write profile
dashboards_manage: dashboards
environment_manage: agentpools agentpools_manage
extension: profile
extension.data_write: extension.data
extension_manage: extension profile
gallery_acquire: gallery
gallery_manage: gallery gallery_acquire gallery_publish
gallery_publish: gallery gallery_acquire
githubconnections_manage: githubconnections
graph_manage: graph
hooks: profile
hooks_write: hooks profile
identity_manage: identity
machinegroup_manage: agentpools agentpools_manage
memberentitlementmanagement_write: memberentitlementmanagement
notification: profile
notification_manage: notification notification_write profile
notification_write: notification profile
packaging_manage: packaging packaging_write
packaging_write: packaging
pipelineresources_manage: pipelineresources_use
profile_write: profile
project_manage: project project_write
project_write: project
release_execute: release
release_manage: release release_execute
securefiles_manage: securefiles_read securefiles_write
securefiles_write: securefiles_read
serviceendpoint: profile
serviceendpoint_manage: profile serviceendpoint serviceendpoint_query
serviceendpoint_query: profile serviceendpoint
settings_write: settings
symbols_manage: symbols symbols_write
symbols_write: symbols
taskgroups_manage: taskgroups_read taskgroups_write
taskgroups_write: taskgroups_read
test: profile
test_write: profile test
variablegroups_manage: variablegroups_read variablegroups_write
variablegroups_write: variablegroups_read
wiki_write: wiki
work: hooks hooks_write profile
work_full: hooks hooks_write profile work work_write
work_write: hooks hooks_write profile work
"""


def test_a_wider_scope_includes_the_narrower_ones_and_no_other():
    listed = dict(line.split(": ") for line in INCLUDED.strip().splitlines())
    for scope in SCOPES:
        wanted = {f"vso.{name}" for name in (scope, *listed.pop(scope, "").split())}
        assert expand({f"vso.{scope}"}) == wanted
    assert listed == {}
    assert expand({"vso.code", "vso.tokens"}) == expand({"vso.code"}) | {"vso.tokens"}


def test_scopes_that_the_service_does_not_have_are_named():
    check_scopes(["vso.code", "code_write", " vso.work ", "app_token", "", "vso.extension.data"])
    check_scopes([])
    with pytest.raises(ValueError, match=r"^unknown scopes: coed, Work; app_token is full access$"):
        check_scopes(["vso.coed", "vso.code", "Work"])


@pytest.mark.parametrize(
    ("scopes", "needed", "may"),
    [
        ({"vso.code_full"}, ("vso.code_status", "vso.code_write"), True), ({"vso.code"}, ("vso.code_write",), False),
        (set(), (), True), ({"app_token"}, ("vso.code",), True), ({"vso.tokens"}, ("vso.code", "vso.work"), False),
    ],
)  # fmt: skip
def test_any_one_of_the_needed_scopes_is_enough(organization, scopes, needed, may):
    assert allowed(organization.add_token("some", scopes), needed) is may


# Areas that the simulator does not serve: the scopes that read there, and those that write.
ELSEWHERE = [
    ("alert", ["advsec"], ["advsec_write"]),
    ("audit", ["auditlog"], ["auditstreams_manage"]),
    ("extensionmanagement", ["extension"], ["extension_manage"]),
    ("graph", ["graph"], ["graph_manage"]),
    ("hooks", ["work", "build", "code"], ["work", "build", "code"]),
    ("packaging", ["packaging"], ["packaging_write"]),
    ("release", ["release"], ["release_execute"]),
    ("testplan", ["test"], ["test_write"]),
    ("tokens", [], []),
    ("work", ["work"], ["work_write"]),
]


@pytest.mark.parametrize(
    ("area", "reads", "writes"), ELSEWHERE, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_missing_scope_shows_before_a_missing_route(connect, organization, area, reads, writes):
    organization.add_token("other", {"vso.identity"})
    for method, scopes in (("GET", reads), ("POST", writes)):
        for scope in scopes:
            organization.add_token(scope, {f"vso.{scope}"})
            assert connect(scope).send(method, f"/_apis/{area}/things", {}).status_code == 404, (method, scope)
        refused = connect("other").send(method, f"/_apis/{area}/things", {})
        assert (refused.status_code == 404) if not scopes else is_empty_401(refused), method


def test_the_scope_probe_for_writing_code(client, reader):
    assert reader.send("POST", f"{API}/refs", {}).status_code == 401
    answer = client.send("POST", f"{API}/refs", {})
    assert answer.status_code == 400
    body = answer.json()
    assert body["typeKey"] == "ArgumentNullException"
    assert body["eventId"] == 0
    assert body["message"] == "Value cannot be null.\r\nParameter name: refUpdates"
    assert "x-vss-userdata" in answer.headers


def test_a_missing_permission_is_403_with_identity(client, organization):
    agent, platform = organization.named("svc-agent"), organization.project("Platform")
    organization.deny(agent, "PullRequestContribute", platform)
    body = {"sourceRefName": "refs/heads/release/2.8", "targetRefName": "refs/heads/main", "title": "Merge back"}
    answer = client.send("POST", f"{API}/pullrequests", body)
    assert answer.status_code == 403
    error = answer.json()
    assert error["typeKey"] == "GitNeedsPermissionException"
    assert error["message"].startswith("TF401027: You need the Git 'PullRequestContribute' permission")
    assert agent.id in error["message"]
    assert "x-vss-userdata" in answer.headers
    payments = "/Payments/_apis/git/repositories/ledger/pullrequests"
    assert client.send("POST", payments, body).status_code == 400


def test_a_hidden_project_answers_like_one_that_does_not_exist(client, organization):
    payments = organization.project("Payments")
    organization.hide_project(payments, organization.named("svc-agent"))
    error = client.get("/Payments/_apis/git/repositories", expect=404)
    assert error["typeKey"] == "ProjectDoesNotExistWithNameException"
    assert error["message"].startswith("TF200016: The following project does not exist: Payments.")
    missing = client.get("/Nowhere/_apis/git/repositories", expect=404)
    assert missing["message"] == error["message"].replace("Payments", "Nowhere")
    assert [p["name"] for p in client.get("/_apis/projects")["value"]] == ["Data", "Mobile App", "Platform"]
    by_id = client.get(f"/_apis/projects/{payments.id}", expect=404)
    assert by_id["typeKey"] == "ProjectDoesNotExistException"
    assert "VS800075" in by_id["message"]
    names = {r["name"] for r in client.get("/_apis/git/repositories")["value"]}
    assert "ledger" not in names
    assert "platform-api" in names


def test_an_unknown_organization_is_a_404_page(server):
    host = server.base_url.rsplit("/", 1)[0]
    answer = httpx.get(f"{host}/nowhere/_apis/projects", auth=("", "full-token"))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_without_version_is_400(client, method):
    path = {"POST": f"{API}/refs", "PATCH": API}.get(method, f"{API}/pullRequests/7/reviewers/{ANONYMOUS.id}")
    answer = client.send(method, path, {}, version=None)
    assert answer.status_code == 400
    assert answer.json()["typeKey"] == "VssVersionNotSpecifiedException"
    assert f'"{method}"' in answer.json()["message"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_versions_are_negotiated(client):
    def typed(path, version):
        answer = client.send("GET", path, version=version)
        return answer.status_code, answer.headers["content-type"].partition("api-version=")[2]

    assert typed("/_apis/projects", None) == (200, "7.1")
    assert typed("/_apis/projects", "5.0") == (200, "5.0")
    assert typed("/_apis/projects", "7.2-preview.1") == (200, "7.2-preview.1")
    assert typed("/_apis/connectionData", "7.1-preview") == (200, "7.1-preview.1")
    for path, version, key in (
        ("/_apis/connectionData", "7.1", "VssInvalidPreviewVersionException"),
        ("/_apis/projects", "7.2", "VssInvalidPreviewVersionException"),
        ("/_apis/projects", "9.0", "VssVersionOutOfRangeException"),
    ):
        answer = client.send("GET", path, version=version)
        assert (answer.status_code, answer.json()["typeKey"]) == (400, key)
    assert client.send("GET", "/_apis/projects", version="0.0").status_code == 404
    assert client.send("GET", "/_apis/projects", version="soon").status_code == 400


def test_the_version_may_stand_in_the_accept_header(client):
    answer = client.http.get("/_apis/projects", headers={"Accept": "application/json;api-version=6.0"})
    assert answer.headers["content-type"].endswith("api-version=6.0")


def test_a_value_of_the_wrong_type_is_a_binding_error(client):
    error = client.get("/_apis/projects", expect=400, __top="many")
    assert "not valid for Int32" in error["value"]["Message"]


def test_answers_are_compressed_on_request(server):
    path = f"{server.base_url}{API}/commits"
    packed = httpx.get(path, auth=("", "full-token"), headers={"Accept-Encoding": "gzip"})
    plain = httpx.get(path, auth=("", "full-token"), headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_a_body_that_is_no_json_is_refused(client):
    answer = client.http.post(f"{API}/refs", params={"api-version": "7.1"}, content=b"{not json")
    assert answer.status_code == 400
    assert answer.json()["message"] == "The body of the request contains invalid Json.\r\nParameter name: contentStream"


def test_head_is_get_without_a_body(client):
    answer = client.http.head("/_apis/projects")
    assert answer.status_code == 200
    assert answer.content == b""
    assert "x-vss-userdata" in answer.headers
