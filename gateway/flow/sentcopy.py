"""A job that keeps a copy of an answer that was sent: in a folder on an IMAP server, or by a mail to an address.

It is a job of its own, made in the commit that records the sending. Whatever becomes of it, the answer is not sent
again.
"""

from gateway.config.sentcopy import SentBcc, SentFolder
from gateway.errors import Permanent, Reason, Refused, Temporary
from gateway.flow.answer import mail_of, maker_of, read_answer, reply_to, routes_of
from gateway.flow.copies import copies_for
from gateway.flow.destination import destination
from gateway.flow.enclosure import WHATEVER_IS_THERE, fetch
from gateway.flow.outbound import envelope_sender
from gateway.flow.surroundings import Surroundings
from gateway.model import Event, Job, JobState, Reply
from gateway.sources.imap_keep import keep
from gateway.sources.imap_login import Login
from gateway.spool import delivery
from gateway.spool.jobs import Conclusion
from gateway.spool.spool import Spool


def keep_copy(job: Job, spool: Spool, around: Surroundings) -> Conclusion:
    """Run the job to its end. Errors of the family, never Refused, say why it did not get there, and that of a copy."""
    name = job.lane.partition(":")[2]
    try:
        place = _place(name, around)
        reply = _reply(job, spool, around)
        event = _kept(job, place, reply, around) if isinstance(place, SentFolder) else _sent(job, place, reply, around)
    except (Temporary, Refused) as error:
        delay = error.delay if isinstance(error, Temporary) else None
        raise Temporary(f"the copy in {name}: {error}", delay) from error
    except Permanent as error:
        raise Permanent(f"the copy in {name}: {error}", reason=error.reason) from error
    return Conclusion(JobState.DONE, (event,), attempts=job.attempts, result=reply.message_id, detail=job.detail)


def _place(name: str, around: Surroundings) -> SentFolder | SentBcc:
    place = next((one for one in around.settings.sent_copies if one.name == name), None)
    if place is None:
        raise Permanent(
            "there is no [[sent_folder]] or [[sent_bcc]] of that name in the settings any more",
            reason=Reason.SETTINGS_GONE,
        )
    return place


def _reply(job: Job, spool: Spool, around: Surroundings) -> Reply:
    """Call the answer to mind as it was sent. A picture that it was sent without is left out here as well."""
    source = spool.read(lambda connection: delivery.came_from(connection, job.subject))
    if source is None:
        raise Permanent("its answer is not in the spool any more", reason=Reason.CONTENT_MISSING)
    workspace, _ = source
    answer = read_answer(job.subject, spool)
    routes = routes_of(workspace, around)
    maker = maker_of(answer, routes, spool, around)
    goal = destination(answer, maker, workspace, routes)
    enclosed = fetch(answer, around.clients[workspace], around.settings.cention[workspace], WHATEVER_IS_THERE)
    return reply_to(job.subject, answer, goal, enclosed, around, copies_for(goal, maker, spool, around))


def _kept(job: Job, place: SentFolder, reply: Reply, around: Surroundings) -> Event:
    token = around.tokens[place.oauth] if place.oauth else None
    # The number of the lease tells whether anybody tried before: one that was stopped knows of no try.
    look = job.lease > 1
    mail = mail_of(reply, around)
    folder, new = keep(Login(place, token), place.folder, mail, reply.message_id, reply.date, look=look)
    detail = {"copy": place.name, "folder": folder, "server": place.host}
    return Event("copied", detail if new else detail | {"note": "it was there already"})


def _sent(job: Job, place: SentBcc, reply: Reply, around: Surroundings) -> Event:
    route = around.settings.route_named(job.route)
    sender = envelope_sender(reply.sender.email, job.subject, marked=False)
    names = route.smarthosts if route is not None else ()
    sending = around.transport.deliver(sender, [place.address], mail_of(reply, around), names=names)
    return Event("copied", {"copy": place.name, "to": place.address, "reply": sending.reply})
