"""Releases (C5, C6, X2): built, migrated, made live, rolled back, rehearsed, by one path that a journal can replay."""
