"""What OrderX does about its events: an area's reactions are declared in `saga/reactions/<area>.py`."""
