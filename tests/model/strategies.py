"""Random tariffs and charges for property tests, all on a grid of half minutes and 100 Wh."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from csms.model.charge_curve import ChargeCurve, Interval, MeterPoint, Reservation
from csms.model.restriction import DayOfWeek
from tests.model.samples import at

GRID = timedelta(seconds=30)
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe")
STARTS = ("2026-03-01T10:00", "2026-03-28T23:00", "2026-10-24T22:10", "2026-04-04T13:30", "2026-02-28T19:45")
STEP_SIZES = st.sampled_from([0, 1, 30, 250, 900])
PRICES = ("0", "0.25", "1.1", "2", "7.07")


@dataclass(frozen=True)
class Charge:
    """A charge as steps of half a minute: (parked, Wh, power in W or None); reserved steps lie before the first."""

    started_at: str
    steps: tuple[tuple[bool, int, int | None], ...]
    reserved: int = 0

    def curve(self) -> ChargeCurve:
        """Return it as a meter curve with a point at each step."""
        start = at(self.started_at)
        points, energy = [], 0
        for index, (_, wh, power_w) in enumerate(self.steps):
            points.append(MeterPoint(start + index * GRID, energy, power_w))
            energy += wh
        end = start + len(self.steps) * GRID
        points.append(MeterPoint(end, energy))
        parking = [
            Interval(start + index * GRID, start + (index + 1) * GRID)
            for index, (parked, _, _) in enumerate(self.steps)
            if parked
        ]
        reservation = Reservation(start - self.reserved * GRID, start) if self.reserved else None
        return ChargeCurve(start, end, points, parking, reservation)


def clock_times() -> st.SearchStrategy[str]:
    """Times of day on whole minutes, crowded around the hours at which charges happen and clocks are changed."""
    near = st.sampled_from(["00:00", "01:30", "02:00", "02:30", "03:00", "23:30", "10:10", "11:00"])
    return near | st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))


RESTRICTIONS: dict[str, st.SearchStrategy[Any]] = {
    "start_time": clock_times(),
    "end_time": clock_times(),
    "start_date": st.sampled_from(["2026-03-01", "2026-03-29", "2026-10-25", "2026-04-05"]),
    "end_date": st.sampled_from(["2026-03-01", "2026-03-29", "2026-10-26", "2026-04-06"]),
    "day_of_week": st.lists(
        st.sampled_from([str(day) for day in DayOfWeek]), min_size=1, max_size=6, unique=True
    ),
    "min_duration": st.integers(0, 60).map(lambda n: n * 30),
    "max_duration": st.integers(0, 60).map(lambda n: n * 30),
    "min_kwh": st.integers(0, 30).map(lambda n: n / 10),
    "max_kwh": st.integers(0, 30).map(lambda n: n / 10),
    "min_power": st.sampled_from([1, 6, 12, 13]),
    "max_power": st.sampled_from([1, 6, 12, 13]),
}


@st.composite
def components(draw: st.DrawFn, types: tuple[str, ...], steps: st.SearchStrategy[int]) -> dict[str, Any]:
    """One price component; prices are never negative."""
    return {
        "type": draw(st.sampled_from(types)),
        "price": float(draw(st.sampled_from(PRICES))),
        "step_size": draw(steps),
        "vat": draw(st.sampled_from([None, 0, 7.5, 20])),
    }


@st.composite
def elements(
    draw: st.DrawFn,
    types: tuple[str, ...] = ("ENERGY", "TIME", "PARKING_TIME", "FLAT"),
    names: tuple[str, ...] = tuple(RESTRICTIONS),
    steps: st.SearchStrategy[int] = STEP_SIZES,
    reservations: bool = True,
) -> dict[str, Any]:
    """One tariff element with up to two restrictions."""
    parts = draw(st.lists(components(types, steps), min_size=1, max_size=3))
    chosen = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    restrictions = {name: draw(RESTRICTIONS[name]) for name in chosen}
    if reservations and draw(st.integers(0, 5)) == 0:
        restrictions["reservation"] = draw(st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"]))
    return {"price_components": parts, "restrictions": restrictions}


def charges(sampled: bool = True) -> st.SearchStrategy[Charge]:
    """Charges of up to two hours around changes of clock and date."""
    power = st.sampled_from([None, 5_999, 6_000, 12_999]) if sampled else st.none()
    step = st.tuples(st.booleans(), st.sampled_from([0, 100]), power)
    runs = st.lists(st.tuples(step, st.integers(1, 40)), min_size=1, max_size=6)
    steps = runs.map(lambda found: tuple(step for step, times in found for _ in range(times)))
    return st.builds(Charge, st.sampled_from(STARTS), steps, st.sampled_from([0, 0, 7, 30]))
