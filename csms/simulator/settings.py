"""How a simulated station behaves on the wire; what it does there is the plan's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StationSettings:
    """What a station is, and its timeouts, retries and checks; seconds are those of Trio's clock."""

    seed: str = "0"
    connectors: int = 1
    vendor: str = "Simulated"
    model: str = "Station"
    samples: int = 8  # most values in one MeterValues
    hardware_limit_w: float = 22080.0  # what one connector can give: 3 phases, 32 A
    charge_s: float = 3600.0  # how long a charge lasts that the CSMS started, in the station's time
    call_timeout_s: float = 30.0
    check: bool = True  # compare what the CSMS sends with the standard's schemas
    reconnect: bool = True  # come back by itself when the connection is lost
    reconnect_first_s: float = 1.0
    reconnect_cap_s: float = 30.0
    reconnect_tries: int = 20
    restart_s: float = 1.0  # how long a reset keeps the station away
    boot_on_reconnect: bool = True
    boot_tries: int | None = None  # give up when the registration is not accepted after so many; None: never
    tx_start_point: str = "PowerPathClosed"  # OCPP 2.0.1: TxCtrlr.TxStartPoint, a comma list
    tx_stop_point: str = "EVConnected,Authorized"  # OCPP 2.0.1: TxCtrlr.TxStopPoint, a comma list
    transfers: bool = False  # whether files really go over HTTP, or only the story of it is told
    report_items: int = 20  # OCPP 2.0.1: most variables in one NotifyReport
