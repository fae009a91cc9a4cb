from workers.broker import with_node_first


class TestStartingAtNode:
    def test_puts_each_node_first_in_turn(self):
        assert [with_node_first("a;b;c", number) for number in range(4)] == ["a;b;c", "b;c;a", "c;a;b", "a;b;c"]
