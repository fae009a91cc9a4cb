"""Private servers on loopback. Each is a child process that ends with its parent."""
