"""The cases by area."""

from azure_devops_evals.case import Case
from azure_devops_evals.cases import (
    access,
    budgets,
    code_search,
    dialogues,
    doubtful_reports,
    findings,
    narrow_searches,
    official,
    pipelines,
    pull_requests,
    quoting,
    repositories,
    runbooks,
    work_item_orders,
    work_items,
)
from azure_devops_evals.cases.code import changes, history, reviews
from azure_devops_evals.cases.root_causes import changes as causes_of_change
from azure_devops_evals.cases.root_causes import kinds
from azure_devops_evals.cases.work_tracking import history as histories_of_work_items
from azure_devops_evals.cases.work_tracking import planning
from azure_devops_evals.cases.work_tracking import texts as texts_of_work_items

__all__ = ["CASES"]

CASES: tuple[Case, ...] = (
    *repositories.CASES,
    *pull_requests.CASES,
    *work_items.CASES,
    *work_item_orders.CASES,
    *pipelines.CASES,
    *code_search.CASES,
    *findings.CASES,
    *access.CASES,
    *narrow_searches.CASES,
    *quoting.CASES,
    *budgets.CASES,
    *runbooks.CASES,
    *dialogues.CASES,
    *doubtful_reports.CASES,
    *history.CASES,
    *reviews.CASES,
    *changes.CASES,
    *kinds.CASES,
    *causes_of_change.CASES,
    *histories_of_work_items.CASES,
    *texts_of_work_items.CASES,
    *planning.CASES,
    *official.CASES,
)
