"""Celery calls the overridden methods with arguments that they accept: a new Celery release shows here first."""

import inspect

import pytest
from celery.app.amqp import AMQP
from celery.app.task import Task
from celery.apps import worker
from celery.backends.base import BaseBackend
from celery.bootsteps import ConsumerStep, StartStopStep
from celery.worker import strategy
from celery.worker.consumer import Consumer
from kombu import Connection
from kombu.message import Message

from workers.celery_internals.backend import JournalBackend
from workers.celery_internals.batching import BatchTask
from workers.celery_internals.connection import FastReconnectAMQP, FastReconnectConnection
from workers.celery_internals.consumer import DeadLetteringConsumer
from workers.celery_internals.liveness import LivenessStep
from workers.celery_internals.logged_task import LoggedTask
from workers.events.consumer import EventConsumers

OVERRIDES = [
    (DeadLetteringConsumer, Consumer), (JournalBackend, BaseBackend), (FastReconnectConnection, Connection),
    (LivenessStep, StartStopStep), (EventConsumers, ConsumerStep), (LoggedTask, Task),
]  # fmt: skip

SIGNATURES = {
    Consumer.connection_for_read: "(self, heartbeat=None)",
    Consumer.connection_for_write: "(self, url=None, heartbeat=None)",
    Consumer.on_connection_error_after_connected: "(self, exc)",
    Consumer.on_decode_error: "(self, message, exc)",
    Consumer.on_unknown_message: "(self, body, message)",
    Consumer.on_unknown_task: "(self, body, message, exc)",
    Consumer.on_invalid_task: "(self, body, message, exc)",
    BaseBackend.apply_chord: "(self, header_result_args, body, **kwargs)",
    BaseBackend.on_chord_part_return: "(self, request, state, result, **kwargs)",
    Message.ack_log_error: "(self, logger, errors, multiple=False)",
    Message.reject_log_error: "(self, logger, errors, requeue=False)",
    Task.start_strategy: "(self, app, consumer, **kwargs)",
}
"""What Celery 5.7 and kombu 5.7 declare. Where this differs, read what has changed and adapt the override."""


def overridden(cls, base):
    return [name for name, value in vars(cls).items() if inspect.isfunction(value) and hasattr(base, name)]


@pytest.mark.parametrize("method", SIGNATURES, ids=lambda method: method.__qualname__)
def test_celery_declares_the_method_as_it_did(method):
    assert str(inspect.signature(method)) == SIGNATURES[method]


@pytest.mark.parametrize(
    ("cls", "base", "name"),
    [(cls, base, name) for cls, base in OVERRIDES for name in overridden(cls, base) if name != "__init__"],
)
def test_an_override_accepts_what_celery_passes(cls, base, name):
    arguments = [
        parameter.name
        for parameter in inspect.signature(getattr(base, name)).parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    inspect.signature(getattr(cls, name)).bind(*arguments)


def test_a_batch_tasks_strategy_accepts_celerys_arguments():
    ours, celerys = (list(inspect.signature(each).parameters) for each in (BatchTask.Strategy, strategy.default))
    assert ours[1:] == celerys[:3]


def test_celerys_amqp_layer_takes_its_connection_from_the_attribute_that_is_replaced():
    assert AMQP.Connection is Connection
    assert FastReconnectAMQP.Connection is FastReconnectConnection


def test_only_native_delayed_delivery_is_taken_out_of_the_boot_steps():
    steps = set(Consumer.Blueprint.default_steps) - set(DeadLetteringConsumer.Blueprint.default_steps)
    assert steps == {"celery.worker.consumer.delayed_delivery:DelayedDelivery"}


def test_celerys_signal_handlers_print_with_the_function_that_is_replaced():
    assert "safe_say(" in inspect.getsource(worker._shutdown_handler)
    assert list(inspect.signature(worker.safe_say).parameters) == ["msg", "f"]
