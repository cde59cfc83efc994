"""Who may see and do what, as a browser shows it and the server holds it."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboards import Dashboard, orders
from tests.browser.visits import Visit
from tests.crash.mills import LIMIT_S, wait_for

ACTIONS = "form[method=post]:not([action='/sign-out'])"

AS_A_PAGE = (
    "(path) => fetch(path, { method: 'POST', body: new URLSearchParams({ reason: 'none' }) }).then((answer) => answer.status)"
)
"""What a script on one of our own pages could try."""


def token(dashboard: Dashboard, role: str) -> str:
    """Make a token, and wait until the server knows: it looks for a first one now and then."""
    words = dashboard.command("token", "create", "--role", role, "--name", f"the {role}")
    wait_for(lambda: _asks_who_it_is(dashboard), "the gate to close")
    return next(word for word in words.split() if word.startswith("lm_"))


def _asks_who_it_is(dashboard: Dashboard) -> bool:
    try:
        with urllib.request.urlopen(f"{dashboard.address}/stats", timeout=LIMIT_S):
            return False
    except urllib.error.HTTPError as error:
        return error.code == 401


def sign_in(page: Page, secret: str) -> None:
    page.locator("input[type=password]").fill(secret)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.slow
def test_somebody_signs_in_sees_the_page_that_they_wanted_and_signs_out(
    dashboard: Dashboard, visit: Callable[..., Visit]
) -> None:
    secret = token(dashboard, "viewer")
    somebody = visit()
    page = somebody.open("/files?state=failed")
    expect(page).to_have_title("Sign in · linemill")
    sign_in(page, "lm_wrong")
    expect(page.locator("input[type=password]")).to_be_visible()
    somebody.forgive("status of 401")
    page.goto(f"{dashboard.address}/files?state=failed")
    sign_in(page, secret)
    page.wait_for_url("**/files?state=failed")
    expect(page.locator("header")).to_contain_text("the viewer")
    expect(page.locator("body")).to_have_attribute("data-connection", "live")

    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[type=password]")).to_be_visible()
    page.goto(f"{dashboard.address}/stats")
    expect(page.locator("input[type=password]")).to_be_visible()


@pytest.mark.slow
def test_a_viewer_sees_no_action_and_is_refused_by_the_server(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    secret = token(dashboard, "viewer")
    dashboard.drop("monday.log", orders(20) + orders(1, pieces=5000))
    somebody = visit()
    page = somebody.open("/files")
    sign_in(page, secret)
    page.get_by_role("link", name="monday.log").click()
    expect(page.locator("h1")).to_contain_text("monday.log")
    for path in (page.url.removeprefix(dashboard.address), "/stats", "/files", "/errors", "/trace", "/pipeline", "/events"):
        page.goto(dashboard.address + path)
        expect(page.locator("h1")).to_be_attached()
        assert page.locator(ACTIONS).count() == 0, path
    assert page.evaluate(AS_A_PAGE, "/pause") == 403
    assert page.evaluate(AS_A_PAGE, "/files/1/reprocess") == 403
    assert page.evaluate(AS_A_PAGE, "/tokens") == 403
    assert page.get_by_role("link", name="Tokens").count() == 0
    somebody.forgive("status of 403")


@pytest.mark.slow
def test_an_operator_acts_and_an_admin_makes_tokens(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    operator, admin = visit(), visit()
    page = operator.open("/stats")
    secrets = token(dashboard, "operator"), token(dashboard, "admin")
    page.goto(dashboard.address + "/stats")
    sign_in(page, secrets[0])
    page.locator("#mill summary").click()
    page.get_by_role("button", name="Pause the mill").click()
    expect(page.locator("#mill")).to_contain_text("the operator")
    assert page.evaluate(AS_A_PAGE, "/tokens") == 403
    operator.forgive("status of 403")

    page = admin.open("/tokens")
    sign_in(page, secrets[1])
    page.get_by_label("Name").fill("a screen in the hall")
    page.get_by_role("button", name="Create").click()
    secret = next(word for word in page.locator("main").inner_text().split() if word.startswith("lm_"))
    guest = visit()
    page = guest.open("/stats")
    sign_in(page, secret)
    expect(page.locator("header")).to_contain_text("a screen in the hall")


@pytest.mark.slow
def test_who_signs_out_in_one_tab_is_told_so_in_the_others(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    secret = token(dashboard, "viewer")
    somebody = visit()
    first = somebody.open("/stats")
    sign_in(first, secret)
    expect(first.locator("body")).to_have_attribute("data-connection", "live")
    second = somebody.live("/files")
    second.get_by_role("button", name="Sign out").click()
    expect(second.locator("input[type=password]")).to_be_visible()
    dashboard.drop("monday.log", orders(3))
    expect(first.locator("body")).to_have_attribute("data-connection", "signed-out")
    expect(first.get_by_role("alert")).to_contain_text("You are signed out")

    first.get_by_role("link", name="Sign in").click()
    sign_in(first, secret)
    first.wait_for_url("**/stats")
    expect(first.locator("body")).to_have_attribute("data-connection", "live")


@pytest.mark.slow
def test_a_token_that_is_revoked_ends_what_it_had_open(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    secret = token(dashboard, "viewer")
    somebody = visit()
    page = somebody.open("/stats")
    sign_in(page, secret)
    expect(page.locator("body")).to_have_attribute("data-connection", "live")
    dashboard.command("token", "revoke", "the viewer")
    dashboard.drop("monday.log", orders(3))
    expect(page.locator("body")).to_have_attribute("data-connection", "signed-out")
    somebody.troubles.clear()
