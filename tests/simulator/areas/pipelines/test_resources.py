"""What a run used: repositories, runs of other pipelines, and containers."""

from typing import Any

from azure_devops_simulator import build_organization, export_world, import_world

YAML = """
resources:
  repositories:
    - repository: templates
      type: git
      name: Shared/templates
      ref: refs/heads/stable
    - repository: gone
      type: git
      name: nowhere
  pipelines:
    - pipeline: base
      source: base-image
  containers:
    - container: tools
      image: registry.example/tools:3
steps:
  - script: echo done
"""


def test_a_run_names_the_versions_that_it_used() -> None:
    world = build_organization("acme")
    templates = world.add_project("Shared").add_repository("templates", files={"/a.yml": "steps: []\n"})
    templates.add_branch("stable")
    project = world.add_project("Shop")
    project.add_repository("api", files={"/README.md": "Shop\n"})
    base = project.add_pipeline("base-image", repository="api", path="/base.yml", yaml="steps:\n- script: echo base\n")
    first = base.run()
    used: Any = project.add_pipeline("api-ci", repository="api", yaml=YAML).run().build.resources
    assert used["pipelines"]["base"]["version"] == first.build.number
    assert used["pipelines"]["base"]["pipeline"]["name"] == "base-image"
    assert used["containers"] == {"tools": {"container": {"image": "registry.example/tools:3"}}}
    assert used["repositories"]["templates"] == {
        "repository": {"id": templates.id, "type": "azureReposGit"},
        "refName": "refs/heads/stable",
        "version": templates.tip("stable"),
    }
    assert "gone" not in used["repositories"]
    exported = export_world(world)
    assert export_world(import_world(exported)) == exported
