"""What comes after the commit, on the server: in the same row of commands as the fetching, and made up for later."""

from functools import partial

from gateway.sources.imap_after import After, Step
from gateway.sources.imap_clerk import Clerk
from gateway.sources.imap_dialog import Answered, Dialog
from gateway.sources.imap_folder import chunks
from gateway.sources.imap_progress import COPIED, TAKEN, Progress


class Finish:
    """Does with messages what the settings want. `trouble` is what the server said to it, "" for nothing.

    A message stays marked until the server has said yes, so what fails is done later, and no message is taken again.
    """

    def __init__(self, dialog: Dialog, progress: Progress, clerk: Clerk, after: After) -> None:
        self.trouble = ""
        self.does_something = after.does_something
        self._dialog = dialog
        self._progress = progress
        self._clerk = clerk
        self._after = after

    def begin(self, uids: list[int]) -> None:
        """Have it done with messages that are ours now."""
        for some in chunks(uids):
            self._do(some, self._after.steps(some))

    def make_up(self) -> None:
        """Do what was not done, because the server refused it or we were stopped."""
        self.trouble = ""
        self._clerk.wait()
        for state in (COPIED, TAKEN):
            for some in chunks(self._progress.to_finish(state)):
                if self.does_something:
                    self._do(some, self._after.steps(some, half_done=state == COPIED))
                else:
                    self._clerk.note(self._progress.finished, some)
        self._dialog.catch_up()
        self._clerk.wait()

    def _do(self, uids: list[int], steps: list[Step]) -> None:
        self._dialog.plan(steps[0].command, partial(self._done, uids, steps))

    def _done(self, uids: list[int], steps: list[Step], answered: Answered) -> None:
        step, *rest = steps
        if answered.status != "OK":
            self._refused(uids, steps, answered.text)
            return
        if step.half:
            self._clerk.note(self._progress.half_finished, uids)
        if rest:
            self._do(uids, rest)
        else:
            self._clerk.note(self._progress.finished, uids)

    def _refused(self, uids: list[int], steps: list[Step], text: str) -> None:
        """Make the folder that is not there (RFC 3501 7.1, TRYCREATE), or leave it for later."""
        if "[TRYCREATE]" in text.upper() and not self.trouble:
            self._dialog.plan(self._after.creation().command, partial(self._created, uids, steps))
        self.trouble = f"{steps[0].command.split()[1]}: {text}"

    def _created(self, uids: list[int], steps: list[Step], answered: Answered) -> None:
        if answered.status == "OK":
            self.trouble = ""
            self._do(uids, steps)
        else:
            self.trouble = f"CREATE: {answered.text}"
