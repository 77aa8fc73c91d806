"""Every page of the editors' desk answers, in both languages."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from tests.desk import DESK, Model, address, fill
from tests.members import logged_in

LANGUAGES = {"zh-hans": "", "en": "/en"}


@pytest.fixture(scope="module")
def _world(django_db_setup: None, django_db_blocker: Any) -> Any:
    """Some of everything for all tests here, which only read it; taken back when they are done."""
    with django_db_blocker.unblock(), transaction.atomic():
        fill(0, 3)
        yield logged_in(User.objects.create_superuser("chief"))
        transaction.set_rollback(True)


@pytest.fixture
def chief(_world: Client, db: None) -> Client:
    return _world


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", DESK, ids=lambda model: model.__name__)
def test_every_page_answers(chief: Client, model: Model, language: str) -> None:
    start = LANGUAGES[language]
    listing = start + address(model, "changelist")
    pages = [listing, f"{listing}?q=%E6%BB%95", f"{listing}?o=-1", start + address(model, "add")]
    for record in model._default_manager.order_by("-pk")[:2]:  # the last: the roles come first
        pages += [
            start + address(model, page, record.pk) for page in ("change", "delete", "history")
        ]
    for page in pages:
        assert chief.get(page).status_code == 200, page
    response: Any = chief.get(listing)
    assert response.headers["Content-Language"] == language
    if language == "en":
        return  # a filter selects the same in any language
    changelist = response.context["cl"]
    choices = [
        choice["query_string"]
        for spec in changelist.filter_specs
        for choice in spec.choices(changelist)
    ]
    choices += [
        f"?{level}"
        for level in ("date__year=2023", "due__year=2023", "period__year=2023")
        if changelist.date_hierarchy == level.split("__")[0]
    ]
    for choice in choices:
        assert chief.get(listing + choice).status_code == 200, choice
