"""Which log lines CloudWatch Logs hands to the function `audit`: refusals, and what happened and is in no stream.

Each line that it hands over is a call of the function when little happens. So what the function would leave out (of_lines.py) is
left out here, as far as a pattern can say it.
"""

from __future__ import annotations

from chalicelib.audit.of_lines import NO_EVENT

OF_A_CODE = '(($.event != "tokens_issued") || ($.grant_type != "authorization_code"))'
"""Tokens that a code gave are in the stream of the grants."""
HAPPENED = " && ".join(['($.event = "*")', *(f'($.event != "{event}")' for event in NO_EVENT), OF_A_CODE])
PATTERN = f'{{ ($.error = "*") || ($.outcome = "failed") || ({HAPPENED}) }}'
"""A failure of the authorizer has no error."""
MOST = 1024
"""Characters of a pattern (CloudWatch Logs API, PutSubscriptionFilter)."""
