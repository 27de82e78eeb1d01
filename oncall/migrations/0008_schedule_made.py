"""When a schedule was made, so that nobody has hours from before it; for those that are here, by the audit log."""

from django.db import migrations, models
from django.utils.timezone import now


def from_the_audit_log(apps, schema_editor):
    """The newest entry that made a schedule of this name; empty stays what the log does not know."""
    entries = apps.get_model("accounts", "AuditEntry").objects.filter(action="schedule.saved", before={})
    for schedule in apps.get_model("oncall", "Schedule").objects.all():
        made = entries.filter(target=schedule.name).order_by("-at").first()
        if made is not None:
            schedule.created_at = made.at
            schedule.save(update_fields=["created_at"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("oncall", "0007_drills")]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="created_at",
            field=models.DateTimeField(
                editable=False, help_text="Empty: made before this was kept.", null=True
            ),
        ),
        migrations.RunPython(from_the_audit_log, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="schedule",
            name="created_at",
            field=models.DateTimeField(
                default=now, editable=False, help_text="Empty: made before this was kept.", null=True
            ),
        ),
    ]
