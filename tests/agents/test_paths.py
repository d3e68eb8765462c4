"""Where state is kept: in the directory that the system has for it, or that the user names."""

import sys
from pathlib import Path

import pytest

from azure_devops_agents.paths import audit_path, state_path


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other directories for state")
def test_linux_has_a_state_directory_that_the_environment_can_move(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("AZURE_DEVOPS_AUDIT", raising=False)
    assert state_path() == tmp_path / ".local" / "state" / "azure-devops-agent" / "threads.sqlite"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert state_path() == tmp_path / "elsewhere" / "azure-devops-agent" / "threads.sqlite"
    assert audit_path() == state_path().with_name("audit.jsonl")


def test_the_environment_names_another_audit_log(monkeypatch):
    monkeypatch.setenv("AZURE_DEVOPS_AUDIT", " /var/log/azure-devops.jsonl ")
    assert audit_path() == Path("/var/log/azure-devops.jsonl")
