"""How gunicorn serves the tracker; `make run` and a server in production use the same file.

Two processes keep pages coming while one of them writes a large export; threads serve those who wait
for the database or read slowly.
"""

import os

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"

# A worker that died or hangs is replaced; an export may take this long before it sends a byte.
timeout = 60
graceful_timeout = 30

# Pages are logged by the proxy in front; here only what went wrong.
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "warning")

# Which headers of a proxy are believed is a setting of the tracker (BEHIND_PROXY). By itself gunicorn
# would believe everybody on this machine about https, and even about the path.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}

# Nobody steers the server through a socket in the home directory.
control_socket_disable = True
