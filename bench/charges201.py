"""What a charging station says in OCPP 2.0.1 during whole charges, as ready text."""

SAMPLES = (
    '{"value":%d,"context":"Sample.Periodic","unitOfMeasure":{"unit":"Wh"}},'
    '{"value":10943.5,"measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}},'
    '{"value":15.9,"measurand":"Current.Import","phase":"L1","unitOfMeasure":{"unit":"A"}},'
    '{"value":15.8,"measurand":"Current.Import","phase":"L2","unitOfMeasure":{"unit":"A"}},'
    '{"value":16.0,"measurand":"Current.Import","phase":"L3","unitOfMeasure":{"unit":"A"}},'
    '{"value":229.7,"measurand":"Voltage","phase":"L1-N","unitOfMeasure":{"unit":"V"}},'
    '{"value":230.1,"measurand":"Voltage","phase":"L2-N","unitOfMeasure":{"unit":"V"}},'
    '{"value":54,"measurand":"SoC","unitOfMeasure":{"unit":"Percent"}}'
)
BOOT = '{"reason":"PowerUp","chargingStation":{"vendorName":"Bench","model":"One","firmwareVersion":"1.0"}}'
_TOKEN = '"idToken":{"idToken":"BENCH","type":"ISO14443"}'
AUTHORIZE = "{" + _TOKEN + "}"
UPDATES = 5


def charge(transaction: str, meter: int, moments: list[str]) -> list[str]:
    """Return the payloads of the TransactionEvents of a charge of 600 Wh: Started, 5 Updated, Ended."""
    found = []
    for number, at in enumerate(moments):
        kind, trigger, more = "Updated", "MeterValuePeriodic", ""
        if number == 0:
            kind, trigger, more = "Started", "Authorized", f",{_TOKEN}"
        elif number == UPDATES + 1:
            kind, trigger = "Ended", "EVDeparted"
        found.append(
            f'{{"eventType":"{kind}","timestamp":"{at}","triggerReason":"{trigger}","seqNo":{number},'
            f'"transactionInfo":{{"transactionId":"{transaction}","chargingState":"Charging"}},'
            f'"evse":{{"id":1,"connectorId":1}},"meterValue":[{{"timestamp":"{at}",'
            f'"sampledValue":[{SAMPLES % (meter + number * 100)}]}}]{more}}}'
        )
    return found
