"""The checklist a new client company works through."""
