"""What a bank chooses of notices to people: by which ways, and from which address. Read without the CDK, which starts Node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ducat_cdk.watch_settings import NONE

if TYPE_CHECKING:
    from ducat_cdk.deployment import Deployment

EMAIL, BUS = "email", "bus"
ADDRESS = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
IDENTITY = r"arn:aws[a-z-]*:ses:[a-z0-9-]+:\d{12}:identity/[A-Za-z0-9._%+@-]{1,320}"

FORMS = {
    "notices": (f"{NONE}|{EMAIL}|{BUS}|{EMAIL} {BUS}", "must be none, email, bus, or email bus"),
    "notices_from": (f"({ADDRESS})?", "must be an e-mail address, without a name"),
    "notices_identity": (f"({IDENTITY})?", "must be the ARN of an identity of SES, a domain or an address"),
}
"""As settings_checks.FORMS."""


def problems(deployment: Deployment) -> list[str]:
    """What contradicts itself."""
    ways = deployment.notices.split()
    found = []
    if BUS in ways and deployment.audit_bus == NONE:
        found.append("notices: bus puts them on audit_bus, which is none")
    if deployment.recovery_hours != "0" and (deployment.notices, deployment.audit_bus) == (NONE, NONE):
        found.append("recovery_hours: nobody gets a notice of a recovery, because notices and audit_bus are none")
    given = [name for name in ("notices_from", "notices_identity") if getattr(deployment, name)]
    if EMAIL in ways and len(given) < 2:
        found.append(
            "notices: email needs notices_from, an address, and notices_identity, SES's identity that it belongs to"
        )
    if EMAIL not in ways and given:
        found.append(f"{' and '.join(given)}: of e-mail, which notices does not name")
    _, _, identity = deployment.notices_identity.partition(":identity/")
    address = deployment.notices_from
    if (
        EMAIL in ways
        and len(given) == 2
        and not (address == identity or address.endswith((f"@{identity}", f".{identity}")))
    ):
        found.append(f"notices_from is no address of the identity {identity}")
    return found
