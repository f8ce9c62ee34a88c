"""What is wrong with the setting that names the bank's own approval app."""

from __future__ import annotations

import re

from chalicelib.settings import packaged
from ducat_cdk.deployment import Deployment

FORMS = {
    "approval_app": (r"(chalicelib(\.[a-z_][a-z0-9_]*)+:[a-z_][a-z0-9_]*)?", "must be module:function of chalicelib"),
}
"""As settings_checks.FORMS."""


def problems(deployment: Deployment) -> list[str]:
    """What is missing of the adapter to the bank's approval app. It is not imported: it may need a function's packages."""
    module, _, function = deployment.approval_app.partition(":")
    if not re.fullmatch(FORMS["approval_app"][0], deployment.approval_app) or not module:
        return []
    try:
        written = packaged(f"{module.replace('.', '/')}.py")
    except OSError:
        return [f"approval_app: there is no module {module}"]
    made = re.search(rf"^def {function}\(", written, re.MULTILINE)
    return [] if made else [f"approval_app: {module} has no function {function}"]
