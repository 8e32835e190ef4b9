"""The edge as code (B4, B7): what `[edge]` wants, compared with what is there, applied in a safe order, undone."""
