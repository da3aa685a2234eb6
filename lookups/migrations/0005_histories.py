"""Reports that are there already get their score, and saved ones the history they belong to."""

from django.db import migrations

BATCH = 200


def fill_scores(apps, schema_editor):
    """Only the findings and a few records matter, so the query logs stay in the database."""
    from lookups.score import score

    Report = apps.get_model("lookups", "Report")
    last = 0
    while True:
        rows = Report.objects.filter(id__gt=last, state="done", score=None).order_by("id")
        batch = list(rows.only("id", "sections")[:BATCH])
        if not batch:
            return
        for report in batch:
            try:
                report.score = score(report.sections).total
            except (AttributeError, KeyError, TypeError):
                report.score = None  # sections of a shape that no version should have stored
        Report.objects.bulk_update(batch, ["score"])
        last = batch[-1].id


def join_histories(apps, schema_editor):
    """Each person watches the domains of their saved reports."""
    Report = apps.get_model("lookups", "Report")
    Watch = apps.get_model("lookups", "Watch")
    saved = Report.objects.filter(owner__isnull=False, saved_at__isnull=False, watch=None)
    pairs = saved.order_by("owner_id", "domain").values_list("owner_id", "domain").distinct()
    for owner_id, domain in list(pairs):
        watch, _ = Watch.objects.get_or_create(owner_id=owner_id, team=None, domain=domain)
        saved.filter(owner_id=owner_id, domain=domain).update(watch=watch)


class Migration(migrations.Migration):
    dependencies = [("lookups", "0004_keeping")]

    operations = [
        migrations.RunPython(fill_scores, migrations.RunPython.noop),
        migrations.RunPython(join_histories, migrations.RunPython.noop),
    ]
