"""The log of begun writes: one begin for each id, whoever asks, whenever."""

from concurrent.futures import ThreadPoolExecutor

from azure_devops_agents.approvals.journal import IntentLog, Outcome


def test_of_many_at_once_one_begins(tmp_path):
    logs = [IntentLog(tmp_path / "i.sqlite") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda log: log.begin("a", "tool"), logs))
    assert begun.count(None) == 1
    assert begun.count(Outcome(None, "")) == 7
    for log in logs:
        log.close()


def test_an_outcome_is_told_without_beginning(tmp_path):
    log = IntentLog(tmp_path / "i.sqlite")
    assert log.outcome("a") is None
    assert log.begin("a", "tool") is None
    assert log.outcome("a") == Outcome(None, "")
    log.finish("a", "written", "id: 1")
    log.close()
    again = IntentLog(tmp_path / "i.sqlite")
    assert again.outcome("a") == again.begin("a", "tool") == Outcome("written", "id: 1")
    again.close()


def test_a_graph_without_a_file_has_a_log_of_its_own():
    one, two = IntentLog(), IntentLog()
    assert one.begin("a", "tool") is None
    assert two.begin("a", "tool") is None
    one.close()
    two.close()
