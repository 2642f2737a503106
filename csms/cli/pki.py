"""csms pki: certificate authorities, certificates of servers and stations, revocation, the change of the root."""

import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from csms.cli import pki_key, pki_trust
from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    out,
    print_json,
    print_pairs,
    print_table,
    run,
    session,
    show,
    when,
)
from csms.cli._pem import read_pem, write_pem
from csms.errors import InvalidInput
from csms.model.certificate import RevocationReason

app = typer.Typer(name="pki", help="Certificates: authorities, servers, stations.", no_args_is_help=True)
app.add_typer(pki_trust.app)
app.add_typer(pki_key.app)

OutOption = typer.Option(None, "--out", help="File to write instead of printing (mode 0600).")
COLUMNS: list[Column] = [
    ("kind", "kind"),
    ("name", lambda c: c["stationId"] or c["commonName"]),
    ("keys", "algorithm"),
    ("state", "state"),
    ("serial number", "serialNumber"),
    ("ends", lambda c: when(c["notAfter"])),
]
AUTHORITIES: list[Column] = [
    ("authority", "role"),
    ("keys", "algorithm"),
    ("root #", "generation"),
    ("state", "state"),
    ("subject", "subject"),
    ("ends", lambda a: when(a["notAfter"])),
    ("key here", "hasKey"),
]


@app.command()
def init(
    ctx: typer.Context,
    organization: str | None = typer.Option(
        None, "--organization", help="The operator as certificates bear it; the tenant's name if absent."
    ),
    host: list[str] = typer.Option([], "--host", help="Name or address that stations use; repeatable."),
    rsa: bool = typer.Option(
        False, "--rsa", help="A second root with RSA keys, for stations that know no other."
    ),
    pkcs1: bool = typer.Option(
        False, "--pkcs1", help="RSA signatures as SHA256withRSA instead of RSASSA-PSS, for old stations."
    ),
    anew: bool = typer.Option(
        False, "--anew", help="Give up the authorities there are: their secret is lost."
    ),
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Make the certificate authorities and the server's certificates; csms init does it already."""
    if anew:
        confirm(yes, "Give up the authorities there are? Stations must be given the new root by hand.")
    from csms import master_key
    from csms.services import pki_policy

    master_key.ensure(pki_policy.key_file(session(ctx).config))
    made = run(
        ctx, "pki.init", organization=organization, hosts=host or own_names(), rsa=rsa, pkcs1=pkcs1, anew=anew
    )
    _show_status(made, json=json)
    if not json:
        out.print("\nListeners with TLS open at the next start of csms serve.")


@app.command()
def status(ctx: typer.Context, json: bool = JsonFlag) -> None:
    """Show the authorities, the server's certificates, and what ends soon."""
    _show_status(run(ctx, "pki.status"), json=json)


@app.command()
def issue(
    ctx: typer.Context,
    host: list[str] = typer.Option([], "--host", help="Names and addresses of this server; repeatable."),
    station: str | None = typer.Option(
        None, "--station", help="A key and certificate for a station instead."
    ),
    common_name: str | None = typer.Option(
        None, "--common-name", help="CN of the station's certificate; its serial number if absent."
    ),
    file: Path | None = OutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Issue new server certificates, or key and certificate for a station that cannot make its own."""
    if bool(host) == bool(station):
        raise InvalidInput("say --host NAME for this server, or --station ID")
    if station is None:
        show(json, run(ctx, "pki.issue", hosts=host), COLUMNS)
        return
    made = run(ctx, "pki.issue-station", station=station, common_name=common_name, tenant=tenant)
    _hand_over(made, made["privateKey"] + made["chain"], file, json=json)


@app.command()
def sign(
    ctx: typer.Context,
    csr: Path = typer.Argument(..., metavar="CSR", help="Certificate signing request in PEM; - for stdin."),
    station: str = typer.Option(..., "--station", help="The station it is for."),
    file: Path | None = OutOption,
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Sign a station's request that you bring, and print the chain."""
    made = run(ctx, "pki.sign", csr=read_pem(csr), station=station, tenant=tenant)
    _hand_over(made, made["chain"], file, json=json)


@app.command()
def renew(
    ctx: typer.Context,
    station: str | None = typer.Option(None, "--station", help="Have this station asked instead."),
    all_below: bool = typer.Option(
        False, "--authorities", help="Also the authorities below the root, whose key must be here."
    ),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Renew the server's certificates now; listeners follow within seconds and close no connection."""
    if station is not None and all_below:
        raise InvalidInput("say --station ID or --authorities, not both")
    if all_below:
        _show_status(run(ctx, "pki.renew-authorities"), json=json)
        return
    if station is None:
        show(json, run(ctx, "pki.renew"), COLUMNS)
        return
    done = run(ctx, "pki.renew-station", station=station, tenant=tenant)
    if json:
        print_json(done)
    else:
        out.print(f"{done['station']} will be asked for a new request")


@app.command()
def revoke(
    ctx: typer.Context,
    certificate: str = typer.Argument(..., help="Serial number, fingerprint or id."),
    reason: RevocationReason = typer.Option(RevocationReason.UNSPECIFIED, "--reason", help="Why (RFC 5280)."),
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Revoke a certificate for good; the revocation list and OCSP say so at once."""
    confirm(yes, f"Revoke certificate {certificate}?")
    done = run(ctx, "pki.revoke", certificate=certificate, reason=reason.value)
    show(json, [done], COLUMNS)


@app.command("list")
def list_(
    ctx: typer.Context,
    station: str | None = typer.Option(None, "--station", help="Only of this station."),
    every: bool = typer.Option(False, "--all", help="Also those that were replaced or revoked."),
    limit: int = typer.Option(1000, "--limit", help="At most so many, the first to end first."),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """List certificates, the first to end first."""
    found = run(ctx, "pki.list", station=station, every=every, limit=limit, tenant=tenant)
    show(json, found, COLUMNS, empty="no certificate: csms pki init", spare=("serial number",))


@app.command()
def crl(
    ctx: typer.Context,
    role: str = typer.Option("station", "--authority", help="root, server or station."),
    keys: str = typer.Option("EC", "--keys", help="EC or RSA."),
    file: Path | None = OutOption,
) -> None:
    """Print the revocation list of an authority as PEM."""
    write_pem(run(ctx, "pki.crl", role=role, algorithm=keys)["pem"], file)


@app.command()
def export(
    ctx: typer.Context,
    chain: bool = typer.Option(False, "--chain", help="Also the authorities below the root."),
    keys: str | None = typer.Option(None, "--keys", help="Only EC or RSA."),
    next: bool = typer.Option(False, "--next", help="The root that a rollover is leading to."),
    file: Path | None = OutOption,
) -> None:
    """Print the root certificate that stations and clients must trust, as PEM."""
    algorithm = keys.upper() if keys else None
    write_pem(run(ctx, "pki.export", chain=chain, algorithm=algorithm, next=next)["pem"], file, mode=0o644)


@app.command()
def rollover(
    ctx: typer.Context,
    status: bool = typer.Option(False, "--status", help="Only show where it stands."),
    force: bool = typer.Option(False, "--force", help="Switch although stations lack the new root."),
    abort: bool = typer.Option(False, "--abort", help="Give up before servers have switched."),
    yes: bool = YesFlag,
    json: bool = JsonFlag,
) -> None:
    """Change the root: each call goes one step on, and says what comes next."""
    now = run(ctx, "pki.rollover-status")
    if not status:
        confirm(yes, "Give up the rollover?" if abort else f"Next step: {now['next']}. Go on?")
        now = run(ctx, "pki.rollover", force=force, abort=abort)
    if json:
        print_json(now)
        return
    if now["state"] is None:
        out.print(f"no rollover is under way; the first step: {now['next']}")
        return
    print_pairs(
        [
            ("state", now["state"]),
            ("root", f"G{now['oldGeneration']} → G{now['newGeneration']}"),
            ("stations with the new root", f"{now['installed']} of {now['stations']}"),
            ("next step", now["next"]),
        ]
    )


def own_names() -> list[str]:
    """Return what this machine is called: host name, loopback, and the address it reaches others from."""
    names = [socket.gethostname().lower(), "localhost", "127.0.0.1", "::1"]
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: only asks the kernel for a route
        names.append(probe.getsockname()[0])
    return [name for name in dict.fromkeys(names) if name and len(name) < 254]


def _hand_over(made: dict[str, Any], pem: str, file: Path | None, *, json: bool) -> None:
    if json:
        print_json(made)
        return
    write_pem(pem, file)
    if file is not None:
        out.print(
            f"{file}: certificate {made['serialNumber']} of {made['stationId']}, until {made['notAfter']}"
        )


def _show_status(found: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(found)
        return
    if not found["authorities"]:
        out.print("no certificate authority: csms pki init")
        return
    print_pairs(
        [
            ("organization", found["organization"]),
            ("signer of stations", found["signer"]),
            ("secret", found["secret"]),
            ("certificates of stations", found["stationCertificates"]),
            ("of which end soon", found["stationCertificatesEnding"]),
            ("trust anchors", found["trustAnchors"]),
            ("rollover", found["rollover"] or "none"),
        ]
    )
    out.print()
    print_table(found["authorities"], AUTHORITIES, empty="", spare=("root #",))
    out.print()
    print_table(found["servers"], COLUMNS, empty="no server certificate: csms pki issue --host NAME")
