"""Hashes of readers' networks: floods can be counted and blocked, and no address is ever written down.

Their key is random, changes every day, and is deleted after two days: from then on not even somebody who has the whole
machine can find an address by trying all of them.
"""

import hashlib
import hmac
import ipaddress
import re

_LENGTH = 24
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d+)?|(?P<four>\d+(?:\.\d+){3}):\d+")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""How a network that speaks only IPv6 writes the addresses of IPv4 readers (RFC 6052)."""


def networks(address: str, keys: tuple[bytes, ...]) -> tuple[str, ...]:
    """The hash of the network of `address` under each of `keys` (today's first). IPv6 counts by its /64.

    None for this machine's own address: a proxy or an onion service in front does not tell readers apart, and one
    reader must not use up what all may do. Then only the length of the queue is limited.
    """
    reader = plain_address(address)
    if reader is None or reader.is_loopback or reader.is_unspecified:
        return ()
    network = ipaddress.ip_network((reader, 32 if reader.version == 4 else 64), strict=False)
    return tuple(hmac.new(key, str(network).encode(), hashlib.sha256).hexdigest()[:_LENGTH] for key in keys)


def plain_address(written: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The bare address, however servers and proxies write it: with a port, in brackets, with a zone (`%eth0`), or as
    IPv4 inside IPv6, which would otherwise make all of IPv4 one network. None if it is not an address."""
    written = written.strip()
    if match := _WITH_PORT.fullmatch(written):
        written = match["six"] or match["four"] or ""
    try:
        address = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address
