"""Currencies that something can be paid in, and the decimal places of each (ISO 4217).

A table of our own: what it was made of is published as XML by the maintenance agency (SIX), and a library would read all of
that as a function starts. Left out are funds, metals, and codes for tests and for none, which have no decimal places or no coins.
"""

from __future__ import annotations

from collections.abc import Mapping

PUBLISHED = "2026-01-01"
"""The edition of ISO 4217, list one, that the table is of."""

_BY_DECIMAL_PLACES = {
    0: ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE "
        "CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR "
        "KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB "
        "PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY "
        "TTD TWD TZS UAH USD UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: ("BHD IQD JOD KWD LYD OMR TND"),
    4: ("UYW"),
}

DECIMAL_PLACES: Mapping[str, int] = {
    code: decimals for decimals, codes in _BY_DECIMAL_PLACES.items() for code in codes.split()
}
"""By its code, how many decimal places an amount in a currency has."""


def in_full(currency: str, amount: str) -> str:
    """The amount with each decimal place of its currency.

    Raises ValueError where it is none of the currency: of one that is not known, or with more decimal places than that has.
    """
    decimals = DECIMAL_PLACES.get(currency)
    if decimals is None:
        raise ValueError("the currency is not in ISO 4217")
    whole, _, fraction = amount.partition(".")
    if len(fraction) > decimals:
        raise ValueError(f"{currency} has {decimals or 'no'} decimal place{'' if decimals == 1 else 's'}")
    return f"{whole}.{fraction:0<{decimals}}" if decimals else whole
