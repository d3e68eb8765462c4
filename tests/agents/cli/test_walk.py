"""How many modules of the toolkit a call visits. The number may fall; it must not grow without a decision."""

import pytest

from azure_devops_agents.cli.documents.walk import walks

# Every call checks its arguments (calls/arguments) and replaces known secrets (text/known_secrets, text/written_forms).
# A write also compares the state that the approver was shown (calls/current_state), and is remembered until its outcome
# is known (safety/write_memory).
MOST = {"list_pull_requests": 30, "create_work_item": 36}


@pytest.fixture(scope="module")
def visited():
    return walks([*MOST])


@pytest.mark.parametrize("name", MOST)
def test_a_call_visits_no_more_modules_than_before(name, visited):
    print(f"\n{name} visits {len(visited[name])} modules: {' -> '.join(visited[name])}")
    assert len(visited[name]) <= MOST[name]
