"""Messages: the transactional outbox, the inbox, and PostgreSQL's LISTEN/NOTIFY."""
