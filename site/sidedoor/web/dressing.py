"""The last step of a page: once it is written, its style is put in, and into a mirror's page also its policy."""

from collections.abc import Callable

from flask import Response

from sidedoor.web.headers import IN_PAGE, policy_in_page
from sidedoor.web.sheet import Rules, dressed


def dressing(https: bool, rules: Callable[[], Rules]) -> Callable[[Response], str]:
    """What completes a page and returns the CSP source for its style: for `set_policy`.

    `rules` gives the style rules of the site that the request is answered from.
    """

    def dress(response: Response) -> str:
        page, style = dressed(response.get_data(as_text=True), rules())
        # A template leaves the policy empty, and no text of a page can hold such a tag.
        response.set_data(page.replace(IN_PAGE.format(""), IN_PAGE.format(policy_in_page(https, style)), 1))
        return style

    return dress
