"""Mails on disk: one .eml file each, written atomically."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import default
from functools import cache
from itertools import takewhile
from pathlib import Path
from uuid import UUID

from kit.ids import created_at, new_id


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A stored mail; its `message` begins with the envelope: each Delivered-To, then Return-Path."""

    id: str
    message: EmailMessage

    @property
    def sender(self) -> str:
        return str(self.message.get("From", ""))

    @property
    def recipients(self) -> list[str]:
        """The recipients of the envelope, which can differ from the mail's headers."""
        envelope = takewhile(lambda header: header[0] != "Return-Path", self.message.items())
        return [str(recipient) for _, recipient in envelope]

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", ""))

    @property
    def received_at(self) -> datetime:
        """The time in its id."""
        return created_at(UUID(self.id))

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    def _body(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        if part is None:
            return ""
        try:
            return str(part.get_content()).replace("\r\n", "\n")
        except LookupError:  # unknown charset
            return bytes(part.get_payload(decode=True)).decode(errors="replace")


class Maildir:
    """A directory of stored mails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, *, sender: str, recipients: list[str], content: bytes) -> str:
        """Write the mail and return its id; after that it survives a SIGKILL."""
        envelope = [*(f"Delivered-To: {recipient}" for recipient in recipients), f"Return-Path: <{sender}>"]
        mail_id = str(new_id())
        draft = self._folder / f"{mail_id}.tmp"
        draft.write_bytes("".join(f"{line}\r\n" for line in envelope).encode() + content)
        draft.replace(self._path(mail_id))
        return mail_id

    def find(self, mail_id: str) -> StoredMail | None:
        path = self._path(mail_id)
        return _read(path) if path.is_file() else None

    def newest_first(self, *, to: str = "") -> list[StoredMail]:
        """All mails, or those with a recipient whose address contains `to` (ignoring case)."""
        paths = sorted(self._folder.glob("*.eml"), reverse=True)
        return [_read(path) for path in paths if not to or _is_to(path, to)]

    def _path(self, mail_id: str) -> Path:
        return self._folder / f"{mail_id}.eml"


# Addresses are only displayed: the standard library's address parsers raise on some valid mails.
_headers = HeaderRegistry(use_default_map=False)
for _name in ("content-type", "content-disposition", "content-transfer-encoding"):
    _headers.registry[_name] = HeaderRegistry().registry[_name]
HEADER_POLICY = default.clone(header_factory=_headers)


def _is_to(path: Path, part: str) -> bool:
    """Whether a recipient's address contains `part`. Reads the envelope only: parsing all mails takes seconds."""
    with path.open("rb") as lines:
        recipients = takewhile(lambda line: line.startswith(b"Delivered-To: "), lines)
        return any(part.lower() in line.decode(errors="replace").partition(": ")[2].lower() for line in recipients)


@cache
def _read(path: Path) -> StoredMail:
    message = message_from_bytes(path.read_bytes(), policy=HEADER_POLICY)
    assert isinstance(message, EmailMessage)
    return StoredMail(path.stem, message)
