"""Looking at everything before anyone's mail depends on it: names, certificates, tokens, a login to every server.

Nothing is sent and nothing is created.
"""

import json
import socket
import ssl
import time
from collections.abc import Iterator

from gateway.cention.resource import ATTACHMENTS
from gateway.cention.token import day
from gateway.config.cention import Workspace
from gateway.config.units import Secret
from gateway.errors import GatewayError, Permanent, Refused
from gateway.finding import Finding, State
from gateway.flow.tokens import standing
from gateway.model import Resource
from gateway.outgoing.dkim_dns import published, txt_of
from gateway.outgoing.smarthost import Smarthost, try_login
from gateway.plan import Plan
from gateway.reach import reach
from gateway.sources.imap_keep import place
from gateway.sources.imap_login import Login
from gateway.spool.spool import Spool

_SOON_DAYS = 14


def check(plan: Plan) -> list[Finding]:
    """Look at everything that the settings name."""
    settings = plan.settings
    findings = [Finding("settings", "ok", f"{len(settings.route)} routes, {len(settings.cention)} workspaces")]
    findings += [_spool(settings.gateway.spool), _hostname(settings.gateway.hostname)]
    if settings.smtp.tls_certificate:
        findings.append(_certificate(settings.smtp.tls_certificate))
    for route in settings.route:
        workspace = settings.cention[route.workspace]
        findings.append(_token(f"token of route {route.name}", route.token, workspace))
    for name, workspace in settings.cention.items():
        findings += [_token(f"attachment token of workspace {name}", workspace.attachment_token, workspace)]
        findings.append(_cention(plan, name))
        if not workspace.callback_secrets:
            findings.append(
                Finding(f"callback of workspace {name}", "warning", "no callback_secrets: anyone may post answers")
            )
    findings += _smarthosts(plan)
    findings += _signatures(plan)
    findings += _sent_folders(plan)
    return findings + reach(plan)


def _spool(url: str) -> Finding:
    try:
        spool = Spool(url)
        try:
            name, doubts = spool.name, spool.doubts()
        finally:
            spool.close()
    except GatewayError as error:
        return Finding("spool", "wrong", str(error))
    if doubts:
        return Finding("spool", "warning", "; ".join(doubts))
    return Finding("spool", "ok", f"{name} can be written")


def _hostname(name: str) -> Finding:
    try:
        found = {info[4][0] for info in socket.getaddrinfo(name, None)}
    except OSError as error:
        return Finding(f"hostname {name}", "warning", f"has no address in DNS: {error.strerror}")
    return Finding(f"hostname {name}", "ok", ", ".join(sorted(map(str, found))))


def _certificate(path: str) -> Finding:
    what = f"certificate {path}"
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        ends = [ssl.cert_time_to_seconds(str(one["notAfter"])) for one in context.get_ca_certs() if "notAfter" in one]
    except (OSError, ValueError) as error:
        return Finding(what, "wrong", f"cannot be read: {error}")
    if not ends:
        return Finding(what, "ok", "can be used")
    days = (min(ends) - time.time()) / 86400
    state: State = "wrong" if days <= 0 else "warning" if days < _SOON_DAYS else "ok"
    return Finding(what, state, _ending(min(ends), days))


def _token(what: str, secret: Secret, workspace: Workspace) -> Finding:
    found = standing(what, secret, workspace, time.time())
    if found.trouble:
        return Finding(what, "wrong", found.trouble)
    if found.claims is None:
        return Finding(what, "warning", f"from {found.source}; it is no JWT, so its claims and end are not known")
    said = f"from {found.source}, claims {json.dumps(found.claims.shown(), ensure_ascii=False)}"
    if found.claims.expires is None or found.days is None:
        return Finding(what, "ok", f"{said}; it does not expire")
    state: State = "wrong" if found.days <= 0 else "warning" if found.soon else "ok"
    return Finding(what, state, f"{said}; {_ending(found.claims.expires, found.days)}")


def _ending(end: float, days: float) -> str:
    return f"expired on {day(end)}" if days <= 0 else f"good until {day(end)}, {days:.0f} days"


def _cention(plan: Plan, name: str) -> Finding:
    """Ask for an attachment that cannot exist: "not found" means that server and token work."""
    what = f"Cention {plan.settings.cention[name].url}"
    try:
        token = plan.settings.cention[name].attachment_token.value()
        plan.around.clients[name].fetch(Resource(ATTACHMENTS, "0"), token)
    except Permanent:
        return Finding(what, "ok", "answers, and knows the attachment token")
    except Refused as error:
        return Finding(what, "wrong", f"refuses the attachment token: {error}")
    except GatewayError as error:
        return Finding(what, "wrong", str(error))
    return Finding(what, "ok", "answers, and knows the attachment token")


def _smarthosts(plan: Plan) -> Iterator[Finding]:
    if not plan.around.smarthosts:
        yield Finding("smarthosts", "wrong", "outgoing.smarthosts is empty: no answer can leave")
    for smarthost in plan.around.smarthosts:
        yield _smarthost(smarthost, plan)


def _smarthost(smarthost: Smarthost, plan: Plan) -> Finding:
    what = f"smarthost {smarthost.address}"
    try:
        said = try_login(smarthost, hostname=plan.settings.gateway.hostname, timeout=20.0, tls=plan.around.tls)
    except GatewayError as error:
        return Finding(what, "wrong", str(error))
    return Finding(what, "ok", said)


def _signatures(plan: Plan) -> Iterator[Finding]:
    look_up = txt_of()
    for signer in plan.around.keys:
        found = published(signer, look_up)
        yield Finding(f"DKIM key {signer.selector} of {signer.domain}", found.state, found.said)


def _sent_folders(plan: Plan) -> Iterator[Finding]:
    for one in plan.settings.sent_folder:
        what = f"sent copies in {one.name}"
        try:
            name, there = place(Login(one, plan.token_of(one.oauth) if one.oauth else None), one.folder)
        except GatewayError as error:
            yield Finding(what, "wrong", str(error))
        else:
            yield Finding(what, "ok", f"folder {name} at {one.host}{'' if there else ', which will be made'}")
