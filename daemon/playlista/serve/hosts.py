"""Which names of this machine a browser may use: the guard against DNS rebinding.

A page of a hostile site can have its own name point at our address, and then counts as our page. It cannot have an
address, a name without a dot or a name of a home network. Input: a Host header. Output: whether it is one of these, or
one that the operator named.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from ipaddress import ip_address

#: Ends of names that no one can register (RFC 6761, 6762, 8375, ICANN's .internal), and those of common routers and of
#: Kubernetes, which are no top-level domains either.
LOCAL_ENDS = (".localhost", ".local", ".home.arpa", ".internal", ".lan", ".home", ".localdomain", ".svc")


def host_name(host: str) -> str:
    """The name in a Host header, without port, brackets and the dot at its end."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")


def is_local_host(host: str, allowed: Iterable[str] = ()) -> bool:
    """Whether `host`, a Host header, is an address, a local name, or matches one of the `allowed` patterns."""
    name = host_name(host)
    if "." not in name and ":" not in name:  # also none at all: only a browser can be tricked, and it always says one
        return True
    if name.endswith(LOCAL_ENDS) or any(fnmatchcase(name, pattern.lower()) for pattern in allowed):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
