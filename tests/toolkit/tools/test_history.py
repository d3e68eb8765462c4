"""The history of a repository: tags."""

from tool_calls import call, refusal

from langchain_azure_devops.errors import NotFound

REPOSITORY = {"repository": "platform-api"}


# -- tags ----------------------------------------------------------------------------------------------------------


def test_tags_say_what_they_point_to_and_annotated_ones_who_made_them_and_when(platform_reader, shared_server):
    repository = shared_server.organization.project("Platform").repository("platform-api")
    page = call(platform_reader, "list_tags", **REPOSITORY)
    tags = {tag.name: tag for tag in page.items}
    assert {name: tag.commit for name, tag in tags.items()} == {
        name.removeprefix("refs/tags/"): repository.peel(target)
        for name, target in repository.refs.items()
        if name.startswith("refs/tags/")
    }
    annotated = tags["v2.8.0"]
    assert (annotated.tagged_by, f"{annotated.tagged:%Y-%m-%d}") == ("Dana Ortiz", "2026-10-21")
    assert annotated.message.startswith("platform-api 2.8.0")
    assert (tags["v2.7.0"].tagged_by, tags["v2.7.0"].tagged) == ("Priya Raman", None)
    assert [tag.name for tag in call(platform_reader, "list_tags", **REPOSITORY, contains="2.7").items] == ["v2.7.0"]
    assert "platform-api" in refusal(platform_reader, "list_tags", NotFound, repository="platform-apj")
