"""FAPI 1.0 Advanced as Open Finance Brazil profiles it, which encrypts by RSA-OAEP.

By SHA-1, that is, which is no weakness of OAEP but is out of use elsewhere, and so is off in every other profile.
"""

from dataclasses import replace

from chalicelib.profiles.fapi1_advanced import FAPI1_ADVANCED

OPEN_FINANCE_BRAZIL = replace(
    FAPI1_ADVANCED,
    name="open-finance-brazil",
    request_object_encryption_algs=(*FAPI1_ADVANCED.request_object_encryption_algs, "RSA-OAEP"),
    encryption_algs=(*FAPI1_ADVANCED.encryption_algs, "RSA-OAEP"),
)
