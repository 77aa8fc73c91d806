"""Reading settings from environment variables, refusing what is mistyped."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def env_bool(name: str, default: bool = False) -> bool:
    """The boolean variable `name`.

    Raises ImproperlyConfigured, naming the variable, for any word that is not
    clearly yes or no: `DEBUG=fasle` must not turn debugging on.
    """
    text = os.environ.get(name)
    if text is None:
        return default
    word = text.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ImproperlyConfigured(
        f"{name}={text!r} is neither true nor false; write one of 1, true, yes, on, 0, false, no, off."
    )


def env_int(name: str, default: int, *, least: int | None = None) -> int:
    """The whole-number variable `name`; raises ImproperlyConfigured when it is not one.

    Also when it is smaller than `least`.
    """
    text = os.environ.get(name)
    if text is None or text.strip() == "":
        return default
    try:
        value = int(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={text!r} is not a whole number.") from None
    if least is not None and value < least:
        raise ImproperlyConfigured(f"{name}={text!r} is less than {least}.")
    return value


def env_choice(name: str, choices: list[str]) -> str:
    """The variable `name`, one of the words; the first where it is not set."""
    word = os.environ.get(name, "").strip() or choices[0]
    if word not in choices:
        raise ImproperlyConfigured(f"{name}={word!r} is none of {', '.join(choices)}.")
    return word


def env_text(name: str, form: str, *, example: str) -> str:
    """The variable `name`, which must have the form of the regular expression; blank where unset."""
    text = os.environ.get(name, "").strip()
    if text and not re.fullmatch(form, text):
        # Not quoted: it may be a secret.
        raise ImproperlyConfigured(f"{name} is not of the form wanted, such as {example}.")
    return text


def env_url(name: str, schemes: list[str]) -> str:
    """The address in the variable `name`, blank where unset; one of the schemes, and a host."""
    text = os.environ.get(name, "").strip()
    try:
        parts = urlsplit(text)
        if text and (parts.scheme not in schemes or not parts.hostname):
            raise ValueError
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} is not an address that begins with {' or '.join(schemes)}://."
        ) from None
    return text


def env_list(name: str, default: list[str]) -> list[str]:
    """The comma-separated variable `name`, without empty items."""
    text = os.environ.get(name)
    if text is None:
        return default
    return [item.strip() for item in text.split(",") if item.strip()]


def databases(
    embedded: str, sqlite: dict[str, Any], postgresql: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """The database of DATABASE_URL, or the embedded one, and its replicas in DATABASE_REPLICA_URLS.

    `sqlite` and `postgresql` are options of connections; what a URL says comes first.
    Raises ImproperlyConfigured where replicas are named that are none of PostgreSQL's.
    """
    urls = {"default": os.environ.get("DATABASE_URL") or embedded}
    for number, url in enumerate(env_list("DATABASE_REPLICA_URLS", []), 1):
        urls[f"replica_{number}"] = url
    age = env_int("CONN_MAX_AGE", 60)
    found: dict[str, Any] = {
        alias: dj_database_url.parse(url, conn_max_age=age, conn_health_checks=True)
        for alias, url in urls.items()
    }
    for database in found.values():
        on_postgresql = database["ENGINE"] == "django.db.backends.postgresql"
        if len(found) > 1 and not on_postgresql:
            raise ImproperlyConfigured(
                "DATABASE_REPLICA_URLS needs PostgreSQL, there and in DATABASE_URL."
            )
        options = postgresql if on_postgresql else sqlite
        database["OPTIONS"] = options | database.get("OPTIONS", {})
    return found


def caches() -> dict[str, dict[str, Any]]:
    """The cache of CACHE_URL, a Redis, or one within the process; and that of PAGES_KEPT pages.

    Pages are kept by each process: as many are made anew in the time of asking another machine.
    Raises ImproperlyConfigured for any other kind of address.
    """
    own = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    pages: dict[str, Any] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    if most := env_int("PAGES_KEPT", 100, least=0):
        pages = own | {"LOCATION": "pages", "OPTIONS": {"MAX_ENTRIES": most}}
    default: dict[str, Any] = own
    if url := env_url("CACHE_URL", ["redis", "rediss"]):
        default = {"BACKEND": "zaozhuang.sharedcache.SharedCache", "LOCATION": url}
    return {"default": default, "pages": pages}


def secret_key(local_file: Path, *, production: bool) -> str:
    """SECRET_KEY from the environment or, for a local run, from a file made once.

    Raises ImproperlyConfigured in production when the variable is not set: a key that
    each server invents for itself would end every session at the next start.
    """
    key = os.environ.get("SECRET_KEY", "")
    if key:
        return key
    if production:
        raise ImproperlyConfigured("SECRET_KEY must be set when PRODUCTION is on.")
    if not local_file.exists():
        local_file.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and linked into place, so that two processes that start together
        # agree on one key.
        draft = local_file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key(), encoding="utf-8")
        try:
            os.link(draft, local_file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return local_file.read_text(encoding="utf-8")
