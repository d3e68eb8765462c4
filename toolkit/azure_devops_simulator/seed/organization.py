"""The seed organization: Tidewater, a logistics company."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from azure_devops_simulator.seed.builds import seed_builds
from azure_devops_simulator.seed.code import describe_platform_api
from azure_devops_simulator.seed.code_open import describe_open_work
from azure_devops_simulator.seed.code_operations import describe_operations
from azure_devops_simulator.seed.code_products import describe_products
from azure_devops_simulator.seed.deployment import seed_deployment
from azure_devops_simulator.seed.pipeline_resources import seed_pipeline_resources
from azure_devops_simulator.seed.planning import seed_planning
from azure_devops_simulator.seed.story import Story
from azure_devops_simulator.seed.test_plans import seed_test_plans
from azure_devops_simulator.seed.test_results import seed_test_results
from azure_devops_simulator.seed.wiki import seed_wiki
from azure_devops_simulator.seed.work_items import seed_work_items
from azure_devops_simulator.seed.work_tracking.saved_queries import seed_queries
from azure_devops_simulator.seed.work_tracking.work_item_templates import seed_templates
from azure_devops_simulator.state.clock import SEED_NOW, Clock
from azure_devops_simulator.state.copies import Original
from azure_devops_simulator.state.organization import Organization

_FOUNDED = datetime(2026, 8, 20, 8, 0, tzinfo=UTC)
_PEOPLE = ("Dana Ortiz", "Priya Raman", "Tom Becker", "Mina Sato", "Luis Ferreira")


def seed_organization() -> Organization:
    """Return a new copy of the Tidewater organization. All copies are equal, dates included. It has no tokens yet."""
    return _seeded().copy()


@functools.cache
def _seeded() -> Original:
    return Original(_build())


def _build() -> Organization:
    organization = Organization("tidewater", clock=Clock(_FOUNDED))
    _seed_people(organization)
    organization.add_project("Platform", "Shipment search, tracking and everything that runs it.")
    organization.add_project("Payments", "Checkout and bookkeeping.")
    organization.add_project("Mobile App", "The app for customers.", process="Scrum")
    organization.add_project("Data", "Reports and the data lake.")
    story = Story(organization)
    for describe in (describe_platform_api, describe_open_work, describe_operations, describe_products):
        describe(story)
    story.play()
    seed_work_items(organization)
    seed_templates(organization)
    seed_queries(organization)
    seed_planning(organization)
    seed_builds(organization)
    seed_test_results(organization)
    seed_test_plans(organization)
    seed_pipeline_resources(organization)
    seed_deployment(organization)
    seed_wiki(organization)
    organization.clock.set(SEED_NOW)
    return organization


def _seed_people(organization: Organization) -> None:
    for name in _PEOPLE:
        organization.add_user(name, f"{name.lower().replace(' ', '.')}@tidewater.example")
    organization.add_user("svc-agent", "svc-agent@tidewater.example")
    organization.add_user("Tidewater CI", "tidewater-ci@tidewater.example")
