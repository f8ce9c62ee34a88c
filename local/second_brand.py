"""The brands that the bank of `make run` can wear: a click changes the theme and the name of the running provider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from chalicelib.assembly import Aws
from chalicelib.provider import Provider
from ducat_cdk import themes

CORAL = Path(__file__).parent / "brands" / "coral"


class Brands:
    """The brand at the start, and another one: the sandbox's second brand, or the library's own look.

    A laptop has one person, so they change for all browsers at once.
    `current`: the name of the bank as its pages are now. `names`: of all brands.
    """

    def __init__(self, provider: Provider, folder: Path) -> None:
        """`folder`: where the second brand is compiled."""
        self._provider = cast(Aws, provider)
        first = self._provider.settings
        name, theme = "Plain Bank", None
        if first.theme is None:
            name, theme = "Coral Bank", str((folder / "second-theme").absolute())
            themes.write(CORAL, Path(theme))
        self._themes: Mapping[str, str | None] = {name: theme, first.bank_name: first.theme}
        self.current = first.bank_name

    @property
    def names(self) -> list[str]:
        return list(self._themes)

    def wear(self, name: str) -> None:
        """Show the pages of that brand from now on. Raises KeyError."""
        settings = self._provider.settings
        self._provider.settings = settings._replace(bank_name=name, theme=self._themes[name])
        self.current = name
