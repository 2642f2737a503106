"""OpenSSL's command line as an independent reader of what we sign."""

import subprocess
from pathlib import Path


class OpenSSL:
    """Runs `openssl` on files in one directory."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self._files = 0

    def file(self, content: bytes) -> str:
        """Write content to a new file and return its path."""
        self._files += 1
        path = self.room / f"openssl-{self._files}.pem"
        path.write_bytes(content)
        return str(path)

    def run(self, *argv: str, stdin: bytes = b"") -> tuple[int, str]:
        """Run a command and return its exit code and all it printed."""
        done = subprocess.run(["openssl", *argv], input=stdin, capture_output=True, timeout=60, check=False)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")

    def verify(self, root: bytes, *chain: bytes) -> str:
        """Verify a leaf (first of the chain) up to a root, as strictly as OpenSSL can; return what it says."""
        untrusted = ["-untrusted", self.file(b"".join(chain[1:]))] if chain[1:] else []
        code, text = self.run(
            "verify", "-x509_strict", "-CAfile", self.file(root), *untrusted, self.file(chain[0])
        )
        return "OK" if code == 0 else text

    def text(self, pem: bytes) -> str:
        """Return a certificate as OpenSSL describes it."""
        return self.run("x509", "-noout", "-text", "-in", self.file(pem))[1]
