CREATE TABLE clients (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE accounts (id serial PRIMARY KEY, email text NOT NULL UNIQUE, password text NOT NULL,
    client_id int NOT NULL REFERENCES clients);
CREATE TABLE sessions (key text PRIMARY KEY, account_id int NOT NULL REFERENCES accounts,
    begun_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE buyers (id serial PRIMARY KEY, client_id int NOT NULL REFERENCES clients, name text NOT NULL);
CREATE TABLE bills (id serial PRIMARY KEY, client_id int NOT NULL REFERENCES clients,
    buyer_id int NOT NULL REFERENCES buyers, number text NOT NULL, status text NOT NULL, amount numeric(10, 2) NOT NULL,
    issued_on date NOT NULL, terms text NOT NULL);
CREATE INDEX bills_of_client ON bills (client_id, issued_on DESC, id DESC);
CREATE TABLE documents (id serial PRIMARY KEY, client_id int NOT NULL REFERENCES clients, name text NOT NULL,
    size int NOT NULL, sent_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX documents_of_client ON documents (client_id, sent_at DESC);
INSERT INTO clients (name) SELECT 'Company ' || i FROM generate_series(1, 402) i;
INSERT INTO accounts (email, password, client_id)
    SELECT 'user' || i || '@clients.example', :password, 3 + i % 400 FROM generate_series(1, 40000) i;
INSERT INTO accounts (email, password, client_id)
    VALUES ('small@clients.example', :password, 1), ('large@clients.example', :password, 2);
INSERT INTO buyers (client_id, name)
    SELECT c, 'Buyer ' || c || '/' || i FROM generate_series(1, 402) c, generate_series(1, 10) i ORDER BY c, i;
INSERT INTO bills (client_id, buyer_id, number, status, amount, issued_on, terms)
    SELECT c, (c - 1) * 10 + 1 + i % 10, 'B-' || c || '-' || i, (ARRAY['sent', 'paid', 'paid', 'paid'])[1 + i % 4],
        100 + (i * 37 + c * 11) % 9000, DATE '2026-01-01' - (i % 700), repeat('Payable within 30 days. ', 20)
    FROM generate_series(1, 402) c,
        generate_series(1, CASE c WHEN 1 THEN 20 WHEN 2 THEN 2000 ELSE 100 END) i ORDER BY i, c;
INSERT INTO documents (client_id, name, size, sent_at)
    SELECT c, 'Contract ' || i || '.pdf', 1000 + i, now() - i * interval '1 day'
    FROM generate_series(1, 402) c, generate_series(1, 200) i;
ANALYZE
