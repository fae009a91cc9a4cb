"""Long work of the areas, in slices: an area's jobs are declared in `saga/jobs/<area>.py`."""
