"""Tariffs: what a charge costs, as an OCPI 2.2.1 Tariff object says it (§11.3, §11.4).

Reading and writing them as JSON is `tariff_document`, doubts about one are `tariff_review`, applying one is
`pricing`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from csms.model.restriction import ReservationRestriction, Restrictions


class Dimension(StrEnum):
    """What a price component prices (TariffDimensionType): kWh, hours, or once."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class TariffType(StrEnum):
    """Which sessions a tariff is for (§11.4.7)."""

    AD_HOC_PAYMENT = "AD_HOC_PAYMENT"
    PROFILE_CHEAP = "PROFILE_CHEAP"
    PROFILE_FAST = "PROFILE_FAST"
    PROFILE_GREEN = "PROFILE_GREEN"
    REGULAR = "REGULAR"


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of money; `incl_vat` is None where no VAT applies or it is not said (§16.5)."""

    excl_vat: Decimal
    incl_vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """Price of one dimension per kWh, per hour or once, excluding VAT.

    `vat` is a percentage; None means not applicable, which is not the same as 0. `step_size` is in Wh or
    seconds.
    """

    type: Dimension
    price: Decimal
    step_size: int
    vat: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TariffElement:
    """Price components that share restrictions."""

    price_components: tuple[PriceComponent, ...]
    restrictions: Restrictions | None = None

    @property
    def reservation(self) -> ReservationRestriction | None:
        """Which kind of reservation the element prices; None: charging sessions."""
        return None if self.restrictions is None else self.restrictions.reservation


@dataclass(frozen=True, slots=True)
class DisplayText:
    """A text in one language (ISO 639-1)."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Tariff:
    """One tariff. `energy_mix` is kept as it came: nothing here looks into it."""

    country_code: str
    party_id: str
    id: str
    currency: str
    elements: tuple[TariffElement, ...]
    last_updated: datetime
    type: TariffType | None = None
    tariff_alt_text: tuple[DisplayText, ...] = ()
    tariff_alt_url: str | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None
    energy_mix: Mapping[str, Any] | None = None

    def __hash__(self) -> int:
        """Hash the identity and version, which is cheap; equality still compares everything."""
        return hash((self.country_code, self.party_id, self.id, self.last_updated, len(self.elements)))

    def valid_at(self, moment: datetime) -> bool:
        """Tell whether a session that starts at `moment` may use this tariff."""
        if self.start_date_time is not None and moment < self.start_date_time:
            return False
        return self.end_date_time is None or moment <= self.end_date_time


def choose(
    tariffs: Iterable[Tariff], started_at: datetime, wanted: TariffType = TariffType.REGULAR
) -> Tariff | None:
    """Return the tariff of a session that starts at `started_at`, None where none applies.

    Among the tariffs valid then, the first of the wanted type wins, else the first without a type: that one
    is valid for all sessions.
    """
    valid = [tariff for tariff in tariffs if tariff.valid_at(started_at)]
    for type_ in (wanted, None):
        for tariff in valid:
            if tariff.type is type_:
                return tariff
    return None
