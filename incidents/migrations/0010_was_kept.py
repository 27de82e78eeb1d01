"""How each promise ended, kept with it; for those that ended before, read from their times and timeline."""

from django.db import migrations, models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

# What stops a clock without being what was promised.
_NOT_NEEDED = (
    "resolved",
    "dismissed",
    "merged",
    "closed",
    "reopened",
    "severity_changed",
    "policy_applied",
    "public_skipped",
    "postmortem_waived",
    "made_private",
)


def judge(apps, schema_editor):
    Deadline = apps.get_model("incidents", "Deadline")
    TimelineEvent = apps.get_model("incidents", "TimelineEvent")
    due = Coalesce("snoozed_from", "due_at")
    Deadline.objects.filter(
        Q(stopped_at__gt=due) | Q(stopped_at=None, missed_at__isnull=False)
    ).update(was_kept=False)
    then = TimelineEvent.objects.filter(incident=OuterRef("incident"), at=OuterRef("stopped_at"))
    # Resolving mitigates, which is what management waits for.
    was_mitigated = Q(kind="management") & Exists(then.filter(kind="resolved"))
    Deadline.objects.filter(
        ~Exists(then.filter(kind__in=_NOT_NEEDED)) | was_mitigated, was_kept=None, stopped_at__lte=due
    ).update(was_kept=True)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0009_chair_offer")]

    operations = [
        migrations.AddField(
            model_name="deadline",
            name="was_kept",
            field=models.BooleanField(
                blank=True,
                help_text="Whether it came in time. Empty: it still runs, or it ended without being needed any more.",
                null=True,
            ),
        ),
        migrations.RunPython(judge, migrations.RunPython.noop, elidable=True),
    ]
