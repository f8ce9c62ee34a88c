"""The catalogues of the pages' texts: extracted from the code, and compiled for the functions with what CLDR says of a language.

`python -m ducat_cdk.catalogues` writes chalicelib/languages anew: messages.pot, each .po with the texts that are new, and the
files that the functions read. It needs Babel; a function does not.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from gettext import c2py
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import PoFileError, read_po, write_po

import chalicelib
from chalicelib.language import ENGLISH, NAMES

SOURCE = Path(chalicelib.__file__).resolve().parent
FOLDER = SOURCE / "languages"
TEMPLATE = "messages.pot"
METHODS = [("**.py", "python"), ("pages/templates/**.html", "jinja2.ext.babel_extract")]
KEYWORDS: dict[str, Any] = {"_": None, "say": None, "message": None, "plural": (1, 2)}
"""Functions whose first argument is a text for the catalogues."""
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
EUROPE = {ENGLISH: "en_150"}
"""English as the European Union writes it: 15 January 2027, 1,234.50 EUR."""
LARGEST = 200
"""Numbers from here on take the form of their last two digits plus 100, which is so in every language of CLDR below a million."""
TIME_FIELDS = {
    "HH": "{hour:02}",
    "H": "{hour}",
    "h": "{hour12}",
    "hh": "{hour12:02}",
    "mm": "{minute:02}",
    "a": "{period}",
}
DAY_FIELDS = {"d": "{day}", "dd": "{day:02}", "MMMM": "{month}", "y": "{year}"}
MINIMUM_GROUPING = {"es": 2, "pt_PT": 2, "pl": 2, "bg": 2, "hu": 2}
"""Digits before the first group (CLDR, minimumGroupingDigits), which Babel leaves out; one in other languages."""


class CatalogueError(Exception):
    """A catalogue can't be used. The message lists every problem."""


def extracted() -> Catalog:
    """All texts of the code, with the files where they stand."""
    catalogue = Catalog(project="ducat", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        SOURCE, METHODS, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    )
    texts: dict[Any, tuple[set[str], list[str]]] = {}
    for file, _, text, comments, _ in found:
        files, notes = texts.setdefault(text, (set(), []))
        files.add(file)
        notes += comments
    for text in sorted(texts, key=str):
        files, notes = texts[text]
        catalogue.add(text, locations=[(file, 0) for file in sorted(files)], auto_comments=notes)
    return catalogue


def translations(file: Path) -> Catalog:
    """A .po file. Raises CatalogueError where it can't be read. The name of the file is the language tag."""
    try:
        with file.open("rb") as opened:
            return read_po(opened, locale=_locale(file.stem), abort_invalid=True)
    except (OSError, ValueError, PoFileError) as problem:
        raise CatalogueError(f"{file.name} can't be read: {problem}") from None


def compiled(tag: str, texts: Mapping[str, Any]) -> dict[str, Any]:
    """The file of a language as the functions read it. `texts`: its translations."""
    locale = _locale(tag)
    symbols = locale.number_symbols.get("latn") or locale.number_symbols
    pattern = re.sub("[\u200e\u200f]", "", locale.currency_formats["standard"].pattern.partition(";")[0])
    return {
        "tag": tag,
        "direction": locale.text_direction,
        "texts": dict(sorted(texts.items())),
        "forms": _forms(locale),
        "months": [locale.months["format"]["wide"][n] for n in range(1, 13)],
        "periods": [locale.day_periods["format"]["abbreviated"][name] for name in ("am", "pm")],
        "day": _pattern(locale.date_formats["long"].pattern, DAY_FIELDS),
        "time": _pattern(locale.time_formats["short"].pattern, TIME_FIELDS),
        "decimal": symbols["decimal"],
        "group": symbols["group"],
        "grouping": 3 + MINIMUM_GROUPING.get(str(locale), 1),
        "amount": "{currency}\u00a0{number}" if pattern.startswith("\u00a4") else "{number}\u00a0{currency}",
    }


def names(*tags: str) -> dict[str, list[str]]:
    """By tag, the language's own name and its direction."""
    found = {}
    for tag in tags:
        locale = Locale.parse(tag, sep="-")
        own = locale.get_display_name(locale) or tag
        found[tag] = [own[:1].upper() + own[1:], locale.text_direction]
    return found


def texts_of(catalogue: Catalog, file: str) -> dict[str, Any]:
    """The translations of a catalogue. Raises CatalogueError that lists those that do not fit their English text."""
    found: dict[str, Any] = {}
    problems, forms = [], Catalog(locale=catalogue.locale).num_plurals
    for one in catalogue:
        if not one.id or not _is_translated(one):
            continue
        if one.fuzzy:
            problems.append(f"{file}: marked as fuzzy: {_english(one)}")
        elif not _fits(one):
            problems.append(f"{file}: not the values of its English text: {_english(one)}")
        elif isinstance(one.string, tuple | list) and len(one.string) != forms:
            problems.append(f"{file}: its language has {forms} plural forms: {_english(one)}")
        found[_english(one)] = list(one.string) if isinstance(one.string, tuple | list) else one.string
    if problems:
        raise CatalogueError("; ".join(problems))
    return found


def missing(texts: Mapping[str, Any], *more: str) -> list[str]:
    """The texts of the library, and those of `more`, that have no translation."""
    library = json.loads((FOLDER / f"{ENGLISH}.json").read_text(encoding="utf-8"))["texts"]
    return [text for text in (*library, *more) if text not in texts]


def written() -> dict[Path, str]:
    """Every file of chalicelib/languages, as it is to be. Raises CatalogueError."""
    template = extracted()
    files = {FOLDER / TEMPLATE: _po(template)}
    tags = sorted(file.stem for file in FOLDER.glob("*.po"))
    for tag in tags:
        file = FOLDER / f"{tag}.po"
        catalogue = translations(file)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        files[file] = _po(catalogue)
        files[file.with_suffix(".json")] = _json(compiled(tag, texts_of(catalogue, file.name)))
    english = {_english(one): list(one.id) if one.pluralizable else one.id for one in template if one.id}
    files[FOLDER / f"{ENGLISH}.json"] = _json(compiled(ENGLISH, english))
    files[FOLDER / NAMES] = _json(names(ENGLISH, *tags))
    return files


def _json(members: object) -> str:
    return json.dumps(members, ensure_ascii=False, indent=0) + "\n"


def _po(catalogue: Catalog) -> str:
    from io import BytesIO

    into = BytesIO()
    write_po(into, catalogue, width=0, omit_header=False, include_lineno=False, sort_output=True)
    lines = into.getvalue().decode().strip("\n").split("\n")
    volatile = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator', '"Language-Team', "#")
    body = lines.index("") if "" in lines else 0
    kept = [line for n, line in enumerate(lines) if n > body or not line.startswith(volatile)]
    return "\n".join(kept).rstrip("\n") + "\n"


def _english(one: Message) -> str:
    return str(one.id[0] if isinstance(one.id, tuple | list) else one.id)


def _is_translated(one: Message) -> bool:
    forms = one.string if isinstance(one.string, tuple | list) else [one.string]
    return all(forms)


def _fits(one: Message) -> bool:
    """Whether a translation has the values of the English text. A form for one number may leave the number out."""
    if isinstance(one.string, tuple | list):
        wanted = {"number"}
        return all(set(PLACEHOLDER.findall(form)) <= wanted for form in one.string)
    names = PLACEHOLDER.findall(_english(one))
    try:
        str(one.string).format_map(dict.fromkeys(names, ""))
    except (ValueError, KeyError, IndexError, AttributeError):  # A brace that stands for itself.
        return False
    return sorted(names) == sorted(PLACEHOLDER.findall(str(one.string)))


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(EUROPE.get(tag, tag.replace("-", "_")))
    except (ValueError, UnknownLocaleError):
        raise CatalogueError(f"{tag} is no language of CLDR") from None


def _forms(locale: Locale) -> str:
    """The index of gettext's plural form of each number below LARGEST."""
    form = c2py(Catalog(locale=locale).plural_expr)
    forms = [form(n) for n in range(1001)]
    if any(forms[n] != forms[100 + n % 100] for n in range(LARGEST, 1001)):
        raise CatalogueError(f"{locale}: its plural forms need more than the last two digits")
    return "".join(map(str, forms[:LARGEST]))


def _pattern(cldr: str, known: Mapping[str, str]) -> str:
    """A pattern of CLDR (UTS 35, Date Format Patterns) for str.format. Raises CatalogueError for a field that is not known."""
    found = []
    for token in re.findall(r"'[^']*'|d+|M+|y+|H+|h+|m+|a+|[A-Za-z]+|[^A-Za-z']", cldr):
        if token.startswith("'"):
            found.append(token.strip("'") or "'")
        elif token[0].isascii() and token[0].isalpha():
            if token not in known:
                raise CatalogueError(f"a date has the field {token}")
            found.append(known[token])
        else:
            found.append(re.sub("[\u200e\u200f]", "", token))
    return "".join(found)


def main() -> None:
    """Write the files, and say how many texts each language lacks. Ends with status 1 and a line where one can't be used."""
    try:
        for file, text in written().items():
            file.write_text(text, encoding="utf-8")
    except CatalogueError as problem:
        sys.exit(str(problem))
    for file in sorted(FOLDER.glob("*.po")):
        lacking = missing(json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))["texts"])
        print(f"{file.stem}: {len(lacking)} to translate")


if __name__ == "__main__":
    main()
