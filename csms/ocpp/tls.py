"""TLS as OCPP wants it of a central system (security whitepaper §3.5, OCPP 2.0.1 Part 2 A00.FR.301–329)."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

FORWARD_SECRET: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
REQUIRED_WITHOUT_FORWARD_SECRECY: Final = ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which `ssl` has no name."""


def server_context(
    chains: Sequence[tuple[Path, Path]], client_roots: str | None = None, *, rsa_key_exchange: bool = True
) -> ssl.SSLContext:
    """Build the context of a station listener; raises OSError or ssl.SSLError when a file cannot be used.

    `chains` are (certificate chain, key) files, one RSA and one ECDSA to serve both kinds of station. With
    `client_roots` (PEM) a client certificate is asked for, and must come from one of them if one is given; whether
    one is needed, and whether it is valid today, is for the gate to say, which knows a station that is to renew. An
    authority among them is believed without its own root. The standard wants the two RSA key exchange suites to be
    offered.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    suites = FORWARD_SECRET + (REQUIRED_WITHOUT_FORWARD_SECRECY if rsa_key_exchange else ())
    context.set_ciphers(":".join(suites))
    for chain, key in chains:
        context.load_cert_chain(chain, key)
    if client_roots:
        context.load_verify_locations(cadata=client_roots)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0  # a resumed session has lost the chain that the gate looks at
    return context
