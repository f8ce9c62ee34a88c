"""The URL of a call in all forms that the client may have used (RFC 9421 2.2.2).

API Gateway gives the query decoded and by name. Its original form is found by trying all of these, which have the same meaning.
A signature matches at most one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import permutations
from urllib.parse import quote, quote_plus

STYLES: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, safe="!$'()*,;:@/?"),  # Only what RFC 3986 3.4 requires.
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="!'()*"),  # encodeURIComponent
    lambda text: quote_plus(text, safe=""),
    lambda text: quote_plus(text, safe="*").replace("~", "%7E"),  # Forms, by the URL standard.
)
MAX_ORDERS = 3
"""Maximum number of names in a query whose orders are all tried. With more names only the given order is tried."""


def spellings(urls: Collection[str], query: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Each form of one of `urls` with the query, the most likely first."""
    bases = [quote(url, safe="%:/?#[]@!$&'()*+,;=~") for url in urls]
    if not query:
        yield from bases
        return
    seen: set[str] = set()
    for order in _orders(query):
        for style in STYLES:
            written = "&".join(f"{style(name)}={style(value)}" for name, value in order)
            if written not in seen:
                seen.add(written)
                yield from (f"{base}?{written}" for base in bases)


def _orders(query: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    names = list(dict.fromkeys(name for name, _ in query))
    yield list(query)
    if 1 < len(names) <= MAX_ORDERS:
        for order in permutations(names):
            yield [pair for name in order for pair in query if pair[0] == name]
