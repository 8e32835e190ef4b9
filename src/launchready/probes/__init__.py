"""The only code that looks outside: each fact once per run, bounded, failures as values."""
