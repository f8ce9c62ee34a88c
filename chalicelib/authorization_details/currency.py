"""Currencies and their decimal places (ISO 4217).

The table is our own. The maintenance agency (SIX) publishes XML, and a library would read all of it when a function starts.
Funds, metals, test codes and codes without coins are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

PUBLISHED = "2026-01-01"
"""The edition of ISO 4217, list one, of the table."""

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
"""Number of decimal places, by currency code."""


def in_full(currency: str, amount: str) -> str:
    """The amount with all decimal places of its currency.

    Raises ValueError if the currency is unknown or the amount has more decimal places.
    """
    decimals = DECIMAL_PLACES.get(currency)
    if decimals is None:
        raise ValueError("the currency is not in ISO 4217")
    whole, _, fraction = amount.partition(".")
    if len(fraction) > decimals:
        raise ValueError(f"{currency} has {decimals or 'no'} decimal place{'' if decimals == 1 else 's'}")
    return f"{whole}.{fraction:0<{decimals}}" if decimals else whole
