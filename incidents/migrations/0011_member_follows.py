"""Following is a wish of its own: whoever is asked or holds a chair may follow too, and stop again."""

from django.db import migrations, models


def keep(apps, schema_editor):
    apps.get_model("incidents", "IncidentMember").objects.filter(why="follows").update(follows=True)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0010_was_kept")]

    operations = [
        migrations.AddField(
            model_name="incidentmember",
            name="follows",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(keep, migrations.RunPython.noop, elidable=True),
    ]
