"""Every plan that is claimed, with its variants, on one page. A cell is one run of one plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product

AUTHENTICATION = ("private_key_jwt", "mtls")
CONSTRAINT = ("dpop", "mtls")
REQUEST = ("simple", "rar")


@dataclass(frozen=True)
class Cell:
    """One plan in one variant. `profile`: the profile here that its clients register for."""

    plan: str
    profile: str
    variant: tuple[tuple[str, str], ...]

    def __getitem__(self, axis: str) -> str | None:
        """The variant's value on an axis, None where the plan has no such axis."""
        return dict(self.variant).get(axis)

    @property
    def words(self) -> str:
        """The variant in the order of its axes."""
        return " ".join(value for _, value in self.variant)

    @property
    def name(self) -> str:
        """Plan and variant, which is what `--only` is held against."""
        return f"{self.plan} {self.words}"


@dataclass(frozen=True)
class Plan:
    """A plan by the suite's name, and the values that each of its variants takes here."""

    name: str
    profile: str
    axes: Mapping[str, tuple[str, ...]]

    def cells(self) -> Iterator[Cell]:
        """Each combination."""
        for values in product(*self.axes.values()):
            yield Cell(self.name, self.profile, tuple(zip(self.axes, values, strict=True)))


PLANS = (
    Plan(
        "fapi1-advanced-final-test-plan",
        "fapi1-advanced",
        {
            "client_auth_type": AUTHENTICATION,
            "fapi_auth_request_method": ("by_value", "pushed"),
            "fapi_profile": ("plain_fapi",),
            "fapi_response_mode": ("plain_response", "jarm"),
        },
    ),
    Plan(
        "fapi2-security-profile-final-test-plan",
        "fapi2-security",
        {
            "client_auth_type": AUTHENTICATION,
            "sender_constrain": CONSTRAINT,
            "fapi_profile": ("plain_fapi",),
            "openid": ("openid_connect", "plain_oauth"),
            "authorization_request_type": REQUEST,
        },
    ),
    Plan(
        "fapi2-security-profile-final-test-plan",
        "fapi2-security",
        {
            "client_auth_type": AUTHENTICATION,
            "sender_constrain": CONSTRAINT,
            "fapi_profile": ("fapi_client_credentials_grant",),
            "openid": ("plain_oauth",),
            "authorization_request_type": ("simple",),
        },
    ),
    Plan(
        "fapi2-message-signing-final-test-plan",
        "fapi2-message-signing",
        {
            "client_auth_type": AUTHENTICATION,
            "sender_constrain": CONSTRAINT,
            "fapi_profile": ("plain_fapi",),
            "openid": ("openid_connect", "plain_oauth"),
            "authorization_request_type": REQUEST,
            "fapi_request_method": ("unsigned", "signed_non_repudiation"),
            "fapi_response_mode": ("plain_response", "jarm"),
        },
    ),
)


def cells(only: str = "*") -> tuple[Cell, ...]:
    """The cells whose name fits the pattern, as a shell would match it."""
    return tuple(cell for plan in PLANS for cell in plan.cells() if fnmatchcase(cell.name, only))
