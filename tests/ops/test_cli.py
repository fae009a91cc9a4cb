"""Error messages of the command line."""

import socket

import pytest

pytestmark = pytest.mark.processes

GONE = "127.0.0.1:1"
NOWHERE = {
    "ORDERX_DATABASE_URL": f"postgresql://app@{GONE}/orderx",
    "ORDERX_OPERATOR_DATABASE_URL": f"postgresql://operator@{GONE}/orderx",
    "ORDERX_BROKER_URL": f"amqp://guest:guest@{GONE}//",
}


@pytest.fixture
def said(run_command):
    """Runs the command where nothing answers: its exit code, and what it printed."""
    return lambda *words, **env: run_command(*words, env={**NOWHERE, **env})


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class TestOneLine:
    def test_is_printed_when_the_database_does_not_answer(self, said):
        code, line = said("saga", "list")
        assert (code, line.count("\n")) == (1, 1)
        assert line.startswith("orderx: the database does not answer: ")

    def test_is_printed_when_the_broker_does_not_answer(self, said):
        assert said("dead", "list") == (1, "orderx: the broker does not answer: [Errno 111] Connection refused\n")

    @pytest.mark.rabbitmq
    def test_is_printed_when_the_broker_refuses_the_login(self, said, rabbitmq):
        stranger = rabbitmq.url.replace("amqp://", "amqp://stranger:", 1)
        code, line = said("dead", "list", ORDERX_BROKER_URL=stranger)
        assert (code, line.count("\n")) == (1, 1)
        assert "ACCESS_REFUSED" in line

    def test_is_printed_when_a_setting_is_wrong(self, said):
        assert said("saga", "list", ORDERX_POOL_SIZE="0") == (
            1, "orderx: ORDERX_POOL_SIZE: Input should be greater than or equal to 1\n",
        )  # fmt: skip

    def test_is_printed_when_a_port_is_in_use(self, said, taken):
        code, line = said("flower", "--port", taken)
        assert (code, line.splitlines()[-1]) == (
            1, "orderx: cannot listen at this address, use another --host or --port: Address already in use",
        )  # fmt: skip

    @pytest.mark.parametrize("named", ["moon", "saga,moon", "saga,"])
    def test_is_printed_for_an_unknown_queue(self, said, named):
        code, line = said("worker", "--queues", named)
        assert (code, line.count("\n")) == (1, 1)
        assert line.startswith(f"orderx: no queue is called '{named.rpartition(',')[2]}'; there are saga, ")

    def test_is_printed_when_a_directory_is_not_writable(self, said):
        assert said("inbox", "--maildir", "/proc/mail") == (1, "orderx: /proc/mail: No such file or directory\n")


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["worker", "--pool", "bananas"], "'bananas' is not one of 'solo', 'prefork', 'threads'"),
            (["worker", "--concurrency", "0"], "greater than or equal to 1"),
            (["worker", "--queues", ""], "'--queues': it is blank"),
            (["chaos", "--targets", " "], "'--targets': it is blank"),
            (["saga", "list", "--stuck", "--step", ""], "'--step': it is blank"),
            (["saga", "retry", "--all", "--reason", "x", "--by", ""], "'--by': it is blank"),
            (["api", "--port", "99999"], "less than or equal to 65535"),
            (
                ["saga", "list", "--state", "over"],
                "there is no state over; there are running, waiting, finishing, done",
            ),
        ],
    )
    def test_is_explained_with_exit_code_2(self, said, words, message):
        code, line = said(*words)
        assert (code, line.count("\n")) == (2, 1)
        assert message in line
