"""Enter which studies ran under which policy, from the ledger's rows about their revisions."""

from django.db import migrations

BATCH = 500


def enter(apps, schema_editor):
    events, uses = apps.get_model("pruning", "PruningEvent"), apps.get_model("pruning", "PolicyUse")
    versions = dict(apps.get_model("pruning", "PolicyVersion").objects.values_list("fingerprint", "pk"))
    studies = dict(apps.get_model("trials", "Study").objects.values_list("uid", "pk"))
    rows = events.objects.filter(kind__in=["launched", "amended"]).order_by("study_uid", "sequence")
    found = []
    for uid, policy, sequence in rows.values_list("study_uid", "policy", "sequence").iterator(chunk_size=BATCH):
        if uid in studies and policy in versions:
            found.append(uses(study_id=studies[uid], version_id=versions[policy], sequence=sequence))
    uses.objects.bulk_create(found, batch_size=BATCH, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("pruning", "0006_cards")]

    operations = [migrations.RunPython(enter, migrations.RunPython.noop)]
