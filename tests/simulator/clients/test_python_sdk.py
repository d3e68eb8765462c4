"""The vendor's Python SDK: at the simulator's own address, and believing that it talks to https://dev.azure.com."""

import pytest
import urllib3.util.connection
from azure.devops import _file_cache, client, connection
from azure.devops.connection import Connection
from azure.devops.exceptions import AzureDevOpsAuthenticationError, AzureDevOpsServiceError
from azure.devops.v7_1.git.models import GitVersionDescriptor
from azure.devops.v7_1.search.models import CodeSearchRequest
from azure.devops.v7_1.work_item_tracking.models import CommentCreate, JsonPatchOperation, TeamContext, Wiql
from msrest.authentication import BasicAuthentication
from official_clients import FULL, READ

BUGS = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.WorkItemType] = 'Bug'"


@pytest.fixture(autouse=True)
def _no_cache_files(tmp_path, monkeypatch):
    """The SDK keeps locations in files of the home directory, by address; another test may have had this port."""
    monkeypatch.setattr(client, "OPTIONS_FILE_CACHE", _file_cache.FileCache(str(tmp_path / "options.json")))
    monkeypatch.setattr(connection, "RESOURCE_FILE_CACHE", _file_cache.FileCache(str(tmp_path / "resources.json")))


@pytest.fixture(params=["own address", "dev.azure.com"])
def connect(request, monkeypatch):
    """Connections with a token; the second form sends what is meant for the service's hosts to the TLS port."""
    if request.param == "own address":
        served = request.getfixturevalue("plain")
        return lambda token=FULL: Connection(base_url=served.base_url, creds=BasicAuthentication("", token))
    served = request.getfixturevalue("secure")
    to_anywhere = urllib3.util.connection.create_connection
    asked = request.node.hosts = set()

    def to_the_simulator(address, *arguments, **options):
        asked.add(address)
        return to_anywhere(("127.0.0.1", served.port), *arguments, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", to_the_simulator)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(served.authority))
    return lambda token=FULL: Connection(
        base_url="https://dev.azure.com/tidewater", creds=BasicAuthentication("", token)
    )


def test_projects_repositories_branches_and_pull_requests(connect):
    clients = connect().clients_v7_1
    projects = clients.get_core_client().get_projects()
    assert [project.name for project in projects] == ["Data", "Mobile App", "Payments", "Platform"]
    git = clients.get_git_client()
    repositories = git.get_repositories("Platform")
    assert {repository.name for repository in repositories} == {"docs", "infrastructure", "platform-api"}
    branches = git.get_refs("platform-api", project="Platform", filter="heads/")
    assert "refs/heads/main" in {branch.name for branch in branches}
    pull_requests = git.get_pull_requests_by_project("Platform", None)
    assert 9 in {pull_request.pull_request_id for pull_request in pull_requests}
    assert {pull_request.status for pull_request in pull_requests} == {"active"}


def test_a_file(connect):
    git = connect().clients_v7_1.get_git_client()
    version = GitVersionDescriptor(version="main", version_type="branch")
    item = git.get_item(
        "platform-api", "README.md", project="Platform", version_descriptor=version, include_content=True
    )
    assert item.path == "/README.md"
    text = b"".join(git.get_item_text("platform-api", "README.md", project="Platform", version_descriptor=version))
    assert text.decode().replace("\r\n", "\n") == item.content.replace("\r\n", "\n")
    assert "platform-api" in item.content


def test_a_query_and_what_it_found(connect):
    wit = connect().clients_v7_1.get_work_item_tracking_client()
    found = wit.query_by_wiql(Wiql(query=BUGS), team_context=TeamContext(project="Platform"))
    ids = [reference.id for reference in found.work_items]
    items = wit.get_work_items(ids, fields=["System.Title", "System.WorkItemType"])
    assert [item.id for item in items] == ids != []
    assert {item.fields["System.WorkItemType"] for item in items} == {"Bug"}


def test_a_work_item_read_created_and_commented_on(connect):
    wit = connect().clients_v7_1.get_work_item_tracking_client()
    assert wit.get_work_item(1, expand="All").fields["System.Title"]
    title = JsonPatchOperation(op="add", path="/fields/System.Title", value="Filed by the SDK")
    created = wit.create_work_item([title], "Platform", "Bug")
    assert (created.fields["System.Title"], created.rev) == ("Filed by the SDK", 1)
    wit.add_comment(CommentCreate(text="Seen twice"), "Platform", created.id)
    comments = wit.get_comments("Platform", created.id)
    assert [comment.text for comment in comments.comments] == ["Seen twice"]
    stale = JsonPatchOperation(op="test", path="/rev", value=99)
    with pytest.raises(AzureDevOpsServiceError, match="rev"):
        wit.update_work_item([stale, title], created.id)


def test_builds_and_a_log(connect):
    build = connect().clients_v7_1.get_build_client()
    failed = build.get_builds("Platform", definitions=[1], result_filter="failed", top=1)[0]
    assert (failed.result, failed.definition.name) == ("failed", "platform-api-ci")
    logs = build.get_build_logs("Platform", failed.id)
    longest = max(logs, key=lambda log: log.line_count)
    lines = build.get_build_log_lines("Platform", failed.id, longest.id)
    assert len(lines) == longest.line_count
    assert any("##[error]" in line for log in logs for line in build.get_build_log_lines("Platform", failed.id, log.id))


def test_code_search_at_the_host_the_service_names(connect, request):
    search = connect().clients_v7_1.get_search_client()
    asked = CodeSearchRequest(search_text="pool_size", skip=0, top=10, filters={"Project": ["Platform"]})
    found = search.fetch_code_search_results(asked)
    assert [hit.path for hit in found.results] == ["/src/platform_api/db/session.py"]
    if hosts := getattr(request.node, "hosts", None):
        assert hosts == {("dev.azure.com", 443), ("almsearch.dev.azure.com", 443)}


def test_refusals_are_the_service_s(connect):
    wit = connect(READ).clients_v7_1.get_work_item_tracking_client()
    title = JsonPatchOperation(op="add", path="/fields/System.Title", value="Not allowed")
    with pytest.raises(AzureDevOpsAuthenticationError):
        wit.create_work_item([title], "Platform", "Bug")
    with pytest.raises(AzureDevOpsServiceError, match="TF401232"):
        connect().clients_v7_1.get_work_item_tracking_client().get_work_item(999_999)
    with pytest.raises(AzureDevOpsServiceError, match="TF400813"):
        connect("no-such-token").clients_v7_1.get_core_client().get_projects()


def test_pools(connect):
    agents = connect().clients_v7_1.get_task_agent_client()
    assert {"Azure Pipelines", "tidewater-private"} <= {pool.name for pool in agents.get_agent_pools()}


def test_what_is_not_simulated_says_so(connect):
    clients = connect().clients_v7_1
    for ask in (
        lambda: clients.get_test_plan_client().get_test_variables("Platform"),
        lambda: clients.get_release_client().get_releases("Platform"),
        lambda: clients.get_graph_client().list_groups(),
        lambda: clients.get_dashboard_client().get_dashboards_by_project(TeamContext(project="Platform")),
    ):
        with pytest.raises(AzureDevOpsServiceError, match="does not simulate"):
            ask()


def test_archives_and_a_difference(connect):
    clients = connect().clients_v7_1
    build = clients.get_build_client()
    assert b"".join(build.get_build_logs_zip("Platform", 35)).startswith(b"PK")
    assert b"".join(build.get_artifact_content_zip("Platform", 19, "test-results")).startswith(b"PK")
    git = clients.get_git_client()
    main = GitVersionDescriptor(version="main", version_type="branch")
    branch = git.get_branch("platform-api", "feature/paginate-search", "Platform", base_version_descriptor=main)
    assert branch.ahead_count > 0
