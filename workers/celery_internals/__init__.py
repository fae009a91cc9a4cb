"""Everything that overrides Celery's own classes. Written for Celery 5.7 and kombu 5.7.

| ours | overrides | why | since |
|---|---|---|---|
| `batching.BatchTask.Strategy` | `Task.Strategy` | one transaction for many messages | always |
| `acks.BatchedAcks.add`, `flush` | one `Message.ack` per message | one frame for a batch | always |
| `acks.BatchedAcks.ack`, `reject` | `Message.ack`, `Message.reject` | they count as finished for that frame | always |
| `consumer.DeadLetteringConsumer` | `Consumer.on_decode_error`, `on_unknown_message`, `on_invalid_task`, \
`create_task_handler` | Celery loses such messages, or logs their bodies | always |
| same | `Consumer.on_unknown_task` | a step of another release's saga goes back to the outbox | always |
| same | `Consumer.on_connection_error_after_connected` | Celery waits for a broker that hangs | always |
| same | `Consumer.connection_for_read`, `connection_for_write` | after a loss, start at another node | always |
| same | `Consumer.Blueprint` | native delayed delivery declares 28 queues at each start | Celery 5.5 |
| `connection.FastReconnectConnection` | `kombu.Connection.ensure_connection` | retry after 2 s, not 30 | always |
| `connection.FastReconnectAMQP` | `AMQP.Connection` | makes Celery use that connection | always |
| `backend.JournalBackend` | `BaseBackend.apply_chord`, `on_chord_part_return` | the journal joins chords | always |
| `logged_task.LoggedTask` | `Task.__call__` | log lines with the task's ids | always |
| `logging` | `celery.apps.worker.safe_say`, the signal `setup_logging` | every line as JSON | always |
| `liveness.LivenessStep` | nothing: a boot step | the container's health check | always |

`since`: the release of Celery that gives the reason; `always` where every release does.
tests/workers/celery_internals/test_signatures.py compares the overridden methods with Celery's.
"""
