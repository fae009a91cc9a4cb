import os
import socket

import psycopg

from kit.messaging import pg_notify


class TestListen:
    def test_receives_notifications_and_has_tcp_keepalive(self, database):
        with pg_notify.listen(os.environ["ORDERX_DATABASE_URL"], "orderx_test") as listener:
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("NOTIFY orderx_test, 'hello'")
            assert [notification.payload for notification in listener.notifies(timeout=10, stop_after=1)] == ["hello"]
            with socket.socket(fileno=os.dup(listener.fileno())) as duplicate:
                assert duplicate.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 10
