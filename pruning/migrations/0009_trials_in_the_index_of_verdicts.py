"""The index of verdicts also says which trial and which rule, so that a query over trials reads no row of the ledger."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pruning", "0008_rollups")]

    operations = [
        migrations.RemoveIndex(model_name="pruningevent", name="pruning_event_by_verdict"),
        migrations.AddIndex(
            model_name="pruningevent",
            index=models.Index(
                fields=["study_uid", "verdict", "sequence", "trial_number", "rule", "reason"],
                name="pruning_event_by_verdict",
            ),
        ),
    ]
