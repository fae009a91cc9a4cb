"""The API's HTTP server: gunicorn, with an event loop that reads complete requests before a thread serves them."""
