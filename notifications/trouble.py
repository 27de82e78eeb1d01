"""What keeps a whole channel from working: written down and told once, gone when it works again."""

from notifications.errors import WHOLE_APP, Unconnected
from notifications.models import Channel, ChannelTrouble

#: Lines and rooms of Slack hang on the same token.
_SLACK = (Channel.SLACK, Channel.ROOM)


def begin(channel: str, failure: Unconnected) -> None:
    """Remember what an admin has to mend; what is known already stays as it is."""
    family = Channel.SLACK if channel in _SLACK else channel
    ChannelTrouble.objects.get_or_create(
        channel=family, what=failure.what[:80], defaults={"reason": str(failure)[:300]}
    )


def over(channel: str, methods: tuple[str, ...] = ()) -> None:
    """A message passed: the app is connected, and so are these methods. Costs one query while all is well."""
    family = Channel.SLACK if channel in _SLACK else channel
    ChannelTrouble.objects.filter(channel=family, what__in=[WHOLE_APP, *methods]).delete()
