"""Which rules apply: every profile that this provider offers, by name."""

from chalicelib.profiles.fapi2_message_signing import FAPI2_MESSAGE_SIGNING
from chalicelib.profiles.fapi2_security import FAPI2_SECURITY
from chalicelib.profiles.profile import Profile

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (FAPI2_SECURITY, FAPI2_MESSAGE_SIGNING)}

__all__ = ["PROFILES", "Profile"]
