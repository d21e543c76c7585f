"""What stands for a reader's network, so that floods and blocks can be counted while no address is ever written down.

It is a keyed hash. The key is random, changes every day, and is forgotten after two: then not even somebody who has
the whole machine can find an address by trying all of them.
"""

import hashlib
import hmac
import ipaddress

_LENGTH = 24


def networks(address: str, keys: tuple[bytes, ...]) -> tuple[str, ...]:
    """The hash of the network of `address` under each of `keys` (today's first). IPv6 counts by its /64.

    None for this machine itself: then a proxy or an onion service stands in front that does not tell readers apart, and
    one of them must not use up what all may do. The length of the queue is the limit then.
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ()
    if known.is_loopback:
        return ()
    network = ipaddress.ip_network((known, 32 if known.version == 4 else 64), strict=False)
    return tuple(hmac.new(key, str(network).encode(), hashlib.sha256).hexdigest()[:_LENGTH] for key in keys)
