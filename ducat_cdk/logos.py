"""A logo that is safe inside a page: shapes and gradients, written anew from what was understood."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = frozenset({"g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
ELEMENTS = SHAPES | {"svg", "defs", "linearGradient", "radialGradient", "stop"}
ATTRIBUTES = frozenset(
    {
        *(
            "viewBox",
            "d",
            "x",
            "y",
            "width",
            "height",
            "cx",
            "cy",
            "r",
            "rx",
            "ry",
            "x1",
            "y1",
            "x2",
            "y2",
            "fx",
            "fy",
            "points",
        ),
        *(
            "fill",
            "fill-rule",
            "fill-opacity",
            "clip-rule",
            "stroke",
            "stroke-width",
            "stroke-linecap",
            "stroke-linejoin",
        ),
        *(
            "stroke-miterlimit",
            "stroke-opacity",
            "stroke-dasharray",
            "opacity",
            "transform",
            "id",
            "offset",
            "stop-color",
        ),
        *("stop-opacity", "gradientUnits", "gradientTransform"),
    }
)
VALUE = re.compile(r"[A-Za-z0-9 .,#%()+\n\r\t-]*")
ID = re.compile(r"logo-[a-z0-9-]{1,40}")
REFERENCE = re.compile(r"url\(#logo-[a-z0-9-]{1,40}\)")
MAX_BYTES = 8 * 1024
"""Of the file. A page besides it has 15 KB at most."""
LEFT_OUT = frozenset({"version", "baseProfile"})
OF_THE_ROOT = frozenset({"width", "height", "x", "y", "id"})
"""Attributes of the root that the page's stylesheet sets."""


def safe(file: Path, problems: list[str]) -> str:
    """The logo as an element of HTML. Problems are added to `problems`.

    There is no script, style, link, text, animation or outside address in it, and no id of an element of a page.
    """
    try:
        data = file.read_bytes()
        text = data.decode()
    except (OSError, UnicodeDecodeError) as problem:
        problems.append(f"{file.name} can't be read: {type(problem).__name__}")
        return ""
    text = re.sub(r"\A\ufeff?\s*<\?xml [^<>?]*\?>", "", text)
    if len(data) > MAX_BYTES:
        problems.append(f"{file.name} has more than {MAX_BYTES} bytes")
    elif "<!" in text or "<?" in text or "&" in text:
        problems.append(f"{file.name}: comments, declarations, entities and instructions are not allowed")
    else:
        try:
            root = ElementTree.fromstring(text)  # Without declarations it has no entities to expand.
        except ElementTree.ParseError as problem:
            problems.append(f"{file.name} is no XML: {problem}")
            return ""
        found = list(_problems(root))
        problems += [f"{file.name}: {problem}" for problem in dict.fromkeys(found)]
        return "" if found else _written(root, root=True)
    return ""


def of_clients(folder: Path, problems: list[str]) -> dict[str, str]:
    """The logos of clients in a folder, each by the client_id that its name has, percent-encoded. Problems are added.

    Their ids are others than those of the bank's logo, beside which each stands on a page.
    """
    found = {}
    for file in sorted(folder.glob("*.svg")):
        logo = safe(file, problems).replace('id="logo-', 'id="client-').replace("url(#logo-", "url(#client-")
        found[unquote(file.stem)] = logo
    return found


def _problems(root: ElementTree.Element) -> list[str]:
    found = [] if root.tag == f"{SVG}svg" else ["the root is no svg of http://www.w3.org/2000/svg"]
    found += [] if root.get("viewBox") else ["the root has no viewBox"]
    for element in root.iter():
        name = element.tag.removeprefix(SVG)
        if name not in ELEMENTS or element.tag == name:
            found.append(f"the element {name} is not allowed; there may be {', '.join(sorted(ELEMENTS))}")
            continue
        if (element.text or "").strip() or (element.tail or "").strip():
            found.append(f"{name} has a text, which is not allowed: make paths of it")
        for attribute, value in element.attrib.items():
            if attribute not in ATTRIBUTES | LEFT_OUT:
                found.append(f"{name}: the attribute {attribute} is not allowed")
            elif attribute == "id" and not ID.fullmatch(value):
                found.append(f"{name}: the id must begin with logo- and have lower-case letters, digits and hyphens")
            elif not VALUE.fullmatch(value) or ("url" in value.lower() and not REFERENCE.fullmatch(value)):
                found.append(f"{name}: the value of {attribute} is not allowed")
    return found


def _written(element: ElementTree.Element, *, root: bool = False) -> str:
    name = element.tag.removeprefix(SVG)
    left_out = LEFT_OUT | OF_THE_ROOT if root else LEFT_OUT
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in element.attrib.items() if key not in left_out)
    inner = "".join(_written(child) for child in element)
    focusable = ' focusable="false"' if root else ""
    return f"<{name}{focusable}{attributes}>{inner}</{name}>"
