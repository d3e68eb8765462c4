"""Close what holds connections at the end of a `with` or `async with` statement."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """An object that can be used in a `with` or an `async with` statement."""

    @abstractmethod
    def close(self) -> None:
        """Close it for good."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close it without blocking the caller's loop."""

    def __enter__(self) -> Self:
        """Use it in a `with` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    async def __aenter__(self) -> Self:
        """Use it in an `async with` statement."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()
