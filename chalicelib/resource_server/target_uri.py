"""The address that a client called, as it may have written it (RFC 9421 2.2.2).

API Gateway hands a query over decoded and by names, so how it was written is found out by trying: a signature fits one spelling
or none, and each of these says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import permutations
from urllib.parse import quote, quote_plus

STYLES: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, safe="!$'()*,;:@/?"),  # no more than RFC 3986 3.4 asks for
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="!'()*"),  # encodeURIComponent
    lambda text: quote_plus(text, safe=""),
    lambda text: quote_plus(text, safe="*").replace("~", "%7E"),  # forms, by the URL standard
)
MAX_ORDERS = 3
"""Names of a query whose every order is tried. More names are looked for as they came."""


def spellings(urls: Collection[str], query: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Each way of writing one of `urls` with the query, the likeliest first."""
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
