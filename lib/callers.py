"""Who asks: the network address behind our own proxies, and whether there are any."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.http import HttpRequest

# Where proxies of one's own live; what they say about the asker is believed.
_NEAR: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(net)
    for net in (
        "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
        "169.254.0.0/16", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
_SIGNS_OF_A_PROXY = (
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via",
)  # fmt: skip


def address(request: HttpRequest) -> str:
    """The address that limits count by; nobody outside can choose it, and no two strangers share it.

    Each proxy adds whom it saw at the end, so the last one that is not ours is the asker; what stands
    before it may be invented.
    """
    asker = behind(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
    # One customer of a provider has a whole /64 to ask from.
    return str(IPv6Network((asker, 64), strict=False)) if _is_wide(asker) else asker


def _is_wide(asker: str) -> bool:
    return _is_address(asker) and ip_address(asker).version == 6 and "%" not in asker


def behind(remote: str, forwarded: str) -> str:
    """The same from the two words themselves."""
    chain = [name.strip() for name in forwarded.split(",") if name.strip()] + [remote]
    for place, name in reversed(list(enumerate(chain))):
        if not _is_near(name):
            # Not an address at all: then the proxy of ours that let it through is as far as we know.
            return name if _is_address(name) else (chain[place + 1] if place + 1 < len(chain) else remote)
    # All of them ours: a network without strangers. Whom the proxy next to us saw.
    return chain[-2] if len(chain) > 1 else remote


def is_through_proxy(request: HttpRequest) -> bool:
    """Did something stand in between? Then the connection's address says nothing about the asker."""
    return any(name in request.headers for name in _SIGNS_OF_A_PROXY)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_near(name: str) -> bool:
    try:
        ip = ip_address(name)
    except ValueError:
        # A Unix socket of this machine has no address.
        return name == ""
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return any(mapped in network for network in _NEAR)
