"""Who may call the endpoints of `api.imports`, and what the tests send to them."""

from domain.imports import uploads
from kit import db
from kit.tabular.formats import FileFormat
from tests.factories import acting_for

POLICY = """
endpoint                        super_admin  company_admin  shop_manager  staff  customer  suspended
imports.create_import           yes          yes            -             -      -         -
imports.list_imports            company      company        -             -      -         yes
imports.get_import              company      company        -             -      -         yes
imports.upload_import_file      company      company        -             -      -         -
imports.start_import            company      company        -             -      -         -
imports.download_import_errors  company      company        -             -      -         yes
"""

BODIES = {
    "imports.create_import": {"kind": "customers", "policy": "good_rows"},
    "imports.upload_import_file": {"any": "bytes"},
    "imports.start_import": {},
}

LISTED = {"imports.list_imports": "import_id"}


def rows(at):
    with db.transaction(acting_for(at.company)):
        created = uploads.create(
            company_id=at.company.id, kind="customers", file_format=FileFormat(), columns={}, policy="good_rows",
            dry_run=False,
        )  # fmt: skip
        uploads.put_part(import_id=created.id, part=0, content=b"name,email\n")
    return {"import": created}
