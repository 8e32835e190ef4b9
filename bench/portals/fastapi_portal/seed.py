"""Makes the tables and fills them; the heavy part is done by PostgreSQL itself."""

import os
import secrets

from models import Base, engine
from security import hashed
from sqlalchemy import text

SMALL, LARGE, OTHERS, OF_OTHERS = 20, 2_000, 400, 100
"""Invoices of the small and the large account; other companies, and the invoices of each."""

STATEMENTS = f"""
INSERT INTO tenants (id, name) SELECT i, 'Company ' || i FROM generate_series(1, {OTHERS + 2}) i;
INSERT INTO people (email, password, tenant_id)
    SELECT 'user' || i || '@clients.example', :password, 3 + i % {OTHERS} FROM generate_series(1, 40000) i;
INSERT INTO people (email, password, tenant_id)
    VALUES ('small@clients.example', :password, 1), ('large@clients.example', :password, 2);
INSERT INTO invoices (tenant_id, number, status, currency, issued_on, memo)
    SELECT c, 'INV-' || c || '-' || i, (ARRAY['sent', 'paid', 'paid', 'paid'])[1 + i % 4],
        (ARRAY['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN'])[1 + i % 8],
        DATE '2026-01-01' - (i % 700), CASE WHEN c > 2 THEN 'Delivered as agreed.'
            ELSE (SELECT string_agg(md5(c || '-' || i || '-' || n), ' ') FROM generate_series(1, 40) n) END
    FROM generate_series(1, {OTHERS + 2}) c,
        generate_series(1, CASE c WHEN 1 THEN {SMALL} WHEN 2 THEN {LARGE} ELSE {OF_OTHERS} END) i ORDER BY i, c;
INSERT INTO invoice_lines (invoice_id, text, amount)
    SELECT id, 'Position ' || i, 100 + (id * 37 + i) % 900 FROM invoices, generate_series(1, 3) i;
INSERT INTO documents (tenant_id, name, size, sent_at)
    SELECT c, 'Contract ' || i || '.pdf', 1000 + i, now() - i * interval '1 day'
    FROM generate_series(1, {OTHERS + 2}) c, generate_series(1, 30) i
"""

if __name__ == "__main__":
    Base.metadata.create_all(engine)
    kept = hashed(os.environ["PORTAL_PASSWORD"], secrets.token_bytes(16))
    with engine.begin() as connection:
        for statement in STATEMENTS.split(";"):
            connection.execute(text(statement), {"password": kept} if ":password" in statement else {})
        connection.execute(text("ANALYZE"))
