"""Committed with the code that needs it, and never run in production."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("prototype", "0001_initial")]
    operations = [migrations.AddField("reminder", "note", models.CharField(default="", max_length=200))]
