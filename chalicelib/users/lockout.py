"""The lockout after failed attempts to sign in: how many, and for how long. The store counts them (`Users.admit`)."""

from __future__ import annotations

FREE_ATTEMPTS = 5
"""Failed attempts before the account is locked. NIST SP 800-63B-4 3.2.2 allows 100 in a row."""

FIRST_LOCK = 30
MAX_LOCK = 15 * 60
"""Seconds of the first lock, which each further failure doubles, and of the longest lock. No lock is permanent."""

LOCKS = tuple(min(FIRST_LOCK << doublings, MAX_LOCK) for doublings in range(6))
"""Seconds of the lock after the fifth attempt and each further one. The last value repeats. Attempts during a lock don't count.
"""
