"""Prints how much of the service is there, has been driven, and is described by its published contract."""

import pytest
from contract_report import REPORT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if REPORT:
        terminalreporter.section("operations of the simulator")
        for line in REPORT:
            terminalreporter.write_line(line)
