"""csms firmware: files for stations to install, each with its digests and, where its maker signed it, the signature."""

import base64
import hashlib
import os
import secrets
from pathlib import Path

import typer

from csms.cli._console import (
    Column,
    JsonFlag,
    TenantOption,
    YesFlag,
    confirm,
    out,
    print_json,
    run,
    session,
    show,
    show_one,
    when,
)
from csms.errors import InvalidInput, NotFound

app = typer.Typer(name="firmware", help="Firmware for charging stations.", no_args_is_help=True)

COLUMNS: list[Column] = [
    ("name", "name"),
    ("version", "version"),
    ("vendor", "vendor"),
    ("model", "model"),
    ("bytes #", "sizeBytes"),
    ("signed", lambda f: f["signature"] is not None),
    ("added", lambda f: when(f["createdAt"])),
]
_PIECE_BYTES = 1024 * 1024


@app.command()
def add(
    ctx: typer.Context,
    file: Path = typer.Argument(..., help="The file, as the maker gave it."),
    name: str | None = typer.Option(None, "--name", help="What to call it; the file's name if absent."),
    version: str | None = typer.Option(None, "--version", help="Which version it installs."),
    vendor: str | None = typer.Option(None, "--vendor", help="For whose stations it is."),
    model: str | None = typer.Option(None, "--model", help="For which model it is."),
    signature: Path | None = typer.Option(
        None, "--signature", help="The maker's signature, Base64 or binary."
    ),
    certificate: Path | None = typer.Option(
        None, "--certificate", help="The maker's signing certificate, PEM, intermediates behind it."
    ),
    tenant: str | None = TenantOption,
    json: bool = JsonFlag,
) -> None:
    """Copy firmware to the appliance; a signature that does not fit the file is refused."""
    folder = session(ctx).config.data_dir / "files"
    if not folder.parent.is_dir():
        raise NotFound(f"{folder.parent} is missing: run csms init")
    file_id = secrets.token_hex(16)
    size, sha256, md5 = _copy(file, folder, file_id)
    try:
        made = run(
            ctx, "firmware.add", file_id=file_id, name=name or file.name, size_bytes=size, sha256=sha256, md5=md5,
            version=version, vendor=vendor, model=model, signature=_signature(signature),
            signing_certificate=_text(certificate), tenant=tenant,
        )  # fmt: skip
    except BaseException:
        (folder / file_id).unlink(missing_ok=True)
        raise
    if json:
        print_json(made)
    else:
        signed = ", its signature fits" if made["signature"] else ""
        out.print(f"firmware {made['name']}: {size} bytes{signed}", markup=False)


@app.command("list")
def list_(ctx: typer.Context, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """List firmware."""
    found = run(ctx, "firmware.list", tenant=tenant)
    show(json, found, COLUMNS, empty="no firmware: csms firmware add FILE", spare=("model", "vendor"))


@app.command("show")
def show_(ctx: typer.Context, name: str, tenant: str | None = TenantOption, json: bool = JsonFlag) -> None:
    """Show one firmware with its digests."""
    found = run(ctx, "firmware.show", name=name, tenant=tenant)
    show_one(json, found, [*COLUMNS, ("SHA-256", "sha256"), ("MD5", "md5")])


@app.command()
def remove(ctx: typer.Context, name: str, tenant: str | None = TenantOption, yes: bool = YesFlag) -> None:
    """Remove firmware; a station that is about to fetch it gets nothing."""
    confirm(yes, f"Remove firmware {name}?")
    found = run(ctx, "firmware.remove", name=name, tenant=tenant)
    (session(ctx).config.data_dir / "files" / found["id"]).unlink(missing_ok=True)
    out.print(f"{name} is removed", markup=False)


def _copy(file: Path, folder: Path, file_id: str) -> tuple[int, str, str]:
    """Copy a file into the file room, durably and for the appliance's user; return its size and digests in hex."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    owner = folder.parent.stat()
    folder.mkdir(mode=0o700, exist_ok=True)
    part = folder / f"{file_id}.part"
    with file.open("rb") as source, part.open("xb") as target:
        while piece := source.read(_PIECE_BYTES):
            sha256.update(piece)
            md5.update(piece)
            target.write(piece)
            size += len(piece)
        target.flush()
        os.fsync(target.fileno())
    if not size:
        part.unlink()
        raise InvalidInput(f"{file} is empty")
    if os.geteuid() == 0:
        for path in (folder, part):
            os.chown(path, owner.st_uid, owner.st_gid)
    part.rename(folder / file_id)
    return size, sha256.hexdigest(), md5.hexdigest()


def _signature(path: Path | None) -> str | None:
    """Return a signature as Base64: files hold it so, or as the bytes it is."""
    if path is None:
        return None
    content = path.read_bytes()
    try:
        text = "".join(content.decode("ascii").split())
        base64.b64decode(text, validate=True)
    except ValueError:
        return base64.b64encode(content).decode()
    return text


def _text(path: Path | None) -> str | None:
    return None if path is None else path.read_text(encoding="ascii", errors="replace")
