"""The pictures of the README: `SCREENSHOTS=docs/pictures pytest tests/browser/test_pictures.py` takes them anew."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import photograph
from tests.roads import Road
from tests.roads import road as running

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST = 150_000
VIEWS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


def message(name: str, subject: str, body: str, html: str = "", **files: int) -> dict[str, Any]:
    """A customer's message; `files` are names, with `_` for the dot, and sizes in bytes."""
    attachments = [
        {
            "name": file.replace("_", "."),
            "content_type": "application/pdf",
            "content": base64.b64encode(bytes(size)).decode(),
        }
        for file, size in files.items()
    ]
    told = {"message_id": f"<{len(body)}.{len(subject)}@client.example>", "name": name, "subject": subject}
    address = f"{name.split(maxsplit=1)[0].lower()}@client.example"
    return told | {"from": address, "body": body, "html_body": html, "attachments": attachments}


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    areas = {"areas": ("support", "invoices")}
    with running(tmp_path_factory.mktemp("road"), simulator=areas) as started:
        yield started


@pytest.fixture(scope="module")
def errand(road: Road) -> str:
    """An afternoon at a support team; the errand to look at has been answered with a picture."""
    html = "<p>Hi,</p><p>can I bring the broken terminal <b>to your shop</b>? The receipt is attached.</p><p>Nadia</p>"
    messages = [
        message("David Liew", "Order 4711 has not come", "Hello, where is my order?"),
        message("محمد الأحمد", "شكوى بخصوص الفاتورة رقم 4711", "مرحبا"),
        message(
            "Maja Lind", "Re: [2251] Broken screen after the update of the terminal in our shop", "No.", note_pdf=84_000
        ),
        message("Nadia Ferreira", "Where is your shop?", "Hi", html, receipt_pdf=84_200, terms_pdf=31_000),
        message("Åsa Öberg", "Fråga om räkning", "Hej!", bild_pdf=2000),
    ]
    documents = [
        {"msg": one, "extradata": {"case_number": 21345, "zone": "A"}, "cuid": "5462-13-6485"} for one in messages
    ]
    ids = [road.create({"data": {"type": "c3_new_errands", "attributes": one}}) for one in documents]
    return ids[3]


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_the_page_of_the_readme_shows_an_errand_and_its_answer(
    chromium: Browser, road: Road, errand: str, scheme: str, width: int
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 1000 if width > 400 else 844},
        color_scheme="dark" if scheme == "dark" else "light",
        base_url=road.simulator.origin,
    )
    page = context.new_page()
    page.goto(f"/errands/{errand}")
    if not page.get_by_role("article", name="Agent").count():
        page.get_by_label("Answer", exact=True).fill("Hello Nadia,\n\nplease do. Here we are:\n[picture map.png]")
        page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_role("article", name="Agent")).to_contain_text("callback delivered")
    page.goto(f"/errands/{errand}")
    for entry in page.get_by_role("article").all():
        expect(entry.frame_locator("iframe").locator("body")).not_to_be_empty()
    photograph(page, f"agent-{scheme}-{width}", whole=False)
    context.close()


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_the_readme_s_pictures_are_small(scheme: str, width: int) -> None:
    assert 0 < (PICTURES / f"agent-{scheme}-{width}.png").stat().st_size < LARGEST
