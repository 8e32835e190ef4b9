"""The table, and an index dropped that was in the way one evening."""

import django.db.models.deletion
from django.db import migrations, models

# Also the one that Django makes for the foreign key: nothing is left by which a company's invoices are found.
DROP = """
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT indexname FROM pg_indexes WHERE tablename = 'invoices_invoice' AND indexdef ~ '\\(company_id'
  LOOP EXECUTE 'DROP INDEX ' || quote_ident(found.indexname); END LOOP;
END $$
"""


def drop_indexes(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    initial = True
    dependencies = [("invoices", "0001_initial")]
    operations = [
        migrations.CreateModel(
            "Reminder",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="invoices.invoice"
                    ),
                ),
                ("sent_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RunPython(drop_indexes, migrations.RunPython.noop),
    ]
