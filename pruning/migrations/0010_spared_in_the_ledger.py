"""What ledgers say of control arms beside them, decoded once, filled from the rows that are counted."""

from django.db import migrations, models

from pruning.canonical import decode

BATCH = 1000


def fill(apps, schema_editor):
    """Decode what the counted rows of every ledger say of its control arm."""
    events = apps.get_model("pruning", "PruningEvent").objects
    spared, reach = (apps.get_model("pruning", name) for name in ("LedgerSpared", "LedgerReach"))
    spoken = models.Q(verdict="PROTECT", reason="control", shadow=False) | models.Q(verdict="RESUME", shadow=True)
    for study_uid, counted_to in reach.objects.values_list("study_uid", "counted_to"):
        rows = events.filter(spoken, study_uid=study_uid, sequence__lte=counted_to, kind="verdict")
        made = []
        for row in rows.filter(trial_number__isnull=False).order_by("sequence").iterator(chunk_size=BATCH):
            evidence = decode(bytes(row.body))["evidence"]
            made.append(
                spared(
                    study_uid=study_uid,
                    sequence=row.sequence,
                    trial_number=row.trial_number,
                    step=row.step or 0,
                    wanted=str(evidence.get("overruled", row.verdict)),
                    rule=row.rule,
                    reason=str(evidence.get("overruled_reason", row.reason)),
                    motive=row.motive,
                )
            )
        spared.objects.bulk_create(made, batch_size=BATCH)


def forget(apps, schema_editor):
    """Nothing: the table goes with what is in it."""


class Migration(migrations.Migration):
    dependencies = [
        ("pruning", "0009_trials_in_the_index_of_verdicts"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerSpared",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("study_uid", models.UUIDField()),
                ("sequence", models.BigIntegerField()),
                ("trial_number", models.IntegerField()),
                ("step", models.BigIntegerField()),
                ("wanted", models.CharField(max_length=8)),
                ("rule", models.CharField(blank=True, default="", max_length=64)),
                ("reason", models.CharField(blank=True, default="", max_length=32)),
                ("motive", models.CharField(blank=True, default="", max_length=16)),
            ],
            options={
                "db_table": "ledger_spared",
                "constraints": [models.UniqueConstraint(fields=("study_uid", "sequence"), name="ledger_spared_once")],
            },
        ),
        migrations.RunPython(fill, forget),
    ]
