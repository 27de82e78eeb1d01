"""Who asks, behind whatever stands in between."""

import pytest
from django.test import RequestFactory

from lib import callers


@pytest.mark.parametrize(
    ("remote", "forwarded", "found"),
    [
        # Nothing of ours in between: the header is the asker's own invention.
        ("93.184.216.34", "198.51.100.1", "93.184.216.34"),
        # One proxy of ours: it wrote the last word, the words before it are inventions.
        ("127.0.0.1", "198.51.100.1, 198.51.100.2", "198.51.100.2"),
        # Two of ours, one behind the other.
        ("172.18.0.4", "198.51.100.1, 198.51.100.2, 10.0.0.9", "198.51.100.2"),
        # An inner network without strangers.
        ("127.0.0.1", "10.0.0.5", "10.0.0.5"),
        ("10.0.0.1", "", "10.0.0.1"),
        # What is no address is not believed.
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "nonsense, 10.0.0.7", "10.0.0.7"),
        ("::ffff:127.0.0.1", "198.51.100.2", "198.51.100.2"),
        ("", "198.51.100.2", "198.51.100.2"),
        ("", "", ""),
    ],
)
def test_only_proxies_of_ours_may_name_the_asker(remote, forwarded, found):
    assert callers.behind(remote, forwarded) == found


def test_a_provider_s_customer_is_one_asker_however_many_addresses_it_has():
    ask = RequestFactory().get
    assert callers.address(ask("/", REMOTE_ADDR="2001:db8:1:2::7")) == "2001:db8:1:2::/64"
    assert callers.address(ask("/", REMOTE_ADDR="2001:db8:1:2::8")) == "2001:db8:1:2::/64"
