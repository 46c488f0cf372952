"""Let a ledger row say that drift was found. The column is as it was: choices are Django's alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pruning", "0002_ledger_triggers")]

    operations = [
        migrations.AlterField(
            model_name="pruningevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("verdict", "verdict"),
                    ("launched", "study registered"),
                    ("amended", "plan amended"),
                    ("calibrated", "quotas calibrated"),
                    ("drifted", "drift found"),
                    ("ended", "trial ended"),
                    ("intervened", "a person acted"),
                    ("closed", "study ended"),
                    ("deleted", "study deleted"),
                ],
                max_length=12,
            ),
        ),
    ]
