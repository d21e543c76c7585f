"""What stands for a reader's network, so that floods and blocks can be counted while no address is ever written down.

It is a keyed hash. The key is random, changes every day, and is forgotten after two: then not even somebody who has
the whole machine can find an address by trying all of them.
"""

import hashlib
import hmac
import ipaddress
import re

_LENGTH = 24
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]*)\](?::\d+)?|(?P<four>\d+(?:\.\d+){3}):\d+")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 readers, as a network that speaks only IPv6 sees them (RFC 6052)."""


def networks(address: str, keys: tuple[bytes, ...]) -> tuple[str, ...]:
    """The hash of the network of `address` under each of `keys` (today's first). IPv6 counts by its /64.

    None for this machine itself: then a proxy or an onion service stands in front that does not tell readers apart, and
    one of them must not use up what all may do. The length of the queue is the limit then.
    """
    known = plain_address(address)
    if known is None or known.is_loopback or known.is_unspecified:
        return ()
    network = ipaddress.ip_network((known, 32 if known.version == 4 else 64), strict=False)
    return tuple(hmac.new(key, str(network).encode(), hashlib.sha256).hexdigest()[:_LENGTH] for key in keys)


def plain_address(written: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address itself, however servers and proxies write it: with a port, in brackets, with a zone (`%eth0`), or an
    IPv4 one inside an IPv6 one, which would else make all of IPv4 one network. None for what is no address."""
    written = written.strip()
    if match := _WITH_PORT.fullmatch(written):
        written = match["six"] or match["four"] or ""
    try:
        known = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv4Address):
        return known
    if known in _TRANSLATED:
        return ipaddress.IPv4Address(known.packed[-4:])
    return known.ipv4_mapped or known
