"""Files with a table: CSV (RFC 4180) and JSON lines, read in parts of any size and written safely."""
