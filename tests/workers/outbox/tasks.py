"""Task messages for the outbox, as the engine writes them."""

from kit.ids import new_id


def a_task(name: str = "inventory.reserve_stock") -> dict:
    return {"task": name, "id": str(new_id()), "root": str(new_id()), "kwargs": {"saga_id": str(new_id())}}
