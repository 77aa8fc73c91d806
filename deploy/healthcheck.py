"""Whether the tracker on this machine answers: exit 0, or 1 with what is wrong.

`python deploy/healthcheck.py` asks `/healthz` (the process is alive, for whoever restarts it);
`python deploy/healthcheck.py /readyz` asks whether it can serve (for whoever sends it visitors).
"""

import os
import sys
import urllib.error
import urllib.request

PATIENCE = 4  # seconds


def own_name(allowed: str) -> str:
    """A host name that the site answers to, from ALLOWED_HOSTS as it is written."""
    first = allowed.split(",")[0].strip()
    return "localhost" if first in ("", "*") else first.removeprefix(".")


def main(path: str = "/healthz") -> str:
    """What is wrong; an empty text where nothing is."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{os.environ.get('PORT', '8000')}{path}",
        headers={"Host": own_name(os.environ.get("ALLOWED_HOSTS", ""))},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return ""
    except (urllib.error.URLError, OSError) as error:
        return f"{path}: {error}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]) or 0)
