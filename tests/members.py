"""Accounts of each role, and clients that are logged in to them."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from districts.models import District, Membership
from districts.roles import Role


def make_editor(
    *places: District, role: str = Role.DISTRICT_EDITOR, name: str = "", **fields: Any
) -> User:
    """An account in the group of the role that writes the records of the places."""
    user = User.objects.create_user(
        name or f"{role}-{User.objects.count()}", is_staff=True, **fields
    )
    user.groups.add(Group.objects.get(name=role))
    Membership.objects.bulk_create(Membership(user=user, place=place) for place in places)
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
