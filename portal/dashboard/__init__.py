"""The first page: numbers and what waits for the reader."""
