"""Views of a report, one renderer a file."""
