"""The inbox's web pages, and its mails as JSON for scripts."""

from flask import Flask, Response, abort, jsonify, render_template, request

from ops import host_names
from ops.inbox.maildir import Maildir, StoredMail
from ops.inbox.smtp import DEFERRED, REFUSED

PAGE_SIZE = 50
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def create_app(maildir: Maildir, *, trusted_hosts: tuple[str, ...] = ()) -> Flask:
    """The app over one directory of mails; it accepts the host names of loopback, and `trusted_hosts`."""
    app = Flask(__name__)
    host_names.restrict(app, trusted_hosts)
    app.jinja_env.globals |= {"refused": REFUSED, "deferred": DEFERRED}

    @app.get("/")
    def index() -> str:
        to, page = request.args.get("to", "").strip(), max(request.args.get("page", 1, type=int), 1)
        mails = maildir.newest_first(to=to)
        shown = mails[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        return render_template(
            "index.html", mails=shown, count=len(mails), to=to, page=page, more=page * PAGE_SIZE < len(mails)
        )

    @app.get("/mails/<uuid:mail_id>")
    def mail(mail_id: object) -> str:
        return render_template("mail.html", mail=_find_or_404(maildir, mail_id))

    @app.get("/mails/<uuid:mail_id>/html")
    def html(mail_id: object) -> Response:
        return Response(_find_or_404(maildir, mail_id).html, headers={"Content-Security-Policy": MAIL_POLICY})

    @app.get("/messages.json")
    def messages() -> Response:
        return jsonify([_json(mail) for mail in maildir.newest_first(to=request.args.get("to", "").strip())])

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return app


def _find_or_404(maildir: Maildir, mail_id: object) -> StoredMail:
    return maildir.find(str(mail_id)) or abort(404)


def _json(mail: StoredMail) -> dict[str, str]:
    return {
        "id": mail.id,
        "message_id": str(mail.message.get("Message-ID", "")),
        "from": mail.sender,
        "to": ", ".join(mail.recipients),
        "subject": mail.subject,
        "occasion": str(mail.message.get("X-OrderX-Occasion", "")),
        "received_at": mail.received_at.isoformat(),
        "text": mail.text,
    }
