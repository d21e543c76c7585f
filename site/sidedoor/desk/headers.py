"""The desk's security headers: as strict as the public site's, but scripts and styles are files here."""

from collections.abc import Mapping

from sidedoor.web.headers import policy_headers as public_policy_headers

_DESK = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "sidedoor-desk sidedoor-paste ProseMirrorClipboard",
}


def policy_headers(https: bool) -> dict[str, str]:
    """Return the full set of headers for every page of the desk."""
    policy = "; ".join(f"{name} {value}" for name, value in _DESK.items())
    return {
        **public_policy_headers(https),
        "Content-Security-Policy": f"{policy}; upgrade-insecure-requests" if https else policy,
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }


def preview_headers(https: bool, frame: bool, page: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the headers of a previewed public page: no scripts run; the desk may show it in a frame if `frame`.

    `page`: the headers that the public site sends with the page.
    """
    public = public_policy_headers(https)
    policy = (page or public)["Content-Security-Policy"]
    if frame:
        policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    return {
        **public,
        "Content-Security-Policy": f"{policy}; sandbox allow-same-origin",
        "X-Frame-Options": "SAMEORIGIN" if frame else "DENY",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }
