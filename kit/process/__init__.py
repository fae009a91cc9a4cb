"""The running process: logs, metrics, health checks, outages, failpoints and garbage collection."""
