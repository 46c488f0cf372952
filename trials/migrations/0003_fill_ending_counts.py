"""Count the trials that are paused or have ended by how they did."""

from django.db import migrations
from django.db.models import Count


def fill(apps, schema_editor):
    Trial, EndingCount = (apps.get_model("trials", name) for name in ("Trial", "EndingCount"))
    rows = (
        Trial.objects.filter(state__in=["PAUSED", "COMPLETE", "PRUNED", "FAILED"])
        .values_list("study_id", "state", "ending_code", "ending_motive")
        .annotate(n=Count("id"))
        .order_by()
    )
    EndingCount.objects.bulk_create(
        (
            EndingCount(study_id=study_id, state=state, code=code, motive=motive, n=n)
            for study_id, state, code, motive, n in rows.iterator()
        ),
        batch_size=500,
    )


class Migration(migrations.Migration):
    dependencies = [("trials", "0002_ending_counts_archive_and_launch_key")]

    # Taking the counts away again takes the table away.
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
