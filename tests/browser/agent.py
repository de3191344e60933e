"""A person before the page: what they can see and do there, in their words."""

from email.message import EmailMessage
from email.utils import make_msgid
from typing import cast

from playwright.sync_api import ConsoleMessage, Locator, Page, Response

from tests.roads import Road, until


class Agent:
    """`page` is what they see; `complaints` the browser's own, `strangers` what others gave it."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._origin = origin
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", self._answered)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _answered(self, response: Response) -> None:
        if not response.url.startswith((self._origin, "data:")):
            self.strangers.append(response.url)

    # -- seeing

    def row(self, subject: str) -> Locator:
        """The errand in the list."""
        return self.page.get_by_role("region", name="support").get_by_role("link", name=subject)

    @property
    def errand(self) -> Locator:
        """The errand that is open."""
        return self.page.locator("#main")

    def said(self, who: str) -> Locator:
        """What one of them said, in the conversation."""
        return self.errand.get_by_role("article", name=who)

    def sees(self, heading: str) -> None:
        """Wait until a page of this heading is there, with its script."""
        self.page.get_by_role("heading", name=heading, exact=True).wait_for()
        self.page.wait_for_load_state()

    # -- doing

    def opens(self, subject: str) -> None:
        self.row(subject).click()
        self.sees(subject)

    def writes(self, text: str) -> None:
        self.page.get_by_label("Answer", exact=True).fill(text)

    def presses(self, button: str) -> Response:
        """Press a button that sends a form; the page that it leads to."""
        with self.page.expect_navigation() as navigation:
            self.page.get_by_role("button", name=button, exact=True).click()
        return navigation.value


def mail(subject: str, text: str = "Hello, where is my order?", html: str = "", name: str = "Åsa Öberg") -> str:
    """A customer's mail, to be sent by `Road.sends`."""
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = f"{name} <asa@client.example>", "support@example.com", subject
    written["Message-ID"] = make_msgid(domain="client.example")
    written.set_content(text)
    if html:
        written.add_alternative(html, subtype="html")
    return written.as_string()


def delivered(road: Road, subject: str) -> EmailMessage:
    """The answer to this mail, as soon as it is at the smarthost."""

    def there() -> EmailMessage | None:
        found = (road.smarthost.parsed(number) for number in range(len(road.smarthost.mails)))
        return next((one for one in found if subject in str(one["Subject"])), None)

    return cast("EmailMessage", until(there, f"the answer to {subject!r}"))


def html_of(answer: EmailMessage) -> str:
    part = answer.get_body(("html",))
    assert part is not None
    return cast("str", part.get_content())


def text_of(answer: EmailMessage) -> str:
    part = answer.get_body(("plain",))
    return cast("str", part.get_content()) if part else ""


def pictures_of(answer: EmailMessage) -> dict[str, bytes]:
    """The inline pictures, by Content-ID without angle brackets."""
    return {part["Content-ID"][1:-1]: part.get_content() for part in answer.walk() if part["Content-ID"]}
