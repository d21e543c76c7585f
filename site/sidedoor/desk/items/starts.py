"""What a new release can start from: the usual kinds, with a prompt in place of each fact.

A prompt must be replaced: while any is left, the release cannot be sent for approval.
"""

from dataclasses import dataclass

PROMPTS = {
    "what": "[What happened, where and when]",
    "who": "[Who is asked to come forward, and what they may have seen]",
    "how": "[How to get in touch, and that it can be done without a name]",
    "charge": "[What for, who, and the court]",
    "sentence": "[The sentence, and the date]",
    "said": "[What they said, and who said it]",
    "why": "[What this is a statement on]",
    "words": "[The statement]",
    "event": "[What, where, when, and for whom]",
    "come": "[How to come, and what it costs]",
}


@dataclass(frozen=True)
class Start:
    """A kind of release: its name, and the text it starts with."""

    name: str
    body: str


STARTS = {
    "appeal": Start("An appeal", f"{PROMPTS['what']}\n\n{PROMPTS['who']}\n\n{PROMPTS['how']}\n"),
    "result": Start("A result at court", f"{PROMPTS['charge']}\n\n{PROMPTS['sentence']}\n\n{PROMPTS['said']}\n"),
    "statement": Start("A statement", f"{PROMPTS['why']}\n\n{PROMPTS['words']}\n"),
    "event": Start("An event", f"{PROMPTS['event']}\n\n{PROMPTS['come']}\n"),
}


def prompt_left(text: str) -> str | None:
    """Return the first prompt that nobody has replaced yet, or None."""
    return next((prompt for prompt in PROMPTS.values() if prompt in text), None)
