"""What leads from one page to the next. A click alone may return while the old page still stands there."""

from playwright.sync_api import Locator, Page


def follow(page: Page, target: str | Locator) -> None:
    """Click what leads to another page, and go on only when that page stands there whole."""
    with page.expect_navigation():
        (page.locator(target) if isinstance(target, str) else target).click()


def log_in(page: Page, name: str, password: str = "password") -> None:
    """Fill in the form of the log-in, which `page` shows, and come to what is behind it."""
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    follow(page, "[type=submit]")
