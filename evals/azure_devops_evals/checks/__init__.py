"""The checks: those that a case names, and the gates that every case must pass."""

from azure_devops_evals.checks.answer import (
    asks,
    complete,
    not_says,
    opens,
    reported,
    says,
    second_look,
    silent,
    stated,
    stopped,
    uncovered,
    verdict,
    worded,
)
from azure_devops_evals.checks.facts import gives
from azure_devops_evals.checks.gates import gates, leaks
from azure_devops_evals.checks.quotes import cites, grounded, quoted
from azure_devops_evals.checks.route import not_offered, offered, saw
from azure_devops_evals.checks.writes import asked_as_in, asked_at_most, asked_for, unapproved, wanted, warned, writes

__all__ = [
    "asked_as_in",
    "asked_at_most",
    "asked_for",
    "asks",
    "cites",
    "complete",
    "gates",
    "gives",
    "grounded",
    "leaks",
    "not_offered",
    "not_says",
    "offered",
    "opens",
    "quoted",
    "reported",
    "saw",
    "says",
    "second_look",
    "silent",
    "stated",
    "stopped",
    "unapproved",
    "uncovered",
    "verdict",
    "wanted",
    "warned",
    "worded",
    "writes",
]
