"""A proxy carries bytes both ways until it is cut or hangs."""

import socket
import threading

import pytest

from ops.chaos.tcp_proxy import TcpProxy
from ops.services.ports import LOOPBACK, free_port

TIMEOUT = 10
SILENCE = 0.3


@pytest.fixture
def echo():
    """The port of a server that says everything back."""
    with socket.create_server((LOOPBACK, 0)) as server:
        threading.Thread(target=answer, args=[server], daemon=True).start()
        yield server.getsockname()[1]


def answer(server):
    def repeat(connection):
        with connection:
            try:
                while received := connection.recv(4096):
                    connection.sendall(received)
            except OSError:
                pass

    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=repeat, args=[connection], daemon=True).start()


@pytest.fixture
def proxy(echo):
    proxy = TcpProxy(echo)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def dial(proxy):
    """Makes connections over the proxy, and closes them."""
    made = []

    def connect():
        made.append(socket.create_connection((LOOPBACK, proxy.port), timeout=TIMEOUT))
        return made[-1]

    yield connect
    for each in made:
        each.close()


def says(connection, words, *, within=TIMEOUT):
    connection.settimeout(within)
    connection.sendall(words)
    return connection.recv(4096) == words


class TestTcpProxy:
    def test_carries_bytes_both_ways(self, dial):
        first, second = dial(), dial()
        assert says(first, b"one")
        assert says(second, b"two")

    def test_closes_one_end_when_the_other_closes(self, echo, proxy, dial):
        connection = dial()
        assert says(connection, b"hello")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""

    def test_breaks_connections_and_refuses_new_ones_once_cut(self, proxy, dial):
        connection = dial()
        assert says(connection, b"hello")
        proxy.cut()
        with pytest.raises(ConnectionError):
            says(connection, b"still there?")
            says(connection, b"still there?")
        with pytest.raises(ConnectionRefusedError):
            dial()

    def test_takes_new_connections_once_restored(self, proxy, dial):
        proxy.cut()
        proxy.restore()
        assert says(dial(), b"hello")

    def test_delivers_bytes_sent_while_it_hangs_once_restored(self, proxy, dial):
        connection = dial()
        assert says(connection, b"before")
        proxy.hang()
        with pytest.raises(TimeoutError):
            says(connection, b"meanwhile", within=SILENCE)
        newcomer = dial()
        with pytest.raises(TimeoutError):
            says(newcomer, b"anybody?", within=SILENCE)
        proxy.restore()
        for each, said in ((connection, b"meanwhile"), (newcomer, b"anybody?")):
            each.settimeout(TIMEOUT)
            assert each.recv(4096) == said

    def test_can_be_cut_while_it_hangs(self, proxy, dial):
        connection = dial()
        assert says(connection, b"hello")
        proxy.hang()
        proxy.cut()
        connection.settimeout(TIMEOUT)
        with pytest.raises(ConnectionError):
            connection.recv(1)
        proxy.restore()
        assert says(dial(), b"again")

    def test_closes_connections_when_the_server_is_gone(self):
        proxy = TcpProxy(free_port())
        proxy.start()
        try:
            calling = socket.create_connection
            with pytest.raises(ConnectionError), calling((LOOPBACK, proxy.port), timeout=TIMEOUT) as connection:
                connection.recv(1)  # hung up by now, if not while calling
        finally:
            proxy.stop()

    def test_can_forward_new_connections_to_another_server(self, proxy, dial):
        staying = dial()
        assert says(staying, b"hello")
        with socket.create_server((LOOPBACK, 0)) as other:
            proxy.set_target(other.getsockname()[1])
            moved = dial()
            moved.sendall(b"here?")
            connection, _ = other.accept()
            with connection:
                assert connection.recv(4096) == b"here?"
            assert says(staying, b"still here")

    def test_rewrites_urls_of_its_server_only(self, proxy, echo):
        assert proxy.reroute(f"amqp://u:p@127.0.0.1:{echo}//") == f"amqp://u:p@127.0.0.1:{proxy.port}//"
        assert proxy.reroute("http://127.0.0.1:1") == "http://127.0.0.1:1"
