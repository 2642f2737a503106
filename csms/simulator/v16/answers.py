"""★ All 26 actions that a CSMS sends to a 1.6 station, one row each."""

from collections.abc import Callable
from typing import Final

from csms.simulator.frames import Payload
from csms.simulator.v16 import answers_core as core
from csms.simulator.v16 import answers_features as features
from csms.simulator.v16 import answers_maintenance as maintenance
from csms.simulator.v16 import answers_security as security
from csms.simulator.v16.device import Device16

ANSWERS: Final[dict[str, Callable[[Device16, Payload], Payload]]] = {
    "CancelReservation": features.cancel_reservation,
    "CertificateSigned": security.certificate_signed,
    "ChangeAvailability": core.change_availability,
    "ChangeConfiguration": core.change_configuration,
    "ClearCache": core.clear_cache,
    "ClearChargingProfile": features.clear_charging_profile,
    "DataTransfer": core.data_transfer,
    "DeleteCertificate": security.delete_certificate,
    "ExtendedTriggerMessage": core.extended_trigger_message,
    "GetCompositeSchedule": features.get_composite_schedule,
    "GetConfiguration": core.get_configuration,
    "GetDiagnostics": maintenance.get_diagnostics,
    "GetInstalledCertificateIds": security.get_installed_certificate_ids,
    "GetLocalListVersion": features.get_local_list_version,
    "GetLog": maintenance.get_log,
    "InstallCertificate": security.install_certificate,
    "RemoteStartTransaction": core.remote_start,
    "RemoteStopTransaction": core.remote_stop,
    "ReserveNow": features.reserve_now,
    "Reset": core.reset,
    "SendLocalList": features.send_local_list,
    "SetChargingProfile": features.set_charging_profile,
    "SignedUpdateFirmware": maintenance.signed_update_firmware,
    "TriggerMessage": core.trigger_message,
    "UnlockConnector": core.unlock_connector,
    "UpdateFirmware": maintenance.update_firmware,
}
