"""Companies, their invoices and documents."""
