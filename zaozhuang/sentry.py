"""Faults are reported to a Sentry server where SENTRY_DSN names one; about persons it is told nothing."""

from typing import Any

from zaozhuang.logs import current_request_id, scrubbed

# What Sentry may know of a request.
KEPT = {"method", "url"}


def start(dsn: str, **options: Any) -> None:
    """Begin to report; the package is loaded only here."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        # Values of variables, parameters and bodies of forms hold what people typed. This takes the
        # place of `send_default_pii=False`, which is deprecated.
        data_collection={
            "user_info": False,
            "cookies": {"mode": "off"},
            "http_headers": {"request": {"mode": "off"}},
            "http_bodies": [],
            "url_query_params": {"mode": "off"},
            "database_query_data": False,
            "stack_frame_variables": False,
        },
        max_breadcrumbs=0,
        auto_session_tracking=False,
        before_send=cleaned,
        **options,
    )


def cleaned(event: Any, hint: Any) -> Any:
    """The event without the reader and what they asked for, and with the number of the request."""
    event.pop("user", None)
    event.pop("server_name", None)
    event.pop("extra", None)
    if request := event.get("request"):
        event["request"] = {name: request[name] for name in KEPT & request.keys()}
    for error in event.get("exception", {}).get("values", []):
        error["value"] = scrubbed(str(error.get("value") or ""))
    if entry := event.get("logentry"):
        event["logentry"] = {"message": scrubbed(str(entry.get("formatted") or entry["message"]))}
    event.setdefault("tags", {})["request_id"] = current_request_id()
    return event
