"""Fills the database; the heavy part is done by PostgreSQL itself."""

import os

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand
from django.db import connection

SMALL, LARGE, OTHERS, OF_OTHERS = 20, 2_000, 400, 100
"""Invoices of the small and the large account; other companies, and the invoices of each."""


class Command(BaseCommand):
    """`seed`."""

    def handle(self, *args, **options):
        """Two companies that are looked at, and many others."""
        with connection.cursor() as cursor:
            for statement in STATEMENTS.split(";"):
                cursor.execute(statement, {"password": make_password(os.environ["PORTAL_PASSWORD"])})
            cursor.execute("ANALYZE")


STATEMENTS = f"""
INSERT INTO billing_company (name) SELECT 'Company ' || i FROM generate_series(1, {OTHERS + 2}) i;
INSERT INTO billing_user (email, password, company_id)
    SELECT 'user' || i || '@clients.example', %(password)s, 3 + i %% {OTHERS} FROM generate_series(1, 40000) i;
INSERT INTO billing_user (email, password, company_id)
    VALUES ('small@clients.example', %(password)s, 1), ('large@clients.example', %(password)s, 2);
INSERT INTO billing_customer (company_id, name)
    SELECT c, 'Customer ' || c || '/' || i FROM generate_series(1, {OTHERS + 2}) c, generate_series(1, 10) i
    ORDER BY c, i;
INSERT INTO billing_invoice (company_id, customer_id, number, status, amount, issued_on, note)
    SELECT c, (c - 1) * 10 + 1 + i %% 10, 'INV-' || c || '-' || i, (ARRAY['sent', 'paid', 'paid', 'paid'])[1 + i %% 4],
        100 + (i * 37 + c * 11) %% 9000, DATE '2026-01-01' - (i %% 700), repeat('Thank you for your order. ', 8)
    FROM generate_series(1, {OTHERS + 2}) c,
        generate_series(1, CASE c WHEN 1 THEN {SMALL} WHEN 2 THEN {LARGE} ELSE {OF_OTHERS} END) i ORDER BY i, c;
INSERT INTO billing_line (invoice_id, text, amount)
    SELECT id, 'Position ' || i, amount / 3 FROM billing_invoice, generate_series(1, 3) i;
INSERT INTO billing_document (company_id, name, file, size, sent_at)
    SELECT c, 'Contract ' || i || '.pdf', 'sent/none.pdf', 1000 + i, now() - i * interval '1 day'
    FROM generate_series(1, {OTHERS + 2}) c, generate_series(1, 30) i"""
