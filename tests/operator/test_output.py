"""What the command prints of what others wrote."""

import json

from ducat_admin import output

WRITTEN = "Bank \x1b[31m\x9b1m\u202e\r\x07 Ü"


def test_no_character_that_a_terminal_acts_on_is_printed(ducat, capsys):
    for as_json in (False, True):
        output.rows([{"name": WRITTEN}], ["name"], as_json=as_json, none="")
        output.one({"name": [WRITTEN]}, as_json=as_json)
        output.done(WRITTEN, as_json=as_json, name=WRITTEN)
    printed = capsys.readouterr().out
    assert "Bank" in printed
    assert "Ü" in printed
    assert all(one.isprintable() for one in printed.replace("\n", ""))
    assert json.loads(output.as_text(WRITTEN)) == WRITTEN
    wrong = ducat.run("client", "show", WRITTEN, status=1, styled=True)
    assert all(one.isprintable() for one in wrong.replace("\n", ""))
