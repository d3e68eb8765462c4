"""The cases by area."""

from azure_devops_evals.case import Case
from azure_devops_evals.cases import (
    access,
    code_search,
    findings,
    pipelines,
    pull_requests,
    repositories,
    work_items,
)

__all__ = ["CASES"]

CASES: tuple[Case, ...] = (
    *repositories.CASES,
    *pull_requests.CASES,
    *work_items.CASES,
    *pipelines.CASES,
    *code_search.CASES,
    *findings.CASES,
    *access.CASES,
)
