"""Which network addresses are public: only those may be connected to for a user."""

import ipaddress
from ipaddress import IPv6Address

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All that is assigned to networks so far (RFC 4291, section 2.4); without `::ffff:127.0.0.1` and NAT64 (RFC 6052)."""
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # shared by the customers of a provider (RFC 6598)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4, deprecated (RFC 7526)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "2001::/23",  # protocol assignments, with Teredo, which contains an IPv4 address (RFC 2928, RFC 4380)
        "2002::/16",  # 6to4, which contains an IPv4 address (RFC 3056)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)
"""RFC 5214, section 6.1: stands before an IPv4 address in the last 32 bits."""


def is_public(text: str) -> bool:
    """Whether an address, as `getaddrinfo` returns it, belongs to the internet, and contains no other address.

    Translators and tunnels would connect to an IPv4 address that an IPv6 address contains.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False  # with the zone of an interface, for example: fe80::1%eth0
    if isinstance(address, IPv6Address):
        is_isatap = (int(address) >> 32) & 0xFFFFFFFF in _ISATAP
        if address not in _GLOBAL_UNICAST or is_isatap:
            return False
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
