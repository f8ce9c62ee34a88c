"""Profiles: the rules for a client. All profiles of this provider, by name."""

from chalicelib.profiles.fapi1_advanced import FAPI1_ADVANCED
from chalicelib.profiles.fapi1_baseline import FAPI1_BASELINE
from chalicelib.profiles.fapi1_read_write import FAPI1_READ_WRITE
from chalicelib.profiles.fapi2_message_signing import FAPI2_MESSAGE_SIGNING
from chalicelib.profiles.fapi2_security import FAPI2_SECURITY
from chalicelib.profiles.open_finance_brazil import OPEN_FINANCE_BRAZIL
from chalicelib.profiles.profile import Profile

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        FAPI2_SECURITY,
        FAPI2_MESSAGE_SIGNING,
        FAPI1_BASELINE,
        FAPI1_ADVANCED,
        FAPI1_READ_WRITE,
        OPEN_FINANCE_BRAZIL,
    )
}

__all__ = ["PROFILES", "Profile"]
