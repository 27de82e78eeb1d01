from django.db import migrations

from lib import searchwords

# The order of the sections in the template; a section's place is its number in the index.
_SECTIONS = (
    'summary', 'root_cause', 'contributing_factors', 'users_affected', 'revenue_impact', 'went_well', 'went_poorly',
)


def fill(apps, schema_editor):
    """Let the documents be found that were written before there was a search."""
    SearchText = apps.get_model('incidents', 'SearchText')
    Postmortem = apps.get_model('postmortems', 'Postmortem')
    for one in Postmortem.objects.order_by('pk').iterator(chunk_size=100):
        rows = []
        for place, section in enumerate(_SECTIONS):
            text = getattr(one, section)[:40_000]
            words = searchwords.normal(text)
            if words:
                path = f'/postmortems/{one.pk}/#s-{section}'
                rows.append(SearchText(
                    incident_id=one.incident_id, kind='postmortem', number=place, text=text, words=words, path=path,
                ))
        SearchText.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):

    dependencies = [
        ('postmortems', '0002_learning'),
        ('incidents', '0006_search'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
