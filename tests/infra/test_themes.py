"""A bank's theme: what is taken, what is refused and in which words, and what of it is packaged."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from chalicelib import language, vocabulary
from chalicelib.pages.frame import Frame, client_logo, client_logo_file
from ducat_cdk import catalogues, logos, package, themes
from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.settings import deployment_of
from ducat_cdk.themes import ThemeError
from local.run import worn
from tests.infra.template import environment_of
from tests.users.every_page import every_page

CORAL = Path("local") / "brands" / "coral"
SHAPES = "http://www.w3.org/2000/svg"


@pytest.fixture
def folder(tmp_path):
    """A function: files of a theme by name, as text or as JSON, to their folder."""

    def made(**files):
        made_at = tmp_path / "theme"
        made_at.mkdir(exist_ok=True)
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (made_at / name.replace("_", ".")).write_text(text, encoding="utf-8")
        return made_at

    return made


def test_the_sandboxs_second_brand_is_a_theme():
    files = themes.compiled(CORAL)
    apps = {client_logo_file(client_id) for client_id in ("rent-scout", "pocket-ledger")}
    assert set(files) == {"de.json", "names.json", "theme.json", *apps}
    made = json.loads(files["theme.json"])
    assert "--accent: #a8321a;" in made["style"]
    assert made["logo"].startswith('<svg focusable="false" viewBox="0 0 48 48">')
    assert made["links"]["help"] == {"": "https://coral.example/help", "de": "https://coral.example/de/hilfe"}
    assert json.loads(files["de.json"])["texts"]["Help"] == "Hilfe und Kontakt"


def test_the_logo_of_a_client_is_checked_and_shown_beside_the_banks(folder, tmp_path):
    """By its client_id, which may have any character. What is no safe drawing stops the deployment, as for the bank's logo."""
    made = folder(theme_json={}, logo_svg=f'<svg xmlns="{SHAPES}" viewBox="0 0 9 9"><g id="logo-a"/></svg>')
    drawn = f'<svg xmlns="{SHAPES}" viewBox="0 0 9 9"><g id="logo-a"/><rect fill="url(#logo-a)"/></svg>'
    (made / "clients").mkdir()
    for name in ("penny", "https%3A%2F%2Fpenny.example%2F"):
        (made / "clients" / f"{name}.svg").write_text(drawn)
    themes.write(made, tmp_path / "worn")
    worn_frame = Frame("Bank", theme=str(tmp_path / "worn"))
    shown = every_page(worn_frame)["consent"].body
    assert shown.count("<svg") == 2
    assert (shown.count('id="logo-a"'), shown.count('id="client-a"'), shown.count("url(#client-a)")) == (1, 1, 1)
    assert client_logo(worn_frame.theme, "https://penny.example/").startswith("<svg")
    assert client_logo(worn_frame.theme, "another") == client_logo(None, "penny") == ""
    for wrong in ("<svg/>", drawn.replace("<g", "<script/><g"), drawn.replace("#logo-a)", "https://a.example/)")):
        (made / "clients" / "penny.svg").write_text(wrong)
        with pytest.raises(ThemeError, match=r"penny\.svg"):
            themes.compiled(made)


def test_the_librarys_own_colours_have_the_contrast_that_is_asked_of_a_theme():
    for scheme, colours in themes.defaults().items():
        assert len(colours) == 12
        low = [pair for pair in themes.PAIRS if themes.contrast(colours[pair[0]], colours[pair[1]]) < pair[2]]
        assert (scheme, low) == (scheme, [])


def test_a_contrast_is_that_of_the_guidelines():
    assert themes.contrast("#000000", "#ffffff") == 21
    assert round(themes.contrast("#777777", "#ffffff"), 2) == 4.48  # known to be just too little


def test_each_pair_that_can_not_be_read_is_named_with_its_scheme_and_its_contrast(folder):
    colours = {"light": {"accent": "#ffcc00"}, "dark": {"ink": "#17212b"}}
    with pytest.raises(ThemeError) as refused:
        themes.compiled(folder(theme_json={"colours": colours}))
    said = str(refused.value)
    assert (
        "colours: light: on-accent #ffffff on accent #ffcc00 has a contrast of 1.51 to 1; at least 4.5 is needed"
        in said
    )
    assert "colours: light: accent #ffcc00 on card #ffffff" in said
    assert "colours: dark: ink #17212b on card #17212b has a contrast of 1.00 to 1" in said
    assert "trouble" not in said


def test_a_light_colour_leaves_the_dark_scheme_as_it_is(folder):
    style = json.loads(themes.compiled(folder(theme_json={"colours": {"light": {"accent": "#7a1220"}}}))["theme.json"])
    light, dark = style["style"].split("@media (prefers-color-scheme: dark)")
    assert "--accent: #7a1220;" in light
    assert "--accent: #8fcbf0;" in dark


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"colors": {}}, "colors is none of colours, fonts, links"),
        ({"colours": {"night": {}}}, "colours must be an object of light and dark"),
        ({"colours": {"light": {"accent": "red"}}}, "light: accent red is no colour such as #0b4a6e"),
        ({"colours": {"light": {"accent": "#0b4a6e;} body {display:none"}}}, "is no colour"),
        ({"colours": {"light": {"accents": "#0b4a6e"}}}, "accents #0b4a6e is no colour"),
        ({"colours": {"light": ["accent"]}}, "colours: light must be an object"),
        ({"fonts": ['x"; } *{'], "links": {}}, "fonts must be at most 8 names"),
        ({"fonts": "Inter"}, "fonts must be"),
        ({"links": {"help": "http://bank.example"}}, "help must be an https address"),
        ({"links": {"help": "javascript:alert(1)"}}, "help must be an https address"),
        ({"links": {"help#": "https://bank.example"}}, "help# is none of help, complaints, legal"),
        ({"links": {"shop": "https://bank.example"}}, "shop is none of"),
        ({"links": []}, "links must be an object"),
        ([], "is no JSON object"),
        ("{", "theme.json"),
        ('{"links": {}, "links": {}}', "links"),
    ],
)
def test_what_no_page_could_use_is_refused_by_name(folder, settings, problem):
    with pytest.raises(ThemeError, match=re.escape(problem)):
        themes.compiled(folder(theme_json=settings))


def svg(inner="", attributes='viewBox="0 0 1 1"', before=""):
    return f'{before}<svg xmlns="{SHAPES}" {attributes}>{inner}</svg>'


@pytest.mark.parametrize(
    ("logo", "problem"),
    [
        (svg("<script>alert(1)</script>"), "the element script is not allowed"),
        (svg('<path d="M0 0" onclick="alert(1)"/>'), "the attribute onclick is not allowed"),
        (svg('<path d="M0 0" style="fill:red"/>'), "the attribute style is not allowed"),
        (svg('<path d="M0 0" class="yes"/>'), "the attribute class is not allowed"),
        (svg('<path id="approve" d="M0 0"/>'), "the id must begin with logo-"),
        (svg('<image href="https://evil.example/x.png"/>'), "the element image is not allowed"),
        (svg('<use href="#logo-x"/>'), "the element use is not allowed"),
        (svg("<foreignObject><p>x</p></foreignObject>"), "the element foreignObject is not allowed"),
        (svg('<a href="https://evil.example"><path d="M0 0"/></a>'), "the element a is not allowed"),
        (svg('<animate attributeName="href"/>'), "the element animate is not allowed"),
        (svg('<rect fill="url(https://evil.example/x)"/>'), "the value of fill is not allowed"),
        (svg('<rect fill="url(#approve)"/>'), "the value of fill is not allowed"),
        (svg("<g>Text</g>"), "has a text"),
        (svg("<![CDATA[x]]>"), "not allowed"),
        (svg("<!-- x -->"), "comments"),
        (svg("", before='<!DOCTYPE svg [<!ENTITY a "aaaa">]>'), "declarations"),
        (svg("&a;"), "entities"),
        (svg("", before='<?xml-stylesheet href="https://evil.example"?>'), "instructions"),
        (svg("", attributes=""), "no viewBox"),
        (f'<svg viewBox="0 0 1 1"><g xmlns="{SHAPES}"/></svg>', "no svg of"),
        (svg("<g>" * 5), "is no XML"),
        (svg('<path d="' + "M0 0" * 3000 + '"/>'), "more than 8192 bytes"),
        ("\udcff".encode("utf-8", "surrogateescape"), "can't be read"),
    ],
)
def test_a_logo_that_could_do_more_than_be_seen_is_refused(tmp_path, logo, problem):
    file = tmp_path / "logo.svg"
    file.write_bytes(logo if isinstance(logo, bytes) else logo.encode())
    problems = []
    assert logos.safe(file, problems) == ""
    assert problem in "; ".join(problems)


def test_a_logo_is_written_anew_of_what_was_understood(tmp_path):
    file = tmp_path / "logo.svg"
    file.write_text('<?xml version="1.0"?>\n' + svg('<path d="M0 0\n" fill="#fff"/>', 'viewBox="0 0 1 1" width="9"'))
    assert logos.safe(file, []) == (
        '<svg focusable="false" viewBox="0 0 1 1"><path d="M0 0 " fill="#fff"></path></svg>'
    )


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def po(texts, head='"Content-Type: text/plain; charset=utf-8\\n"\n'):
    entries = "".join(f"\nmsgid {quoted(k)}\nmsgstr {quoted(v)}\n" for k, v in texts.items())
    return f'msgid ""\nmsgstr ""\n{head}{entries}'


def whole(tag, change):
    """A .po of every text, each changed. The texts are those of the template, which tests/users/test_languages.py compares."""
    with (catalogues.FOLDER / catalogues.TEMPLATE).open("rb") as file:
        template = list(read_po(file))
    plural = [one for one in template if one.pluralizable]
    texts = {one.id: change(one.id) for one in template if one.id and one not in plural}
    forms = "".join(
        f"\nmsgid {quoted(one.id[0])}\nmsgid_plural {quoted(one.id[1])}\n"
        + "".join(f"msgstr[{n}] {quoted(change(one.id[1]))}\n" for n in range(2))
        for one in plural
    )
    head = '"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
    return po(texts, head) + forms


def test_a_bank_adds_a_language_by_a_file(folder, tmp_path):
    made = folder(nl_po=whole("nl", lambda text: f"~{text}"))
    themes.write(made, tmp_path / "worn")
    worn = str(tmp_path / "worn")
    assert themes.languages(str(made)) == [*language.names(), "nl"]
    assert language.names(worn)["nl"] == ["Nederlands", "ltr"]
    page = every_page(Frame("Example Bank", "nl", ("en", "nl"), worn))["login"]
    assert '<html lang="nl" dir="ltr">' in page.body
    assert "~Sign in" in page.body
    assert ">Nederlands</a>" in page.body
    assert language.of("nl", worn).money("1234.50", "EUR") == "EUR\u00a01.234,50"
    assert themes.language_problems("nl en", str(made), vocabulary.Vocabulary()) == []


def test_a_text_of_a_language_that_is_there_is_changed_alone(folder, tmp_path):
    themes.write(folder(de_po=po({"Allow": "Zustimmen"})), tmp_path / "worn")
    changed = language.of("de", str(tmp_path / "worn"))
    assert changed.say("Allow") == "Zustimmen"
    assert changed.say("Cancel") == language.of("de").say("Cancel")


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"nl_po": po({"Allow": "Toestaan"})}, " texts have no translation: ', ' and so on"),
        ({"de_po": po({"Alow": "Erlauben"})}, "de.po: no text of the library: 'Alow'"),
        ({"de_po": po({"End access of {client}": "Beenden"})}, "not the values of its English text"),
        ({"de_po": po({"End access of {client}": "{client} {client.x}"})}, "not the values of its English text"),
        ({"de_po": po({"Allow": "{"})}, "not the values of its English text"),
        ({"de_po": po({"Allow": "{0}"})}, "not the values of its English text"),
        ({"pl_po": whole("pl", lambda text: f"~{text}")}, "its language has 3 plural forms: Once a day"),
        ({"qqq_po": po({})}, "qqq is no language of CLDR"),
        ({"de_po": "nonsense"}, "de.po can't be read"),
    ],
)
def test_a_catalogue_that_lacks_texts_or_does_not_fit_is_refused(folder, files, problem):
    with pytest.raises(ThemeError, match=re.escape(problem)):
        themes.compiled(folder(**files))


SANDBOX = str(Path("local") / "vocabulary.json")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"languages": "en xx"}, "xx is neither of the library"),
        ({"languages": ""}, "languages must be tags"),
        ({"languages": "de de"}, "each once"),
        ({"theme": "/no/such/folder"}, "theme: /no/such/folder is no folder"),
    ],
)
def test_the_settings_say_what_is_wrong_with_languages_and_theme(settings, problem):
    with pytest.raises(DeploymentError, match=re.escape(problem)):
        deployment_of(settings)


def test_a_vocabulary_without_a_language_that_is_offered_is_refused_before_anything_is_deployed(tmp_path):
    assert deployment_of({"vocabulary": SANDBOX}).vocabulary == SANDBOX
    own = json.loads(Path(SANDBOX).read_text())
    del own["claims"][0]["words#fr"]
    (tmp_path / "own.json").write_text(json.dumps(own))
    with pytest.raises(DeploymentError, match="no translation to fr of 'first day as a customer'"):
        deployment_of({"vocabulary": str(tmp_path / "own.json")})
    assert deployment_of({"vocabulary": str(tmp_path / "own.json"), "languages": "de en"}).languages == "de en"


def test_the_package_has_the_compiled_theme_and_none_of_its_sources(tmp_path):
    package.stage(tmp_path / "code", None, theme=str(CORAL))
    worn = tmp_path / "code" / package.THEME
    assert {file.name for file in worn.iterdir()} == set(themes.compiled(CORAL))
    assert {file.suffix for file in worn.iterdir()} == {".json"}
    assert not list((tmp_path / "code").rglob("*.po*"))


def test_make_run_wears_a_theme_and_offers_its_languages(folder, tmp_path):
    settings = worn(folder(nl_po=whole("nl", lambda text: f"~{text}")), tmp_path / "kept")
    assert settings["languages"].split() == [*language.names(), "nl"]
    assert language.of("nl", settings["theme"]).say("Cancel") == "~Cancel"


def test_the_functions_are_told_of_the_theme_and_the_languages():
    given = environment_of(Deployment(theme=str(CORAL), languages="de en"))
    assert (given["DUCAT_THEME"], given["DUCAT_LANGUAGES"]) == (package.THEME, "de en")
    assert "DUCAT_THEME" not in environment_of(Deployment())
