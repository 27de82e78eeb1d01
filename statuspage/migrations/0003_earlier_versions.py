from django.db import migrations


def name_origins(apps, schema_editor):
    """Postmortems on the status page from before versions were told apart learn which event published them.

    Only then does a newer version take their place. What a person wrote by hand came from no event and stays.
    """
    NoticeUpdate = apps.get_model('statuspage', 'NoticeUpdate')
    TimelineEvent = apps.get_model('incidents', 'TimelineEvent')
    taken = set(NoticeUpdate.objects.exclude(from_event=None).values_list('from_event', flat=True))
    rows = NoticeUpdate.objects.filter(status='postmortem', from_event=None).select_related('notice')
    for update in rows.order_by('pk'):
        events = TimelineEvent.objects.filter(
            incident=update.notice.incident_id, kind='postmortem_published'
        ).order_by('pk')
        for event in events:
            if event.pk not in taken and event.text.strip() == update.body.strip():
                NoticeUpdate.objects.filter(pk=update.pk).update(from_event=event.pk)
                taken.add(event.pk)
                break


class Migration(migrations.Migration):

    dependencies = [
        ('statuspage', '0002_postmortem_versions'),
        ('incidents', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(name_origins, migrations.RunPython.noop, elidable=True),
    ]
