"""Counts of each ledger beside it, filled from the rows that are there."""

import uuid

from django.db import migrations, models
from django.db.models import Count, Max

from pruning.canonical import decode

FIELDS = ("kind", "verdict", "motive", "reason", "rule", "policy")


def count(apps, schema_editor):
    """Count every ledger up to its newest row."""
    events = apps.get_model("pruning", "PruningEvent").objects
    tally, actor, reach = (apps.get_model("pruning", name) for name in ("LedgerTally", "LedgerActor", "LedgerReach"))
    for *key, n in events.values_list("study_uid", *FIELDS).annotate(n=Count("id")).order_by():
        tally.objects.create(**dict(zip(("study_uid", *FIELDS), key, strict=True)), n=n)
    acted = events.filter(kind="intervened") | events.filter(rule="person")
    for row in acted.order_by("id").iterator(chunk_size=1000):
        person = str(decode(bytes(row.body))["evidence"].get("person") or "")[:200]
        if person:
            actor.objects.create(study_uid=row.study_uid, sequence=row.sequence, person=person)
    for study_uid, newest in events.values_list("study_uid").annotate(newest=Max("sequence")).order_by():
        reach.objects.create(study_uid=study_uid, counted_to=newest)


def forget(apps, schema_editor):
    """Nothing: the tables go with what is in them."""


class Migration(migrations.Migration):
    dependencies = [
        ("pruning", "0007_policy_uses"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerReach",
            fields=[
                ("study_uid", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("counted_to", models.BigIntegerField(default=0)),
                ("checked_to", models.BigIntegerField(default=0)),
                ("checked_hash", models.CharField(blank=True, default="", max_length=64)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("again_to", models.BigIntegerField(default=0)),
                ("again_hash", models.CharField(blank=True, default="", max_length=64)),
                ("again_at", models.DateTimeField(blank=True, null=True)),
                ("bad_sequence", models.BigIntegerField(blank=True, null=True)),
                ("problem", models.TextField(blank=True, default="")),
            ],
            options={
                "db_table": "ledger_reach",
            },
        ),
        migrations.CreateModel(
            name="LedgerActor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("study_uid", models.UUIDField()),
                ("sequence", models.BigIntegerField()),
                ("person", models.CharField(max_length=200)),
            ],
            options={
                "db_table": "ledger_actor",
                "indexes": [models.Index(fields=["study_uid", "person", "sequence"], name="ledger_actor_by_person")],
                "constraints": [models.UniqueConstraint(fields=("study_uid", "sequence"), name="ledger_actor_once")],
            },
        ),
        migrations.CreateModel(
            name="LedgerTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("study_uid", models.UUIDField()),
                ("kind", models.CharField(max_length=12)),
                ("verdict", models.CharField(blank=True, default="", max_length=8)),
                ("motive", models.CharField(blank=True, default="", max_length=16)),
                ("reason", models.CharField(blank=True, default="", max_length=32)),
                ("rule", models.CharField(blank=True, default="", max_length=64)),
                ("policy", models.CharField(blank=True, default="", max_length=64)),
                ("n", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "ledger_tally",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("study_uid", "kind", "verdict", "motive", "reason", "rule", "policy"),
                        name="ledger_tally_once",
                    )
                ],
            },
        ),
        migrations.RunPython(count, forget),
    ]
