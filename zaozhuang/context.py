"""What every page knows: the site's name, the languages, and the addresses in both."""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language

from zaozhuang.dates import today


def site(request: HttpRequest) -> dict[str, Any]:
    """Names in the reader's language, and the same page with the same filters in the other."""
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    here = request.get_full_path()
    try:
        origin = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        # The page that says so is rendered too; relative addresses will do for it.
        origin = ""
    return {
        "site_title": settings.SITE_TITLE[language],
        "industry": settings.INDUSTRY[language],
        "today": today(),
        "icp_number": settings.ICP_NUMBER,
        "public_security_number": settings.PUBLIC_SECURITY_NUMBER,
        # The register finds an entry by the digits alone.
        "public_security_code": re.sub(r"\D", "", settings.PUBLIC_SECURITY_NUMBER),
        "publish_dispatch": settings.PUBLISH_DISPATCH,
        "page_languages": [
            {
                "code": code,
                "html": "zh-Hans" if code == "zh-hans" else code,
                "name": {"zh-hans": "中文", "en": "English"}[code],
                "url": translate_url(here, code),
                "absolute": origin + translate_url(here, code),
                "current": code == language,
            }
            for code, _name in settings.LANGUAGES
        ],
    }
