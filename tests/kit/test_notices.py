import os
import socket

import psycopg

from kit import notices


class TestListening:
    def test_hears_what_is_said_and_finds_out_when_it_is_cut_off(self, database):
        with notices.listening(os.environ["ORDERX_DATABASE_URL"], "orderx_test") as listener:
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("NOTIFY orderx_test, 'hello'")
            assert [each.payload for each in listener.notifies(timeout=10, stop_after=1)] == ["hello"]
            with socket.socket(fileno=os.dup(listener.fileno())) as line:
                assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 10
