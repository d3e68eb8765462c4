"""Templates of work items, which belong to a team."""

from __future__ import annotations

from dataclasses import dataclass, field

from azure_devops_simulator.state.projects import Project, Team


@dataclass
class Template:
    """A template. `team` is the id of its team; `fields` are the values by reference name, all of them texts."""

    id: str
    project: Project
    team: str
    name: str
    description: str
    type: str
    fields: dict[str, str] = field(default_factory=dict)


class Templates:
    """The templates of an organization by id."""

    def __init__(self) -> None:
        self.items: dict[str, Template] = {}

    def of(self, team: Team, type_name: str = "") -> list[Template]:
        """Return the templates of a team, or those for one type, in the order in which they were made."""
        own = [template for template in self.items.values() if template.team == team.id]
        return [template for template in own if type_name.lower() in {"", template.type.lower()}]

    def get(self, team: Team, template_id: str) -> Template | None:
        """Return a template of a team by its id."""
        found = self.items.get(template_id.lower())
        return found if found and found.team == team.id else None

    def forget_team(self, team: Team) -> None:
        """Remove the templates of a team."""
        self.items = {key: template for key, template in self.items.items() if template.team != team.id}

    def forget(self, project: Project) -> None:
        """Remove the templates of a project."""
        self.items = {key: template for key, template in self.items.items() if template.project is not project}
