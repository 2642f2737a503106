"""OCPP 2.0.1, block C: contract certificates of Plug & Charge (C07)."""

from dataclasses import dataclass

from csms.services.pnc_policy import PncPolicy
from csms.services.unit import Policy
from tests.conformance.cases import case
from tests.conformance.responder import Responder, hash_data, open_responder
from tests.conformance.site import Site
from tests.conformance.v201.station import Station201, token
from tests.pki import papers
from tests.pki.papers import Paper
from tests.wire.station import Payload

EMAID = "DEDEPC12345678X"
CONTRACT = token(EMAID, "eMAID")


@dataclass
class Contract:
    """A contract certificate below the root of its mobility operator."""

    root: Paper
    operator: Paper
    leaf: Paper


async def _contract(site: Site, responder: Responder) -> Contract:
    """Issue a contract, trust its operator, and let responders of this machine be asked."""
    root = papers.certify("MO root", ca=True)
    operator = papers.certify("MO operator", root, ca=True, ocsp_url=responder.url)
    leaf = papers.certify(EMAID, operator, ocsp_url=responder.url)
    await site.verb("trust.add", store_name="mo", pem=root.pem)
    await site.verb("trust.add", store_name="mo", pem=operator.pem)
    await site.verb("token.add", uid=EMAID, type="eMAID")
    site.csms.unit.policy = Policy(pnc=PncPolicy(ocsp_private=True))
    responder.say(operator, root)
    responder.say(leaf, operator)
    return Contract(root, operator, leaf)


def _hashes(contract: Contract, responder: Responder) -> list[Payload]:
    return [
        hash_data(contract.leaf, contract.operator, responder.url),
        hash_data(contract.operator, contract.root, responder.url),
    ]


async def _charges(site: Site, station: Station201) -> None:
    """Charge for the contract from beginning to end."""
    await station.authorized(CONTRACT, ask=False)
    await station.energy_transfer_started()
    await station.stop_authorized(CONTRACT)
    await station.ev_disconnected(end=True)
    [shown] = await site.transactions(station)
    assert (shown["state"], shown["idToken"], shown["energyWh"]) == ("ENDED", EMAID, 5000)


@case("TC_C_50_CSMS")
async def test_tc_c_50_the_station_has_checked_the_chain(site: Site) -> None:
    async with open_responder() as responder:
        contract = await _contract(site, responder)
        station = await site.station201()
        answer = await station.authorize(CONTRACT, iso15118CertificateHashData=_hashes(contract, responder))
        assert (answer["idTokenInfo"]["status"], answer["certificateStatus"]) == ("Accepted", "Accepted")
        assert contract.leaf.certificate.serial_number in responder.asked
        await _charges(site, station)


@case("TC_C_51_CSMS")
async def test_tc_c_51_the_contract_is_revoked(site: Site) -> None:
    async with open_responder() as responder:
        contract = await _contract(site, responder)
        responder.say(contract.leaf, contract.operator, revoked=True)
        station = await site.station201()
        answer = await station.authorize(CONTRACT, iso15118CertificateHashData=_hashes(contract, responder))
        assert (answer["idTokenInfo"]["status"], answer["certificateStatus"]) == (
            "Invalid",
            "CertificateRevoked",
        )
        assert await site.transactions(station) == []


@case("TC_C_52_CSMS")
async def test_tc_c_52_the_whole_chain_is_checked_here(site: Site) -> None:
    async with open_responder() as responder:
        contract = await _contract(site, responder)
        station = await site.station201()
        answer = await station.authorize(CONTRACT, certificate=contract.leaf.pem + contract.operator.pem)
        assert (answer["idTokenInfo"]["status"], answer["certificateStatus"]) == ("Accepted", "Accepted")
        assert contract.leaf.certificate.serial_number in responder.asked
        await _charges(site, station)
        stranger = papers.certify(EMAID, papers.certify("Nobody's root", ca=True))
        answer = await station.authorize(CONTRACT, certificate=stranger.chain)
        assert (answer["idTokenInfo"]["status"], answer["certificateStatus"]) == ("Invalid", "CertChainError")
