"""FAPI 1.0 Advanced as Open Finance Brazil profiles it, with RSA-OAEP for encryption.

RSA-OAEP uses SHA-1. That is no weakness of OAEP, but it is out of use elsewhere, so no other profile allows it.
"""

from chalicelib.profiles.fapi1_advanced import FAPI1_ADVANCED

OPEN_FINANCE_BRAZIL = FAPI1_ADVANCED._replace(
    name="open-finance-brazil",
    request_object_encryption_algs=(*FAPI1_ADVANCED.request_object_encryption_algs, "RSA-OAEP"),
    encryption_algs=(*FAPI1_ADVANCED.encryption_algs, "RSA-OAEP"),
)
