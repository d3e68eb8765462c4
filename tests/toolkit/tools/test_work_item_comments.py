"""All comments of a work item: their texts, authors and edits, page by page."""

from dataclasses import replace

import pytest
from stub_service import Reply, Seen, StubService, ok
from tool_calls import call, message_of, refusal, shown

from azure_devops_simulator import Organization
from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.errors import NotFound

ITEM = 4


def say(organization: Organization, text: str, form: str = "html", by: str = "Tom Becker") -> int:
    """Add a comment to the item and return its id."""
    item = organization.work_items.items[ITEM]
    when = organization.clock.tick()
    return organization.work_items.comment(item, text, form, by=organization.named(by), when=when).id  # type: ignore[arg-type]


def test_the_newest_comment_comes_first_with_its_id_and_its_author(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_work_item_comments", id=ITEM)
    assert [row.id for row in page.items] == [2, 1]
    assert page.total == 2
    assert page.items[0].author == "Dana Ortiz <dana.ortiz@tidewater.example>"
    assert page.items[0].text.startswith("Please keep it open")
    assert page.items[0].edited is None
    assert "in work item 4" in shown(page)


def test_html_becomes_markdown_and_markdown_stays_as_it_is(
    platform_client: AzureDevOps, organization: Organization
) -> None:
    say(organization, "<p>Use <b>two</b> keys</p>")
    say(organization, "Set `<name>` and <angle> & more", "markdown")
    texts = [row.text for row in call(platform_client, "list_work_item_comments", id=ITEM, limit=2).items]
    assert texts == ["Set `<name>` and <angle> & more", "Use **two** keys"]


def test_an_edit_shows_when_and_by_whom(platform_client: AzureDevOps, organization: Organization) -> None:
    say(organization, "First")
    comment = organization.work_items.items[ITEM].comments[-1]
    comment.text, comment.version = "Second", 2
    comment.modified, comment.modified_by = organization.clock.tick(), organization.named("Mina Sato").id
    row = call(platform_client, "list_work_item_comments", id=ITEM, limit=1).items[0]
    assert (row.text, row.edited, row.edited_by) == (
        "Second",
        comment.modified,
        "Mina Sato <mina.sato@tidewater.example>",
    )
    comment.modified_by = comment.created_by
    row = call(platform_client, "list_work_item_comments", id=ITEM, limit=1).items[0]
    assert (row.edited, row.edited_by) == (comment.modified, None)


def test_deleted_comments_are_not_shown(platform_client: AzureDevOps, organization: Organization) -> None:
    gone = say(organization, "Said too much")
    organization.work_items.items[ITEM].comments[-1].deleted = True
    page = call(platform_client, "list_work_item_comments", id=ITEM)
    assert gone not in {row.id for row in page.items}
    assert (len(page.items), page.total) == (2, 2)


def test_a_cursor_leads_through_all_comments(platform_client: AzureDevOps, organization: Organization) -> None:
    made = [say(organization, f"Number {number}") for number in range(5)]
    found, cursor = [], None
    for _ in range(10):
        page = call(platform_client, "list_work_item_comments", id=ITEM, limit=2, cursor=cursor)
        assert page.total == 7
        found += [row.id for row in page.items]
        if (cursor := page.cursor) is None:
            break
    assert found == [*reversed(made), 2, 1]


def test_more_comments_than_the_service_gives_at_once(platform_client: AzureDevOps, organization: Organization) -> None:
    for number in range(210):
        say(organization, f"Number {number}")
    page = call(platform_client, "list_work_item_comments", id=ITEM, limit=1000)
    assert (len(page.items), page.cursor) == (212, None)


def test_people_of_the_same_name_are_told_apart(platform_client: AzureDevOps, organization: Organization) -> None:
    organization.add_user("Tom Becker", "tom.becker2@tidewater.example")
    say(organization, "Mine")
    say(organization, "Mine as well", by="tom.becker2@tidewater.example")
    authors = {row.author for row in call(platform_client, "list_work_item_comments", id=ITEM, limit=2).items}
    assert authors == {"Tom Becker <tom.becker@tidewater.example>", "Tom Becker <tom.becker2@tidewater.example>"}


def test_an_item_without_comments_and_one_that_does_not_exist(platform_reader: AzureDevOps) -> None:
    assert shown(call(platform_reader, "list_work_item_comments", id=1)) == "No comments found in work item 1."
    assert "4000" in refusal(platform_reader, "list_work_item_comments", NotFound, id=4000)


def test_an_item_of_another_project_is_found(platform_client: AzureDevOps, organization: Organization) -> None:
    payments = organization.project("Payments")
    other = next(item for item in organization.work_items if item.project is payments)
    organization.work_items.comment(
        other, "Here", "html", by=organization.named("Tom Becker"), when=organization.clock.tick()
    )
    assert call(platform_client, "list_work_item_comments", id=other.id).items[0].text == "Here"


def test_a_secret_in_a_comment_is_replaced(platform_client: AzureDevOps, organization: Organization) -> None:
    say(organization, "<p>password=kT9vQ2mZ7pLw4xR8bN3cJ6hF5gD1sA0y</p>")
    text = message_of(platform_client, "list_work_item_comments", id=ITEM)
    assert "kT9vQ2mZ7p" not in text
    assert "[secret:" in text


@pytest.mark.parametrize("tool", ["get_work_item", "list_work_item_comments"])
@pytest.mark.parametrize("part", ["displayName", "uniqueName", "text"])
@pytest.mark.parametrize("text", [
    'password="faIGo\x1b[31mCHOdJil3z_9\x1b[0m"', 'pass\x1b[31mword\x1b[0m="faIGoCHOdJil3z_9"',
    'password="\x1b]8;;https://x.y\x07faIGoCHOdJil3z_9\x1b]8;;\x07"', 'password="faIGo\u200bCHOdJil3z_9"',
])  # fmt: skip
def test_a_decorated_secret_in_any_part_of_a_comment_is_replaced(
    text: str, part: str, tool: str, platform_client: AzureDevOps, organization: Organization
) -> None:
    say(organization, text if part == "text" else "Hello", "markdown")
    author = organization.named("Tom Becker")
    if part == "displayName":
        organization.users[author.id] = replace(author, display_name=f"Tom {text}")
    elif part == "uniqueName":
        organization.users[author.id] = replace(author, unique_name=f"tom {text}")
    asked: dict[str, object] = {"ids": [ITEM], "comments": True} if tool == "get_work_item" else {"id": ITEM}
    message = message_of(platform_client, tool, **asked)
    assert "[secret:password:" in message
    assert "CHOdJil3z_9" not in message


@pytest.mark.parametrize("version", [None, 1])
def test_an_answer_without_versions_is_read_by_its_dates(version: int | None) -> None:
    person = {"displayName": "Mia", "uniqueName": "mia@contoso.example", "id": "1"}
    said = {
        "id": 1,
        "text": "Hello",
        "createdBy": person,
        "createdDate": "2026-10-06T10:38:00.1234567Z",
        "modifiedBy": person,
        "modifiedDate": "2026-10-06T11:38:00Z",
    }
    comments = {"totalCount": 1, "count": 1, "comments": [said | ({} if version is None else {"version": version})]}

    def answer(seen: Seen) -> Reply:
        return ok(comments if "/comments" in seen.target else {"id": 4, "fields": {"System.TeamProject": "Platform"}})

    with StubService(answer) as service, AzureDevOps(load_settings(base_url=service.base_url, pat="stub")) as client:
        row = call(client, "list_work_item_comments", id=4).items[0]
    assert row.author == "Mia <mia@contoso.example>"
    assert (row.edited is None) == (version == 1)
