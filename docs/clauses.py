"""Where the specifications' clauses stand: the code that cites one, and the tests that show it.

A tag is a specification and a clause of it, in the spelling of the OpenID Foundation's conformance suite: `PAR-2.1`,
`FAPI2-SP-FINAL-5.3.2.1-8`. Code cites it in a comment or a docstring, a test in its marker.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docs import syntax

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("app.py", "chalicelib", "ducat_cdk", "local")
TESTS = ("tests",)

OPENID = "https://openid.net/specs/"
RFCS = {
    "9101": "JWT-Secured Authorization Request (JAR)",
    "9126": "Pushed Authorization Requests (PAR)",
    "9449": "Demonstrating Proof of Possession (DPoP)",
    "3986": "Uniform Resource Identifier",
    "5280": "X.509 Certificate and CRL Profile",
    "6238": "Time-Based One-Time Password",
    "6749": "The OAuth 2.0 Authorization Framework",
    "6750": "Bearer Token Usage",
    "7009": "Token Revocation",
    "7515": "JSON Web Signature",
    "7516": "JSON Web Encryption",
    "7517": "JSON Web Key",
    "7518": "JSON Web Algorithms",
    "7519": "JSON Web Token",
    "7523": "JWT Profile for OAuth 2.0 Client Authentication",
    "7591": "Dynamic Client Registration",
    "7636": "Proof Key for Code Exchange (PKCE)",
    "7638": "JSON Web Key Thumbprint",
    "7662": "Token Introspection",
    "8707": "Resource Indicators",
    "7800": "Proof-of-Possession Key Semantics for JWTs",
    "8037": "CFRG Elliptic Curve Keys and Signatures in JOSE",
    "8176": "Authentication Method Reference Values",
    "8252": "OAuth 2.0 for Native Apps",
    "8414": "Authorization Server Metadata",
    "8705": "Mutual-TLS Client Authentication and Certificate-Bound Access Tokens",
    "8725": "JSON Web Token Best Current Practices",
    "9110": "HTTP Semantics",
    "9207": "Authorization Server Issuer Identification",
    "9396": "Rich Authorization Requests",
    "9421": "HTTP Message Signatures",
    "9470": "Step-up Authentication Challenge",
    "9530": "Digest Fields",
    "9700": "Best Current Practice for OAuth 2.0 Security",
    "9701": "JWT Response for Token Introspection",
    "9728": "Protected Resource Metadata",
}
SPELT = {"9101": "JAR", "9126": "PAR", "9449": "DPOP"}
"""RFCs whose tags have a name instead of the number."""

SPECIFICATIONS = {
    "FAPI2-SP-FINAL": ("FAPI 2.0 Security Profile", f"{OPENID}fapi-security-profile-2_0-final.html#section-"),
    "FAPI2-MS-ID1": (
        "FAPI 2.0 Message Signing (as numbered in ID1)",
        f"{OPENID}fapi-2_0-message-signing-ID1.html#section-",
    ),
    "FAPI2-HTTPSIG": (
        "FAPI 2.0 HTTP Signatures (draft)",
        "https://openid.bitbucket.io/fapi/fapi-2_0-http-signatures.html#section-",
    ),
    "FAPI1-BASE": ("FAPI 1.0 Part 1: Baseline", f"{OPENID}openid-financial-api-part-1-1_0-final.html#rfc.section."),
    "FAPI1-ADV": ("FAPI 1.0 Part 2: Advanced", f"{OPENID}openid-financial-api-part-2-1_0-final.html#rfc.section."),
    "OIDCC": ("OpenID Connect Core", f"{OPENID}openid-connect-core-1_0.html#rfc.section."),
    "OAuth2-FP": (
        "OAuth 2.0 Form Post Response Mode",
        f"{OPENID}oauth-v2-form-post-response-mode-1_0.html#rfc.section.",
    ),
    "OAuth2-RT": (
        "OAuth 2.0 Multiple Response Type Encoding Practices",
        f"{OPENID}oauth-v2-multiple-response-types-1_0.html#rfc.section.",
    ),
    "OIDCD": ("OpenID Connect Discovery", f"{OPENID}openid-connect-discovery-1_0.html#rfc.section."),
    "OIDCR": (
        "OpenID Connect Dynamic Client Registration",
        f"{OPENID}openid-connect-registration-1_0.html#rfc.section.",
    ),
    "RTS": (
        "Regulation (EU) 2018/389, strong customer authentication",
        "https://eur-lex.europa.eu/eli/reg_del/2018/389/oj#art_",
    ),
    "SPC": (
        "Secure Payment Confirmation (as numbered in W3C's draft of July 2026)",
        "https://www.w3.org/TR/secure-payment-confirmation/#section-",
    ),
    "JARM": ("JWT Secured Authorization Response Mode (JARM)", f"{OPENID}oauth-v2-jarm.html#section-"),
    **{
        SPELT.get(number, f"RFC{number}"): (
            f"RFC {number}: {title}",
            f"https://www.rfc-editor.org/rfc/rfc{number}#section-",
        )
        for number, title in RFCS.items()
    },
}
"""Each specification by its name in tags, in the order of the page: its title, and where a section of it is."""

TAG = re.compile(
    r"(?<![\w-])(RFC\d+|FAPI\w*(?:-[A-Z]\w*)*|OIDC[A-Z]|OAuth2-[A-Z]+|OAUTH(?:-[A-Z]+)+|CIBA|DPOP|JARM?|PAR|RTS|SPC)"
    r"-((?:\d+|[A-Z])(?:\.\d+)*(?:-\d+)?)(?![\w-])"
)
"""Group 1 is the specification, group 2 its clause; those of specifications that are not listed are tags too."""


@dataclass(frozen=True, order=True)
class Citation:
    """Where a clause is cited. `name`: of the function, class or value there; empty for the file itself."""

    path: str
    name: str
    sentence: str = ""


Found = dict[str, list[Citation]]


@cache
def in_code() -> Found:
    """Each tag that the product's code cites, with its places; as the files are when it is first called."""
    found: Found = {}
    for path in _files(PRODUCT):
        text = path.read_text(encoding="utf-8")
        named = list(_named(syntax.tree(path)))
        for number, line in enumerate(text.splitlines(), 1):
            for match in TAG.finditer(line):
                location = Citation(path.relative_to(ROOT).as_posix(), _innermost(named, number))
                _add(found, match.group(), location)
    return found


@cache
def in_tests() -> Found:
    """Each tag that a test is marked with, with its tests; as the files are when it is first called."""
    found: Found = {}
    for path in _files(TESTS):
        for node in _defined(syntax.tree(path).body):
            for tag in _marked(node.decorator_list):
                _add(found, tag, Citation(path.relative_to(ROOT).as_posix(), node.name, _sentence(node)))
    return found


def specification(tag: str) -> str:
    """The specification that a tag is of. Raises LookupError where it is none that is known."""
    match = TAG.fullmatch(tag)
    if match is None or match.group(1) not in SPECIFICATIONS:
        raise LookupError(tag)
    return match.group(1)


def clause(tag: str) -> str:
    """The clause that a tag names, within its specification."""
    return tag.removeprefix(specification(tag) + "-")


def address(tag: str) -> str:
    """Where the clause can be read: its section, since items within one have no address."""
    section = clause(tag).partition("-")[0]
    where = SPECIFICATIONS[specification(tag)][1]
    if where.endswith("#art_"):
        return where + section.partition(".")[0]
    return (where.replace("section", "appendix") if section[0].isalpha() else where) + section


def in_order(tags: Iterable[str]) -> list[str]:
    """Tags as a reader looks for them: by specification, then by clause. Raises LookupError."""
    known = list(SPECIFICATIONS)
    return sorted(tags, key=lambda tag: (known.index(specification(tag)), _numbers(clause(tag))))


def _numbers(text: str) -> tuple[bool, list[tuple[int, str]]]:
    """Clauses by number, then appendices by letter."""
    return text[0].isalpha(), [(int(part), "") if part.isdigit() else (0, part) for part in re.findall(r"\w+", text)]


def _files(where: Iterable[str]) -> list[Path]:
    whole = [ROOT / name for name in where]
    return sorted(path for one in whole for path in ([one] if one.is_file() else one.rglob("*.py")))


def _add(found: Found, tag: str, location: Citation) -> None:
    locations = found.setdefault(tag, [])
    if location not in locations:
        locations.append(location)


def _defined(body: Iterable[ast.stmt]) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """What pytest takes for tests: functions and classes, and what is in those."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node
            yield from _defined(node.body)


def _marked(decorators: Iterable[ast.expr]) -> Iterator[str]:
    """The arguments of the clause markers, within parametrized cases too."""
    for decorator in decorators:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "clause":
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), ast.unparse(node)
                    yield str(argument.value)


def _sentence(node: ast.FunctionDef | ast.ClassDef) -> str:
    return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())


def _named(tree: ast.Module) -> Iterator[tuple[int, int, str]]:
    """First line, last line and name of everything that has a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield first, node.end_lineno or first, node.name
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield node.lineno, node.end_lineno or node.lineno, target.id


def _innermost(named: Iterable[tuple[int, int, str]], line: int) -> str:
    around = [(last - first, name) for first, last, name in named if first <= line <= last]
    return min(around)[1] if around else ""
