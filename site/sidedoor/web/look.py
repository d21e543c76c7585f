"""The style rules that a site's own choices make: the contacts page narrows itself down by its places and audiences.

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
    """What is hidden while a reader has chosen a place or an audience. Without :has() there is nothing to choose."""
    shown_always = "".join(f',[data-audiences~="{one.id}"]' for one in site.audiences if one.everyone)
    hidden = [
        *(f"body:has(#card-for-{one.id}:checked) .card:not(#card-{one.id})" for one in site.places),
        *(
            f'body:has(#place-{one.id}:checked) .contact[data-places]:not([data-places~="{one.id}"],[data-places=""])'
            for one in site.places
        ),
        *(
            f"body:has(#for-{one.id}:checked) .contact[data-audiences]"
            f':not([data-audiences~="{one.id}"]{shown_always if not one.everyone else ""})'
            for one in site.audiences
        ),
    ]
    return [f"{','.join(hidden)}{{display:none}}"] if hidden else []
