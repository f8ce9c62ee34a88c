"""The buttons of the consent page that tick all boxes of a question, or none. They decide nothing: the page is shown again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.authorization_details.detail_type import Shown
from chalicelib.interaction.decision import BOX_ACTION


def pressed(form: Mapping[str, str], details: Sequence[Shown]) -> Mapping[str, str]:
    """The fields of the form after the button that was pressed, if it was one of these."""
    found = BOX_ACTION.fullmatch(form.get("action", ""))
    if found is None or int(found[2]) >= len(details) or int(found[3]) >= len(details[int(found[2])].questions):
        return form
    question = details[int(found[2])].questions[int(found[3])]
    if question.one:
        return form
    boxes = {choice.field: choice.value for choice in question.choices}
    others = {name: value for name, value in form.items() if name not in boxes}
    return others | boxes if found[1] == "all" else others
