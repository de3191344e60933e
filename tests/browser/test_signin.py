"""Signing in to the console, by what a person does before it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, photograph
from tests.browser.reading import hindrances
from tests.doors import PASSWORD, user
from tests.roads import Road
from tests.roads import road as running
from tests.servers.issuer import CLIENT, SECRET, Issuer
from tests.servers.issuer import running as issuing
from tests.servers.program import free_port

Come = Callable[..., Page]


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as one:
        yield one


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Road]:
    folder = tmp_path_factory.mktemp("road")
    (folder / "oidc").write_text(SECRET)
    oidc = {
        "issuer": issuer.url,
        "client_id": CLIENT,
        "client_secret": f"file:{folder / 'oidc'}",
        "roles": {"staff": "look"},
        "label": "Example Ltd",
    }
    people = {"asa": user("act"), "lo": user("look"), "eva": user("look"), "amy": user("administer")}
    # The provider sends people back to this very address.
    listen = f"127.0.0.1:{free_port()}"
    console = {"user": people, "address": f"http://{listen}", "oidc": oidc}
    with running(folder, console=console, http={"listen": listen}) as started:
        yield started


@pytest.fixture
def come(chromium: Browser, road: Road, request: pytest.FixtureRequest) -> Iterator[Come]:
    """Somebody with a browser of their own comes to a page of the console."""
    contexts: list[BrowserContext] = []
    pages: list[Page] = []

    def here(path: str = "/", width: int = 1280, scheme: str = "light", *, scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
            base_url=f"http://{road.gateway.http}",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        pages.append(context.new_page())
        pages[-1].goto(path)
        return pages[-1]

    yield here
    for number, page in enumerate(pages):
        photograph(page, f"{request.node.name}-{number}")
    for context in contexts:
        context.close()


def signs_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_signs_in_wrongly_then_rightly_and_out_again(come: Come, *, scripts: bool) -> None:
    page = come("/mail?q=state%3Aparked", scripts=scripts)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    signs_in(page, "asa", "not the password")
    expect(page.get_by_role("alert")).to_have_text("No such name, or another password.")
    expect(page.get_by_label("Name")).to_have_value("asa")
    signs_in(page, "asa")
    expect(page).to_have_url("/mail?q=state%3Aparked")
    expect(page.get_by_text("asa · act")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/mail")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


# Nothing is clicked, and nothing is aimed at: the focus is where the browser puts it.
def test_somebody_signs_in_by_the_keyboard_alone(come: Come) -> None:
    page = come()
    page.keyboard.type("lo")
    page.keyboard.press("Tab")
    page.keyboard.type("no such password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("lo · look")).to_be_visible()


# A browser on its way back brings its cookie along, since it is SameSite=Lax, and the policy lets it go there.
def test_somebody_signs_in_at_their_organisation(come: Come, issuer: Issuer) -> None:
    page = come("/mail")
    page.get_by_role("link", name="Sign in with Example Ltd").click()
    expect(page).to_have_url("/mail")
    expect(page.get_by_text("asa · look")).to_be_visible()
    assert "/token" in issuer.asked


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_the_sign_in_can_be_read_and_used_by_everybody(come: Come, width: int, scheme: str) -> None:
    page = come("/", width, scheme)
    assert hindrances(page) == []
    signs_in(page, "asa", "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    assert hindrances(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_who_administers_ends_a_session_that_somebody_left_open(come: Come) -> None:
    left, page = come(), come("/people")
    signs_in(left, "eva")
    expect(left.get_by_text("eva · look")).to_be_visible()
    signs_in(page, "amy")
    row = page.get_by_role("region", name="Signed in").get_by_role("row", name="eva look")
    expect(row).to_contain_text("password")
    assert hindrances(page) == []
    photograph(page, "people")
    row.get_by_role("button", name="End the session of eva").click()
    expect(page.get_by_role("button", name="End the session of eva")).to_have_count(0)
    left.goto("/mail")
    expect(left.get_by_role("heading", name="Sign in")).to_be_visible()
