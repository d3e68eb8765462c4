"""How many modules of the toolkit a call visits. The number may fall; it must not grow without a decision."""

import pytest

from azure_devops_agents.cli.documents.walk import walks

# Every call checks its arguments (calls/arguments) and replaces known secrets (text/known_secrets, text/written_forms).
# Its errors leave without secrets (calls/clear_errors), and no letters can close the fence (text/fence_tags).
# A write also compares the state that the approver was shown (calls/current_state), and is remembered until its outcome
# is known (safety/write_memory, calls/recovery). Its texts are searched for parts and encodings of secrets
# (safety/secret_parts, safety/secret_readings and, since they were too much for one module, safety/secret_decodings)
# and for active content (safety/active_content). Secrets are looked for behind colours and invisible characters
# (text/readings), and an equal write with an unknown outcome is not sent
# silently (calls/repeats). What is declared about a tool (calls/facts) stands apart from how a call is carried out.
# A read ends with the time of the question (calls/time_limits).
# The first line of a list says where it looked (calls/places), and every record has its page (results/web_pages).
# The tools of reviews find people by their names as the list of pull requests does (tools/pull_requests/people).
# A result may have images beside its text (results/images), and work items name people by their unique names, too
# (tools/people).
MOST = {"list_pull_requests": 41, "create_work_item": 52}


@pytest.fixture(scope="module")
def visited():
    return walks([*MOST])


@pytest.mark.parametrize("name", MOST)
def test_a_call_visits_no_more_modules_than_before(name, visited):
    print(f"\n{name} visits {len(visited[name])} modules: {' -> '.join(visited[name])}")
    assert len(visited[name]) <= MOST[name]
