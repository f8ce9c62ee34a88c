"""After how many failed attempts to sign in an account is locked, and for how long. The store counts them (`Users.admit`)."""

from __future__ import annotations

FREE_ATTEMPTS = 5
"""Failed attempts before the account is locked. NIST SP 800-63B-4 3.2.2 allows 100 in a row."""

FIRST_LOCK = 30
MAX_LOCK = 15 * 60
"""Seconds: the first lock, which each further failure doubles, and the longest, which never grows into a lock for ever."""

LOCKS = tuple(min(FIRST_LOCK << doublings, MAX_LOCK) for doublings in range(6))
"""Seconds after the fifth attempt and each further one; the last goes on. Attempts during a lock don't count."""
