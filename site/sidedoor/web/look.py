"""The style rules that a site's own choices make: a card to carry shows the numbers of one of its places.

They are the same on every page of a site, stand in a `<style>` of their own, and the policy lists them by their hash.
"""

from markupsafe import Markup

from sidedoor.documents.site import Site

_made: tuple[Site, str] | None = None


def site_rules(site: Site) -> str:
    """The rules for this site; empty where it chose nothing that needs any. Ids are letters, digits and hyphens."""
    global _made
    made = _made
    if made is None or made[0] is not site:
        _made = made = site, "".join(_narrowing(site))
    return made[1]


def site_style(site: Site) -> Markup:
    """The whole `<style>` element, if there are rules."""
    rules = site_rules(site)
    return Markup(f"<style>{rules}</style>") if rules else Markup()


def _narrowing(site: Site) -> list[str]:
    """The cards that are hidden while a reader has chosen a place. Without :has() there is nothing to choose."""
    hidden = ",".join(f"body:has(#card-for-{place.id}:checked) .card:not(#card-{place.id})" for place in site.places)
    return [f"{hidden}{{display:none}}"] if hidden else []
