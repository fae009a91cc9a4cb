from workers.broker import starting_at_node


class TestStartingAtNode:
    def test_puts_each_node_first_in_turn(self):
        assert [starting_at_node("a;b;c", number) for number in range(4)] == ["a;b;c", "b;c;a", "c;a;b", "a;b;c"]
