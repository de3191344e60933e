"""What an agent does. Each act is a form, and its answer leads back to the page: nothing here needs a script."""

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.simulator.desk import Desk, Nowhere
from gateway.simulator.errand import Errand
from gateway.simulator.pages import composed
from gateway.simulator.pages.composed import Written
from gateway.simulator.pages.show import Show

MOST_FILES, MOST_FIELDS, MOST_TEXT = 50, 100, 4 * 1024 * 1024
MOST_TIMES = 10


class Acts:
    """The handlers of what is written; each takes the errand of its address."""

    def __init__(self, desk: Desk, show: Show) -> None:
        self._desk = desk
        self._show = show

    async def answer(self, request: Request) -> Response:
        """Send what stands in the form; what cannot be sent is shown again with the reason."""
        errand = self._desk.errand(request.path_params["id"])
        if errand is None:
            return self._show.missing()
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_TEXT) as form:
            written, files = composed.read(form), await composed.uploads(form)
            times = 2 if form.get("times") == "2" else 1
        try:
            posted = await self._desk.answer(errand.id, composed.answer(written, files), times)
        except (ValueError, Nowhere) as wrong:
            sentence = f"{wrong} The files have to be chosen again." if files else str(wrong)
            return self._again(request, errand, written, 422, wrong=sentence)
        return self._back(request, errand, f"answer-{posted.answer.number}")

    async def fail(self, request: Request) -> Response:
        """Have the next callback lost; a text that was begun stays in the form."""
        errand = self._desk.errand(request.path_params["id"])
        if errand is None:
            return self._show.missing()
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_TEXT) as form:
            written = composed.read(form)
        self._desk.fail_next()
        if written == Written():
            return self._back(request, errand, "answer-text")
        return self._again(request, errand, written, 200, notice="The next callback will be lost. Nothing is sent yet.")

    async def repeat(self, request: Request) -> Response:
        """Send the callback of an answer again."""
        errand = self._desk.errand(request.path_params["id"])
        if errand is None:
            return self._show.missing()
        async with request.form() as form:
            number = str(form.get("number", ""))
        try:
            posted = await self._desk.repeat(errand.id, int(number) if re.fullmatch("[0-9]{1,9}", number) else 0)
        except Nowhere as wrong:
            return self._again(request, errand, Written(), 409, wrong=str(wrong))
        return self._back(request, errand, f"answer-{posted.answer.number}")

    async def close(self, request: Request) -> Response:
        """Close the errand; no callback comes of it."""
        errand = self._desk.errand(request.path_params["id"])
        if errand is None:
            return self._show.missing()
        self._desk.close(errand.id)
        return self._back(request, errand, "closing")

    def _back(self, request: Request, errand: Errand, part: str) -> Response:
        where = self._show.where(request, errand)
        return RedirectResponse(f"/errands/{errand.id}{where.suffix}#{part}", 303)

    def _again(
        self, request: Request, errand: Errand, written: Written, status: int, *, wrong: str = "", notice: str = ""
    ) -> Response:
        where = self._show.where(request, errand)
        return self._show.desk_page(where, errand, status, written=written, wrong=wrong, notice=notice)
