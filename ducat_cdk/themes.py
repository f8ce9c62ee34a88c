"""A bank's theme: a folder with colours, fonts, a logo, links and texts, checked and compiled for the functions.

    theme.json   {"colours": {"light": {"accent": "#7a1220"}, "dark": {}}, "fonts": ["Inter"], "links": {"help": "https://…"}}
    logo.svg     shapes and gradients alone
    clients/     penny.svg and the like: the logo of the client penny
    it.po        a language more, or some texts of the library in the bank's own words

Each is optional. Raises ThemeError, which lists every problem (docs/operate/branding.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chalicelib import language, vocabulary, vocabulary_file
from chalicelib.pages.frame import HELP, STYLE, THEME_FILE, client_logo_file
from ducat_cdk import logos
from ducat_cdk.json_members import each_once

SETTINGS, LOGO, CLIENTS = "theme.json", "logo.svg", "clients"
MEMBERS = ("colours", "fonts", "links")
SCHEMES = ("light", "dark")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
VARIABLE = re.compile(r"--([a-z-]+):(#[0-9a-f]{6})")
FONT = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,39}")
GENERIC = frozenset({"serif", "sans-serif", "monospace", "system-ui", "ui-serif", "ui-sans-serif", "ui-rounded"})
MAX_FONTS = 8
LINK = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[\x21\x23-\x3b\x3d\x3f-\x7e]{0,500})?")
KINDS = tuple(kind for kind, _ in HELP)

TEXT, EDGE = 4.5, 3.0
"""Contrast at least (WCAG 2.2 AA, 1.4.3 and 1.4.11)."""
PAIRS = (
    *((ink, ground, TEXT) for ink in ("ink", "quiet", "accent") for ground in ("ground", "card")),
    ("ink", "tint", TEXT),
    ("accent", "tint", EDGE),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("trouble", "trouble-tint", TEXT),
    ("edge", "card", EDGE),
    ("edge", "ground", EDGE),
    ("trouble", "card", EDGE),
)
"""What stands on what in style.css: a text, or the edge of something that can be used."""


class ThemeError(Exception):
    """The theme can't be used. The message lists every problem."""


def defaults() -> dict[str, dict[str, str]]:
    """The library's colours, by scheme and name, as style.css has them."""
    light, dark = (dict(VARIABLE.findall(part)) for part in STYLE.split("*,")[0].split("@media"))
    return {"light": light, "dark": light | dark}


def compiled(folder: Path) -> dict[str, str]:
    """The files of the theme as the functions read them, by name. Raises ThemeError."""
    problems: list[str] = []
    if not folder.is_dir():
        raise ThemeError(f"theme: {folder} is no folder")
    given = _settings(folder / SETTINGS, problems)
    style = _style(given, problems)
    links = dict(_links(given.get("links", {}), problems))
    logo = logos.safe(folder / LOGO, problems) if (folder / LOGO).exists() else ""
    clients = logos.of_clients(folder / CLIENTS, problems)
    catalogues, names = _catalogues(folder, problems)
    if problems:
        raise ThemeError("theme: " + "; ".join(problems))
    return {
        THEME_FILE: json.dumps({"style": style, "logo": logo, "links": _by_kind(links)}),
        language.NAMES: json.dumps(names),
        **{client_logo_file(client_id): json.dumps(logo) for client_id, logo in clients.items()},
        **{f"{tag}.json": json.dumps(found, ensure_ascii=False) for tag, found in catalogues.items()},
    }


def write(folder: Path, into: Path) -> None:
    """Compile a theme into another folder. Raises ThemeError."""
    files = compiled(folder)
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("*.json"):
        old.unlink()
    for name, text in files.items():
        (into / name).write_text(text, encoding="utf-8")


def languages(folder: str) -> list[str]:
    """The languages that a bank may offer: those of the library, and those of its theme."""
    own = sorted(file.stem for file in Path(folder).glob("*.po")) if folder else []
    return list(dict.fromkeys([*language.names(), *own]))


def problems(tags: str, folder: str, words: str) -> list[str]:
    """What is wrong with the settings `languages` and `theme`. `words`: the file of the vocabulary, whose own problems are said
    elsewhere.
    """
    found = []
    with suppress(vocabulary_file.VocabularyError):
        found += language_problems(tags, folder, vocabulary_file.load(str(Path(words).absolute()) if words else None))
    try:
        if folder:
            compiled(Path(folder))
    except ThemeError as wrong:
        found.append(str(wrong))
    return found


def language_problems(tags: str, folder: str, words: vocabulary.Vocabulary) -> list[str]:
    """What is wrong with the languages that a bank offers. `tags`: the setting. `words`: the bank's vocabulary."""
    offered, known = tags.split(), languages(folder)
    if not offered or len(set(offered)) < len(offered):
        return ["languages must be tags with spaces between them, each once, the default first, such as en de"]
    found = [
        f"languages: {tag} is neither of the library ({', '.join(language.names())}) nor a file {tag}.po of the theme"
        for tag in offered
        if tag not in known
    ]
    for tag in (tag for tag in offered if tag != language.ENGLISH and tag in language.names()):
        texts = {**language.of(tag).texts, **words.texts.get(tag, {})}
        missing = [text for text in words.said if text not in texts]
        found += [f"languages: the vocabulary has no translation to {tag} of '{text}'" for text in missing]
    for tag in (tag for tag in offered if tag in known and tag not in language.names()):
        missing = [text for text in words.said if text not in words.texts.get(tag, {}) and not _of_library(text)]
        found += [f"languages: the vocabulary has no translation to {tag} of '{text}'" for text in missing]
    return found


def _of_library(text: str) -> bool:
    return text in language.of(language.ENGLISH).texts


def _settings(file: Path, problems: list[str]) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=each_once)
    except (OSError, ValueError) as problem:
        problems.append(f"{SETTINGS}: {problem}")
        return {}
    if not isinstance(found, dict):
        problems.append(f"{SETTINGS} is no JSON object")
        return {}
    problems += [f"{SETTINGS}: {name} is none of {', '.join(MEMBERS)}" for name in found if name not in MEMBERS]
    return found


def _style(given: Mapping[str, Any], problems: list[str]) -> str:
    """The stylesheet of the colours and fonts, which follows the library's."""
    before = len(problems)
    colours = _colours(given.get("colours", {}), problems)
    fonts = given.get("fonts", [])
    if not isinstance(fonts, list) or len(fonts) > MAX_FONTS or not all(map(_is_font, fonts)):
        problems.append(f"{SETTINGS}: fonts must be at most {MAX_FONTS} names of fonts that people's devices have")
    if len(problems) > before:
        return ""
    families = ", ".join(font if font in GENERIC else f'"{font}"' for font in [*fonts, "system-ui", "sans-serif"])
    light = "".join(f"--{name}: {value};" for name, value in colours["light"].items())
    dark = "".join(f"--{name}: {value};" for name, value in colours["dark"].items())
    made = [f":root {{{light}{f'--font: {families};' if fonts else ''}}}"] if light or fonts else []
    made += [f"@media (prefers-color-scheme: dark) {{:root {{{dark}}}}}"] if dark else []
    return "\n".join(made)


def _is_font(name: object) -> bool:
    return isinstance(name, str) and bool(FONT.fullmatch(name))


def _colours(given: Any, problems: list[str]) -> dict[str, dict[str, str]]:
    """The bank's colours by scheme. Each pair of what stands on what is checked, with the library's colours for the others."""
    library, own = defaults(), {}
    if not isinstance(given, dict) or not given.keys() <= set(SCHEMES):
        problems.append(f"{SETTINGS}: colours must be an object of light and dark")
        return {"light": {}, "dark": {}}
    for scheme in SCHEMES:
        chosen = given.get(scheme, {})
        if not isinstance(chosen, dict):
            problems.append(f"{SETTINGS}: colours: {scheme} must be an object")
            chosen = {}
        wrong = [f"{name} {value}" for name, value in dict(chosen).items() if not _is_colour(name, value)]
        problems += [
            f"{SETTINGS}: colours: {scheme}: {one} is no colour such as #0b4a6e of {', '.join(library[scheme])}"
            for one in wrong
        ]
        own[scheme] = {} if wrong else dict(chosen)
    # What the light scheme sets holds in the dark one too, where the dark one has nothing of its own after it.
    worn = {"light": library["light"] | own["light"], "dark": library["dark"] | own["dark"]}
    for scheme, colours in worn.items():
        for ink, ground, least in PAIRS:
            found = contrast(colours[ink], colours[ground])
            if found < least and (ink in own[scheme] or ground in own[scheme]):
                problems.append(
                    f"colours: {scheme}: {ink} {colours[ink]} on {ground} {colours[ground]} has a contrast of "
                    f"{found:.2f} to 1; at least {least} is needed (WCAG 2.2, {'1.4.3' if least == TEXT else '1.4.11'})"
                )
    complete = {name: value for name, value in library["dark"].items() if name in own["light"]}
    return {"light": own["light"], "dark": complete | own["dark"]}


def _is_colour(name: str, value: object) -> bool:
    return name in defaults()["light"] and isinstance(value, str) and bool(COLOUR.fullmatch(value))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def _links(given: Any, problems: list[str]) -> Iterator[tuple[str, str]]:
    if not isinstance(given, dict):
        problems.append(f"{SETTINGS}: links must be an object")
        return
    for name, address in given.items():
        kind, has_tag, tag = name.partition("#")
        if kind not in KINDS or bool(has_tag) != bool(tag):
            problems.append(f"{SETTINGS}: links: {name} is none of {', '.join(KINDS)}, nor one of them with a language")
        elif not isinstance(address, str) or not LINK.fullmatch(address):
            problems.append(f"{SETTINGS}: links: {name} must be an https address")
        else:
            yield name, address


def _by_kind(links: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, address in links.items():
        kind, _, tag = name.partition("#")
        found.setdefault(kind, {})[tag] = address
    return found


def _catalogues(folder: Path, problems: list[str]) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """The catalogues of the theme by tag, and the names of languages that are new."""
    files = sorted(folder.glob("*.po"))
    if not files:
        return {}, {}
    from ducat_cdk import catalogues  # This imports Babel.

    made, library, tags = {}, language.names(), []
    for file in files:
        tag = file.stem
        try:
            own = catalogues.texts_of(catalogues.translations(file), file.name)
            known = dict(language.of(tag).texts) if tag in library else {}
            made[tag] = catalogues.compiled(tag, {**known, **own})
        except catalogues.CatalogueError as problem:
            problems.append(str(problem))
            continue
        problems += [f"{file.name}: no text of the library: '{text}'" for text in own if not _of_library(text)]
        lacking = [] if tag in library else catalogues.missing(own)
        if lacking:
            problems.append(f"{file.name}: {len(lacking)} texts have no translation: '{lacking[0]}' and so on")
        tags += [] if tag in library else [tag]
    return made, catalogues.names(*(tag for tag in tags if tag in made))
