"""What axe finds on a page by the rules of WCAG 2.2, A and AA."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

OPTIONS: Any = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
"""axe says of what it did not find no more than that: the rest is most of its work."""


def violations(page: Any) -> list[dict[str, Any]]:
    """Each rule that a page breaks, as axe writes it. What has its content set has axe from the page before."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = page.evaluate("options => axe.run(options).then(found => found.violations)", OPTIONS)
    return found
