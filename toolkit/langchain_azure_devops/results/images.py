"""Images beside the text of a result, for callers that ask for them."""

from typing import Annotated, NamedTuple

from pydantic import Field

from langchain_azure_devops.results.models import Mark, Result


class Image(NamedTuple):
    """An image of which only the pixels are kept.

    Attributes:
        mime_type: Such as `image/png`.
        content: The file.
    """

    mime_type: str
    content: bytes


class WithImages(Result):
    """A record with images, which its text and its data leave out. People made them, so they may give orders."""

    images: Annotated[list[Image], Mark()] = Field(default=[], exclude=True, repr=False)


def images_of(result: object) -> list[Image]:
    """Return the images of a result; a list has none."""
    return result.images if isinstance(result, WithImages) else []
