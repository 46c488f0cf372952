"""Guard the ledger against UPDATE, DELETE, TRUNCATE and INSERT OR REPLACE."""

from django.db import migrations

from pruning import triggers


def install(apps, schema_editor):
    triggers.install(schema_editor.connection)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("pruning", "0001_ledger")]

    operations = [migrations.RunPython(install, remove)]
