"""Users, sessions, second factors, links in mails."""
