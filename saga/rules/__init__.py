"""Rules for all sagas: which version new sagas get, and what a command does while another saga is open."""
