"""nginx in front of the tracker, run from the example in deploy/, and what to say where it is missing."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.server import ROOT, free_port

# A machine that must not skip these tests says so: .ci/run does.
REQUIRED = os.environ.get("REQUIRE_NGINX", "") not in ("", "0")

ABSENT = (
    "nginx or openssl was not found, so the tests of the proxy did not run. Install them "
    "(apt-get install nginx openssl)."
)
NAME = "tracker.example"

# What the distribution's own nginx.conf says around a site, for a server that lives in a folder.
AROUND = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def executable() -> str | None:
    """The path of nginx, which lies where ordinary users do not look; None without openssl too."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
    return shutil.which("nginx", path=path) if shutil.which("openssl") else None


def site(folder: Path, upstream: str, plain: int, secure: int) -> str:
    """The example with the ports and folders of a test; nothing else differs.

    Raises ValueError where the example no longer says what is replaced here.
    """
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for old, new in {
        "listen 80": f"listen 127.0.0.1:{plain}",
        "listen 443": f"listen 127.0.0.1:{secure}",
        "127.0.0.1:8000": upstream,
        "/etc/ssl/tracker": str(folder),
        "/var/cache/tracker-nginx": f"{folder}/cache",
        "/var/log/nginx": str(folder),
        "/opt/tracker/deploy": str(ROOT / "deploy"),
    }.items():
        if old not in text:
            raise ValueError(f"deploy/nginx.conf does not say {old!r}")
        text = text.replace(old, new)
    return text


class Proxy:
    """A running nginx: its two ports, and the folder with its logs."""

    def __init__(self, folder: Path, plain: int, secure: int) -> None:
        self.folder, self.plain, self.secure = folder, plain, secure

    def told(self, path: str) -> list[str]:
        """What the access log says of the cache, a word for each request of the path."""
        lines = (self.folder / "tracker.log").read_text(encoding="utf-8").splitlines()
        return [parts[8] for parts in map(str.split, lines) if parts[3] == path]


@contextmanager
def proxy(binary: str, folder: Path, upstream: str) -> Iterator[Proxy]:
    """nginx in front of `upstream` (host:port), with a certificate made for it."""
    plain, secure = free_port(), free_port()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        + ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")],
        check=True,
        capture_output=True,
    )
    # Started by root, nginx hands its work to somebody who may not look into a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user), encoding="utf-8")
    (folder / "site.conf").write_text(site(folder, upstream, plain, secure), encoding="utf-8")
    command = [binary, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "error.log"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    if checked.returncode or "[warn]" in checked.stderr:
        raise RuntimeError(f"nginx -t says:\n{checked.stderr}")
    process = subprocess.Popen([*command, "-g", "daemon off;"], cwd=folder)
    try:
        end = time.monotonic() + 10
        while not _listens(secure):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "error.log").read_text(errors="replace"))
            time.sleep(0.02)
        yield Proxy(folder, plain, secure)
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
