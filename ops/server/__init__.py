"""The HTTP server of the API: gunicorn, with an event loop that reads requests whole before a thread takes them."""
