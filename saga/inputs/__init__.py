"""What steps take besides ids, by the area of the sagas' subject: each function loads it for many subjects at once."""
