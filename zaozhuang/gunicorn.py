"""How gunicorn serves the tracker; `make run` and a server in production use the same file.

Two processes keep pages coming while one of them writes a large export; threads serve those who wait
for the database or read slowly. A socket that systemd hands over (deploy/tracker.socket) takes the
place of BIND and PORT.
"""

import ctypes
import gc
import os
import platform
import tempfile
from typing import Any

from zaozhuang import logs
from zaozhuang.environment import env_bool

M_ARENA_MAX = -8  # in glibc's malloc.h

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"

# A worker that stops giving a sign of life is replaced. Threads do not count: a slow query is
# ended by the database, a slow reader by the proxy.
timeout = 60
# SIGTERM and SIGHUP let the requests under way end; an export may take this long.
graceful_timeout = 30
# The sign of life is a file, and a busy disk would look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# Pages are logged by the proxy in front; here only what went wrong.
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "warning")
logconfig_dict = logs.configuration(logs.style())
logconfig_dict["loggers"] = {
    "gunicorn.error": {"level": loglevel.upper(), "handlers": ["console"], "propagate": False}
}

# Who asks, and whether over https, is decided in one place: by BEHIND_PROXY and TRUSTED_PROXIES.
# By itself gunicorn would believe everybody on this machine about https, and even about the path.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

# Nobody steers the server through a socket in the home directory.
control_socket_disable = True

if env_bool("METRICS") and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # Where the processes leave their figures for each other; must be known before the first counts,
    # and stays the same when this file is read again.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="tracker-metrics-")


def post_worker_init(worker: Any) -> None:
    """Load all code before anybody asks, and leave it out of every later search for garbage.

    The first visitor of each process waited half a second for it. Going through all of Django's
    classes took a tenth of a second now and then, in which no page was made.
    """
    # Not above: the process that starts the others needs nothing of Django.
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    if platform.libc_ver()[0] == "glibc":
        # Otherwise each thread keeps memory of its own that large exports have left.
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def child_exit(server: Any, worker: Any) -> None:
    """A process that is gone takes what it was just doing out of the figures."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
