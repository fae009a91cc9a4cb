"""The options that select incidents; a name that no definition has is refused, because it would select nothing."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ops.commands.output import not_blank

if TYPE_CHECKING:
    from saga.incidents.queries import IncidentFilter


def _declared_saga(name: str | None) -> str | None:
    not_blank(name)
    from saga.registry import SAGAS

    names = sorted({saga.name for saga in SAGAS})
    if name is not None and name not in names:
        raise typer.BadParameter(f"no saga is called '{name}'; there are {', '.join(names)}")
    return name


def _declared_step(name: str | None) -> str | None:
    not_blank(name)
    from saga.registry import SAGAS

    names = sorted({step for saga in SAGAS for step in (*saga.steps, *saga.waits)})
    if name is not None and name not in names:
        raise typer.BadParameter(f"no step is called '{name}'; there are {', '.join(names)}")
    return name


Step = Annotated[
    str | None, typer.Option(help="Only sagas stuck in this step, or in its undo.", callback=_declared_step)
]
Error = Annotated[str | None, typer.Option(help="Only sagas stuck with this error code.", callback=not_blank)]
SagaName = Annotated[
    str | None, typer.Option(help="Only sagas of this name, such as place_order.", callback=_declared_saga)
]
Company = Annotated[UUID | None, typer.Option(help="Only sagas of the company with this id.")]


def incident_filter(*, step: str | None, error: str | None, saga: str | None, company: UUID | None) -> "IncidentFilter":
    """The filter that these options describe. Needs the operator's transaction; raises NotFound for the company."""
    from domain.companies import queries
    from domain.companies.errors import CompanyNotFound
    from kit.errors import NotFound
    from saga.incidents.queries import IncidentFilter

    try:
        if company is not None:
            queries.the_company(company_id=company)
    except CompanyNotFound:
        raise NotFound(f"--company: no company has the id {company}") from None
    return IncidentFilter(step, error, saga, company)
