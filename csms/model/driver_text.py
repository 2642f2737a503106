"""Texts for drivers: what a tariff says of itself, in the language a driver reads (OCPI 2.2.1 §11.3; 2.0.1 I01)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from csms.model.tariff import DisplayText


@dataclass(frozen=True, slots=True)
class PersonalMessage:
    """What a station shows to one driver."""

    content: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateCost:
    """Have a station show what a running transaction costs by now (2.0.1 I02), VAT included where it is known."""

    ocpp_id: str
    total_cost: Decimal


def fitting(texts: Sequence[DisplayText], language: str | None) -> PersonalMessage | None:
    """Return the text in a driver's language: the very same, else another variety of it (de for de-AT).

    Of a driver whose language nobody knows only a tariff with one text has something to say.
    """
    if language is None:
        return _message(texts[0]) if len(texts) == 1 else None
    wanted = language.casefold()
    for same in (_whole, _main):
        for text in texts:
            if same(text.language) == same(wanted):
                return _message(text)
    return None


def _message(text: DisplayText) -> PersonalMessage:
    return PersonalMessage(text.text, text.language)


def _whole(language: str) -> str:
    return language.casefold()


def _main(language: str) -> str:
    return language.casefold().replace("_", "-").partition("-")[0]
