"""From a claimed row to the text and the buttons that go out."""

from __future__ import annotations

from dataclasses import dataclass

from outreach import copies
from outreach.campaigns import QUESTIONS
from outreach.messenger import Button, Buttons, Render
from outreach.outbox import Claimed

STOP_OFFERS = "offers.stop"
COUPON_QR = "coupon.qr"


@dataclass(frozen=True, slots=True)
class Words:
    """How rows become words: ``render`` for texts, ``label`` for buttons, and the chain's language."""

    render: Render
    label: Render
    locale: str

    def of(self, row: Claimed) -> tuple[str, Buttons]:
        """Text and buttons. Raises what the templates raise; an empty text is not worth sending."""
        locale = row.locale or self.locale
        if not row.template and locale not in row.copies:  # nothing shipped, and nothing in their language
            locale = next((each for each in (self.locale, *row.copies) if each in row.copies), locale)
        edited = row.copies.get(locale)
        if edited is None:
            text = self.render(row.template, locale, row.facts).strip()
        else:
            text = copies.render(edited, locale, copies.values_of(row.facts, locale))
        return text, self._buttons(row, locale)

    def _buttons(self, row: Claimed, locale: str) -> Buttons:
        question = row.facts.get("asks")
        rows = [
            [Button(self.label(f"{question}.{said}", locale, {}), f"{question}:{said}:{row.id}")]
            for said in QUESTIONS.get(question or "", ())
        ]
        coupon = row.facts.get("coupon")
        if coupon:
            rows.append([Button(self.label("coupon.qr", locale, {}), f"{COUPON_QR}:{coupon['code']}")])
        if row.kind == "marketing":
            rows.append([Button(self.label("outreach.stop_offers", locale, {}), STOP_OFFERS)])
        return rows
