"""All cases, by area."""

from azure_devops_evals.case import Case
from azure_devops_evals.cases import access, attacks, builds, code, writes

CASES: tuple[Case, ...] = (*builds.CASES, *code.CASES, *access.CASES, *writes.CASES, *attacks.CASES)
