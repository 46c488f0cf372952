"""Remember from which study's plan a study was launched as the next one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trials", "0006_index_the_table")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="follows",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="followers",
                to="trials.study",
            ),
        ),
    ]
