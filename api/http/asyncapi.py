"""The AsyncAPI 3.0 document of all events: how they are named, and what they contain."""

from functools import cache
from importlib import metadata
from typing import Any

from flask import Blueprint, Response, json
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from kit.db import Json
from kit.messaging import events
from kit.messaging.events import Event
from saga.reactions.event_catalogue import catalogue

INTRODUCTION = """\
What happens in OrderX, as [CloudEvents 1.0](https://cloudevents.io) in JSON.

Every event is published to the topic exchange `ecommerce_exchange` of RabbitMQ; its type is also its routing key.
To receive events, bind a queue of your own: `order.*` for all events of orders, `#` for all events.
An event is delivered at least once, so ignore an `id` that you have seen. Later releases may add events and fields.
Payloads contain ids, and no names, addresses or numbers of people. Amounts are integers in minor units."""
CONTENT_TYPE = "application/cloudevents+json"
_TEXT = {"type": "string"}
_UUID = {"type": "string", "format": "uuid"}
_CLOUD_EVENT = {
    "type": "object",
    "description": "The attributes of all events (CloudEvents 1.0).",
    "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_UUID, "description": "Unique, and the same if the event is delivered again."},
        "source": {"type": "string", "format": "uri-reference"},
        "type": _TEXT,
        "subject": {**_UUID, "description": "The id of what the event is about."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "companyid": {**_UUID, "description": "The company that the event belongs to. Events of users have none."},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{10}$",
            "description": "Orders the events about a subject, as text. It grows, with gaps; some events have none.",
        },
        "requestid": {"type": "string", "description": "The id of the request that caused the event."},
        "traceparent": {"type": "string", "description": "The trace of that request, or of a run of a schedule (W3C)."},
        "correlationid": {**_UUID, "description": "The first event of the chain, if reactions led to this event."},
        "causationid": {**_UUID, "description": "The event that led to this one, by a reaction or a saga."},
        "hops": {
            "type": "integer",
            "minimum": 1,
            "description": "The number of reactions since the first event.",
        },
        "data": {"type": "object"},
    },
}

blueprint = Blueprint("asyncapi", __name__)


class _Schemas(GenerateJsonSchema):
    """Schemas without titles, which only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never. Pydantic calls this."""
        del schema
        return False


@blueprint.get("/api/asyncapi.json")
def show() -> Response:
    """Show the document."""
    return Response(json.dumps(document(), sort_keys=False), content_type="application/json")


@cache
def document() -> Json:
    """The document, with a channel, an operation and a message for each event of the catalogue."""
    declared = [entry.event for entry in catalogue().values()]
    payloads, schemas = _payload_schemas(declared)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "OrderX events",
            "version": metadata.version("orderx"),
            "description": INTRODUCTION,
            "tags": [{"name": group} for group in dict.fromkeys(event.group for event in declared)],
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {event.name: _channel(event) for event in declared},
        "operations": {event.name: _operation(event) for event in declared},
        "components": {
            "messages": {event.name: _message(event, payloads[event.payload]) for event in declared},
            "schemas": {"CloudEvent": _CLOUD_EVENT, **schemas},
        },
    }


def _payload_schemas(declared: list[Event[Any]]) -> tuple[dict[type, Json], Json]:
    """The schema of each payload type, and all schemas that these refer to."""
    types = dict.fromkeys(event.payload for event in declared)
    by_type, definitions = TypeAdapter.json_schemas(
        [(each, "serialization", TypeAdapter(each)) for each in types],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Schemas,
    )
    return {each: by_type[each, "serialization"] for each in types}, definitions["$defs"]


def _channel(event: Event[Any]) -> Json:
    exchange = {"name": events.EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": event.name,
        "messages": {event.name: {"$ref": f"#/components/messages/{event.name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _operation(event: Event[Any]) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{event.name}"},
        "summary": event.summary,
        "messages": [{"$ref": f"#/channels/{event.name}/messages/{event.name}"}],
    }


def _message(event: Event[Any], payload: Json) -> Json:
    company = {"required": ["companyid"]}
    own = {"properties": {"type": {"const": event.name}, "data": payload}}
    return {
        "name": event.name,
        "summary": event.summary,
        "contentType": CONTENT_TYPE,
        "tags": [{"name": event.group}],
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                own,
                company if event.of_company else {"not": company},
            ]
        },
    }
