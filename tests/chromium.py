"""Where Chromium is, and what to say where it is not."""

import os
import shutil

# A machine that must not skip the browser tests says so: .ci/run does.
REQUIRED = os.environ.get("REQUIRE_BROWSER", "") not in ("", "0")

ABSENT = (
    "Chromium was not found, so the browser tests did not run. Install it (apt-get install chromium) "
    "or name it: CHROMIUM=/path/to/chromium make test"
)


def executable() -> str | None:
    """The path of Chromium: the variable CHROMIUM, else the first known name on the PATH."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    names = ["chromium", "chromium-browser", "google-chrome"]
    return next((path for path in map(shutil.which, names) if path), None)
