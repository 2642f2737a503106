"""OCPP 2.0.1: Plug & Charge, what the version adds to csms.ocpp.contracts."""

from typing import Any

from csms.ocpp.contracts import Judged
from csms.ocpp.v201.translate import id_token_info


def authorize_answer(judged: Judged) -> dict[str, Any]:
    """AuthorizeResponse."""
    answer: dict[str, Any] = {"idTokenInfo": id_token_info(judged.authorization)}
    return answer | ({"certificateStatus": judged.status.value} if judged.status else {})
