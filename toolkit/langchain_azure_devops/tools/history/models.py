"""The results of the history: commits."""

from typing import ClassVar

from pydantic import AliasPath, BaseModel, Field, model_validator

from langchain_azure_devops.results.models import Instant, Result, Untrusted


class Commit(Result):
    """A commit as lists show it.

    Attributes:
        commit: Its id.
        authored: When its author made it.
        committed: When it was put where it is now, as by a rebase; None when that was at the same time.
        author: The name that the author gave; git does not check it.
        message: Its message, which lists of the service cut behind the first line.
        message_cut: Whether the message goes on.
    """

    singular, plural = "commit", "commits"
    author_fields: ClassVar[tuple[str, ...]] = ("author",)
    identifying = ("commit",)
    web = "{project}/_git/{repository}/commit/{commit}"
    web_list = "{project}/_git/{repository}/commits"
    caption = "commit {commit}"

    commit: str = Field(validation_alias="commitId")
    authored: Instant = Field(validation_alias=AliasPath("author", "date"))
    committed: Instant | None = Field(default=None, validation_alias=AliasPath("committer", "date"))
    author: Untrusted = Field(validation_alias=AliasPath("author", "name"))
    message: Untrusted = Field(default="", validation_alias="comment")
    message_cut: bool = Field(default=False, validation_alias="commentTruncated")

    @model_validator(mode="after")
    def _leave_out_equal_date(self) -> "Commit":
        if self.committed == self.authored:
            object.__setattr__(self, "committed", None)
        return self


class Message(BaseModel):
    """The whole message of a commit, which only the commit itself has.

    Source: GET `commits/{id}`.
    """

    comment: str = ""
