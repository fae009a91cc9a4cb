"""Infrastructure without business rules: database, messaging, processes, tenancy, money, time, settings."""
