"""The words for every problem: what is wrong, and what to do instead, each one clear sentence.

Most are the same for a file and for the desk's form. If a form needs others, they come after the file's. In a form's
words a name in braces that is not a value ({publish_at}) stands for the label of that field. All are English, as the
desk and the command line are: only readers' words have a catalogue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sidedoor.documents.codes import Code, Where


class ProblemWords(NamedTuple):
    """A problem in words."""

    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.what} {self.instead}"


class Name(str):
    """A value that is itself the name of a field: shown as the file or the form writes it."""

    __slots__ = ()


@dataclass(frozen=True)
class _Words:
    what: str
    instead: str
    form_what: str = ""
    form_instead: str = ""


# {at} is the field with a colon after it, or nothing where there is no field.
_LIKE_ANOTHER = "Look at another file for how it is written."
_TIME = "Write it like 2026-11-24 09:30."
_TIME_IN_A_FORM = "Choose the day, and write the time like 09:30."
_ANOTHER_WAY = "Write it another way."
_ONE_OF = "Write one of: {choices}."
_AREA = "Add it to areas, or correct it."
_QUIET_VALKEY = "Start it with --save '' --appendonly no --slowlog-max-len 0 (deploy/valkey.conf)."

PLACES: Mapping[Where, str] = {
    Where.CONTENT_FOLDER: "the content folder",
    Where.DATA_FOLDER: "the data folder",
    Where.CHAT: "the chat",
    Where.DATABASE: "the database",
    Where.HOST_AND_PORT: "HOST and PORT",
    Where.SITE: "the site",
    Where.RUNNING_SITE: "the running site",
    Where.CLOCK: "the clock",
    Where.DESK: "the desk",
    Where.CONTENT: "content",
    Where.NEWS: "news",
    Where.HISTORY: "history",
    Where.BACKUP: "backup",
    Where.MAIL: "mail",
}

WORDS: Mapping[Code, _Words] = {
    Code.FOLDER_AWAY: _Words(
        "There is no site in {folder}, the content folder.",
        "Everything stays as it was last good. Mount the folder, put it back, or correct SIDEDOOR_CONTENT.",
    ),
    Code.NO_SITE: _Words(
        "There is no site in {folder}, the content folder, and none is kept from before.",
        "Set SIDEDOOR_CONTENT to the folder that holds site.toml.",
    ),
    Code.SUBFOLDER_UNREADABLE: _Words(
        "This folder cannot be looked into.",
        "What is in it stays as it was last good. Give the site the right to read it."
    ),
    Code.FILE_UNREADABLE: _Words("The file cannot be read ({reason}).", "Check that it may be read."),
    Code.FILE_TOO_LONG: _Words("The file is far too long.", "Keep it under {kilobytes} kB."),
    Code.FILE_NAME: _Words(
        "{why}", "Name the file like getting-ready.md.",
        form_instead="Choose another address, like getting-ready.",
    ),
    Code.SAME_NAME: _Words("{other} has the same name.", "Rename one: both want the same address."),
    Code.NOT_UTF8: _Words("This line is not UTF-8 text.", "Save the file as UTF-8."),
    Code.LETTER_LOST: _Words("A letter cannot be read here.", "Type it again, and save the file as UTF-8."),
    Code.CONTROL_CHARACTER: _Words("There is a character here that does not print.", "Delete it."),
    Code.NO_FRONT_MATTER: _Words(
        "The first line is not ---.", "Begin with ---, the title and so on, and --- again."
    ),
    Code.FRONT_MATTER_NEVER_ENDS: _Words("The front matter never ends.", "Put a line with --- after its last line."),
    Code.YAML_UNREADABLE: _Words(
        "This line cannot be read: {reason}.", 'Write `name: value`; where the value holds a colon, `name: "value"`.'
    ),
    Code.TOML_UNREADABLE: _Words("This line cannot be read: {reason}.", 'Write `name = "value"`.'),
    Code.TOML_TWICE: _Words(
        "What this line begins is in the file already.", "Keep one of the two, with the lines of both."
    ),
    Code.NESTED_TOO_DEEPLY: _Words("Lists are nested too deeply.", "Write one list a name."),
    Code.NO_NAMES: _Words("There are no names here.", "Write `name: value`, one a line."),
    Code.NAME_NOT_A_WORD: _Words("A name here is not a word.", "Write `name: value`."),
    Code.NAME_TWICE: _Words("{field} is written twice.", "Keep one of the two."),
    Code.ALIAS: _Words("An alias (*name) is used.", "Write the value out."),
    Code.MISSING: _Words(
        "{field} is missing.", "Add a line that starts `{last}:`.",
        form_instead="Fill in {field}.",
    ),
    Code.MISSING_IN_SITE: _Words(
        "{field} is missing.", "Add a line that starts `{last} =`, above the first line in square brackets.",
        form_instead="Fill in {field}.",
    ),
    Code.MISSING_IN_SECTION: _Words(
        "{field} is missing.", "Add a line that starts `{last} =`.",
        form_instead="Fill in {field}.",
    ),
    Code.UNKNOWN_IN_SITE: _Words(
        "{field} is not a name that is known here.",
        "Delete the line, or look the name up in docs/settings.md. A line belongs to the section above it.",
    ),
    Code.UNKNOWN_NAME: _Words(
        "{field} is not a name that is known here.", "Delete the line, or look the name up in the README."
    ),
    Code.MISSPELT_NAME: _Words("{field} is not a name that is known here.", "Did you mean {near}?"),
    Code.NOT_A_CHOICE: _Words("{field} cannot be “{written}”.", "Write {expected}."),
    Code.EMPTY: _Words("{field} is empty.", "Write something, or delete the line.", form_instead="Write something."),
    Code.TOO_LONG: _Words("{field} is too long.", "Use at most {most} letters."),
    Code.WRONG_SHAPE: _Words("{field} cannot be “{written}”.", _LIKE_ANOTHER),
    Code.NOT_A_DAY: _Words("{field} is not a day that exists.", "Write it like 2026-11-24."),
    Code.NOT_YES_OR_NO: _Words("{field} cannot be “{written}”.", "Write yes or no."),
    Code.NOT_A_NUMBER: _Words("{field} is not a whole number from {least} to {most}.", "Write one like 10."),
    Code.NOT_A_TOML_LIST: _Words(
        "{field} has to be a list.", "Write it between square brackets, with commas: [\"one\", \"two\"]."
    ),
    Code.NOT_AN_ID: _Words("{field} cannot be “{written}”.", "Write a to z, 0 to 9 and hyphens, like the-north."),
    Code.NOT_A_PHONE: _Words("{field} cannot be “{written}”.", "Write digits as people group them: 0808 555 0100."),
    Code.NOT_AN_EMAIL: _Words("{field} cannot be “{written}”.", "Write one like press@example.org."),
    Code.NOT_AN_OWN_PATH: _Words("{field} cannot be “{written}”.", "Write a page of this site, like /about."),
    Code.NOT_A_COLOUR: _Words("{field} cannot be “{written}”.", "Write # and six digits, like #17504b."),
    Code.NOT_WORDS: _Words("{field} has to be words.", "Write them between quotes."),
    Code.NOT_A_TABLE: _Words("{field} has to have names and values of its own.", _LIKE_ANOTHER),
    Code.NOT_A_LIST: _Words("{field} has to be a list.", "Write one item a line, each after a hyphen."),
    Code.UNREADABLE_VALUE: _Words("{field} cannot be read.", _LIKE_ANOTHER),
    Code.NOT_A_ZONE: _Words("{at}“{written}” is not a time zone.", "Write one like Europe/London."),
    Code.NOT_A_LOCALE: _Words("{at}“{written}” is no way of writing days that we know.", "Write one like fr-CA."),
    Code.NOT_A_WEB_ADDRESS: _Words(
        "{at}“{written}” is not a web address.", "Write one like https://www.example.org."
    ),
    Code.NOT_A_TIME_OF_DAY: _Words(
        "{at}“{written}” is not a time of day.",
        'Write hours and minutes in quotes, like "09:30" or "24:00".',
    ),
    Code.NOT_A_TIME: _Words("{at}“{written}” is not a date and time.", _TIME, form_instead=_TIME_IN_A_FORM),
    Code.NO_SUCH_TIME: _Words(
        "{at}“{written}” is not a day or time that exists.", _TIME, form_instead=_TIME_IN_A_FORM
    ),
    Code.SKIPPED_TIME: _Words(
        "{at}“{written}” never happens: the clocks go forward over it.", "Write a time an hour earlier or later."
    ),
    Code.REPEATED_TIME: _Words(
        "{at}“{written}” happens twice, because the clocks go back: as {first} before, and as {second} after.",
        "Write {earlier} or {later}.",
        form_instead="As the time write {first} or {second}.",
    ),
    Code.SLUG_TOO_LONG: _Words("{at}The name is longer than {most} letters.", _ANOTHER_WAY),
    Code.SLUG_LETTERS: _Words(
        "{at}“{slug}” has something other than a to z, 0 to 9 and hyphens in it.", _ANOTHER_WAY
    ),
    Code.SLUG_TAKEN: _Words(
        "{at}“{slug}” already means something in addresses (a year, a page of a list).", _ANOTHER_WAY
    ),
    Code.WITHDRAWN_WITHOUT_REASON: _Words(
        "{at}The state is withdrawn, but nothing says when and why.", "Add withdrawn: with at: and reason:."
    ),
    Code.EXPIRES_TOO_SOON: _Words(
        "{at}It expires before it is published.", "Change publish_at or expires_at.",
        form_instead="Change {publish_at} or {expires_at}.",
    ),
    Code.CONTACT_ID_TWICE: _Words("{at}Two contacts have the id “{id}”.", "Give each its own."),
    Code.FACT_ID_TWICE: _Words("{at}Two facts have the id “{id}”.", "Give each its own."),
    Code.SLOT_ENDS_FIRST: _Words(
        "{at}The slot ends before it starts.", 'Split it at midnight: one until "24:00", one from "00:00".'
    ),
    Code.UNKNOWN_LANGUAGE: _Words("The language “{written}” is not one of this site's.", _ONE_OF),
    Code.ANOTHER_FOLDER: _Words("A page in “{written}” belongs in another folder.", "Move it to {there}."),
    Code.UNKNOWN_GROUP: _Words("There is no group “{written}”.", _ONE_OF),
    Code.UNKNOWN_PRESS_CONTACT: _Words("There is no press contact “{written}”.", _ONE_OF),
    Code.RENDERING_TOO_SLOW: _Words(
        "This page takes too long to make ready, so it is not shown.",
        "Look for a very long or deeply nested part, and simplify it.",
    ),
    Code.TOO_MANY_BRACKETS: _Words(
        "One paragraph has over {most} square brackets.", "Split it, or delete them."
    ),
    Code.LIST_TOO_DEEP: _Words("A list is nested too deeply.", "Use one list inside another at most."),
    Code.QUOTATION_TOO_DEEP: _Words("A quotation is nested too deeply.", "Use one > a line."),
    Code.ABBREVIATION: _Words(
        "Abbreviations are not explained this way here.", "Write the words out where they are used."
    ),
    Code.TOP_HEADING: _Words(
        "A heading has one # only.", "The page's title is its only top heading: write ## here."
    ),
    Code.TAG: _Words("A <{tag}> is not allowed.", "Delete it."),
    Code.ATTRIBUTE: _Words("The attribute {name} is not allowed.", "Delete it."),
    Code.HTML: _Words("HTML is written here: {written}", "Write Markdown or a /// block instead."),
    Code.ATTRIBUTE_LIST: _Words("Attributes are written here: {written}", "Delete them; use a /// block instead."),
    Code.MISLEADING_LINK: _Words(
        "The link “{link}” has a backslash or a space in it.",
        "Write / and no space: browsers make another address of it.",
    ),
    Code.LINK_NOT_ALLOWED: _Words(
        "The link “{link}” leads nowhere this site allows.",
        "Write /help/… for a page of this site or https://… for another; for a number use a contact block.",
        form_instead="Choose a page of this site, or an address that begins with https://; for a number, a Contact.",
    ),
    Code.PICTURE_OF_OTHERS: _Words(
        "The picture “{picture}” is not one of this site's own.", "Put it in content/images and write /images/NAME.",
        form_instead="Take it out, and put it in with “Picture”.",
    ),
    Code.PICTURE_WITHOUT_WORDS: _Words(
        "The picture “{picture}” has no words for people who cannot see it.", "Write ![what it shows](…).",
        form_what="A picture has no words for people who cannot see it.",
        form_instead="Write in its card what it shows.",
    ),
    Code.NO_BLOCK_TO_CLOSE: _Words("This {slashes} closes no block.", "Delete it, or open the block above."),
    Code.UNKNOWN_BLOCK: _Words("There is no block named “{block}”.", "Use one of: {choices}."),
    Code.BLOCK_NEVER_CLOSED: _Words("The block “{block}” is never closed.", "Write {slashes} on a line after it."),
    Code.BLOCK_WITHOUT_ARGUMENT: _Words(
        "The block “{block}” has no words after its name.", "Write after a | the figure, who said it or which contact.",
        form_what="A card ({block}) has no words in its first field.", form_instead="Fill it in, or take the card out.",
    ),
    Code.PICTURE_TOO_BIG: _Words("The picture is too big.", "Save it smaller, under {kilobytes} kB."),
    Code.PICTURE_FORMAT: _Words("This is not a JPEG, PNG or WebP picture.", "Save it as one of these."),
    Code.PICTURE_PIXELS: _Words(
        "The picture has too many pixels.", "Save it smaller, 2,000 pixels wide or less."
    ),
    Code.PICTURE_UNREADABLE: _Words("The picture cannot be read.", "Save it again as JPEG, PNG or WebP."),
    Code.PICTURE_TELLS: _Words(
        "The picture carries hidden details ({details}).",
        "Save a copy without them: they can say where and by whom it was taken.",
    ),
    Code.UNKNOWN_DRAWING: _Words("There is no drawing named “{drawing}”.", "Use one of: {choices}."),
    Code.RECORDING_TOO_BIG: _Words("The recording is too big.", "Save it smaller, under {megabytes} MB."),
    Code.RECORDING_FORMAT: _Words(
        "This is no recording that every browser plays, or no captions.",
        "Save it as MP3; a video as MP4; its captions as WebVTT, with words at their times and no style.",
    ),
    Code.RECORDING_TELLS: _Words(
        "The recording has a tag, which may name a person, a place or a program.",
        "Save it again without tags: ID3 or APE in MP3, metadata in MP4.",
    ),
    Code.RECORDING_OF_OTHERS: _Words(
        "“{recording}” is not the name of a recording of this site's own.",
        "Put it in content/media and write its name: /// audio | NAME.mp3, or /// video | NAME.mp4.",
        form_instead="Whoever runs this machine puts it in content/media; write its name, which ends in .mp3 or .mp4.",
    ),
    Code.VIDEO_BEGINS_LATE: _Words(
        "The video says at its end how it is played, so that nobody sees anything before all of it has come.",
        "Save it for the web (ffmpeg: -movflags +faststart).",
    ),
    Code.VIDEO_WITHOUT_CAPTIONS: _Words(
        "The video “{recording}” has no captions.", "Put them beside it in content/media: {captions}."
    ),
    Code.VIDEO_WITHOUT_PICTURE: _Words(
        "The video “{recording}” has no picture to show before it is played.",
        "Begin the block with one, and what is seen on it: ![A hand that signs](/images/NAME.jpg).",
    ),
    Code.RECORDING_WITHOUT_WORDS: _Words(
        "The recording “{recording}” has no words for those who do not hear it.",
        "Write what it says inside the block.",
        form_instead="Write what it says into its card.",
    ),
    Code.PICTURE_PAST_ITS_DAY: _Words(
        "The picture {picture} was to be used until {day}.", "Take it out, or ask whether it may stay."
    ),
    Code.LINK_TO_NOWHERE: _Words("The link {link} leads to no page of this site.", "Correct it, or write the page."),
    Code.UNKNOWN_HELP_PAGE: _Words("{field} names “{slug}”, which is no help page.", "Correct it, or delete it."),
    Code.UNKNOWN_CONTACT: _Words(
        "There is no contact “{contact}”.", "Use an id of contacts.yaml.", form_instead="Choose one in its card."
    ),
    Code.UNKNOWN_PICTURE: _Words(
        "The picture {picture} cannot be shown.", "Put it in content/images, or correct its name.",
        form_instead="Take it out, and put it in with “Picture”.",
    ),
    Code.LINK_HIDDEN_NOW: _Words(
        "Readers cannot open {link} now.",
        "Its words are shown without a link until they can; take them out if they tell too much.",
    ),
    Code.LINK_HIDDEN_UNTIL: _Words(
        "Readers cannot open {link} until {opens:%Y-%m-%d %H:%M}.",
        "Its words are shown without a link until they can; take them out if they tell too much.",
    ),
    Code.SITUATION_TO_NOWHERE: _Words(
        "“{says}” leads to no help page.", "Write help/{slug}.md, or choose another."
    ),
    Code.MENU_TO_NOWHERE: _Words(
        "The menu leads to {link}, and there is no such page.", "Write it, or take it out of the menu."
    ),
    Code.MENU_TO_DRAFT: _Words(
        "The menu leads to {link}, which readers cannot open yet.", "Finish it, or take it out of the menu."
    ),
    Code.NOTICE_TO_NOWHERE: _Words(
        "The notice on every page leads to {link}, and readers cannot open it.", "Write it, and publish it."
    ),
    Code.LANGUAGE_WITHOUT_WORDS: _Words(
        "The interface has no words in “{language}”.", "Take it out of languages, or write them: [words.{language}]."
    ),
    Code.LANGUAGE_WITHOUT_DATES: _Words(
        "Nobody knows how “{language}” writes days.", "Say under [dates] which language's way to take."
    ),
    Code.NOT_SAID_IN: _Words("{field} is not said in “{language}”.", "Add it, or its readers see the first one."),
    Code.NO_SUCH_SENTENCE: _Words(
        "{field} has words for “{sentence}”, which no page says.", "Copy the sentence from the page."
    ),
    Code.NO_SUCH_SENTENCE_BUT: _Words(
        "{field} has words for “{sentence}”, which no page says.", "Did you mean “{near}”?"
    ),
    Code.OWN_WORDS_LACK: _Words(
        "In {field}, the words for “{sentence}” lack what is filled in, or hold a percent sign of their own.",
        "Keep each %(…)s of the sentence once, and write per cent in letters.",
    ),
    Code.HTTPS_WITHOUT_URL: _Words(
        "SIDEDOOR_HTTPS is on, and `url` names no https address.", "Write url = \"https://…\" as readers type it."
    ),
    Code.LOOK_TOO_FAINT: _Words(
        "{field}, {colour}, stands out by {reached} to 1 where {least} is the least, so it is not used.",
        "Choose a darker accent, or a lighter paper.",
    ),
    Code.MARK_TOO_BIG: _Words(
        "The mark is longer than {most} bytes.", "Draw it with fewer points, or make it smaller."
    ),
    Code.MARK_UNREADABLE: _Words(
        "The mark is no drawing that can be read.",
        "Write the text of an SVG, or what `sidedoor mark FILE` says for a PNG of at most 128 by 128.",
    ),
    Code.MARK_DOES_MORE: _Words(
        "The mark holds “{what}”, and more than a plain drawing is not allowed.", "Save it as a plain SVG of paths."
    ),
    Code.FORMER_OWNER: _Words("It still says “{claim}”, which is true of another owner.", "Say what is true of you."),
    Code.ANOTHER_EMERGENCY_NUMBER: _Words(
        "It says to call {number}, which is neither the number of [emergency] nor a contact's.",
        "Write the number that is right here, or add the contact with its source.",
    ),
    Code.TELLING_WORD: _Words(
        "The {last} gives the page away: “{word}”.", "Choose words that anybody may read over a shoulder.",
        form_what="{field} gives the page away: “{word}”.",
    ),
    Code.HARD_TO_READ: _Words(
        "It reads at grade {grade:.1f}; {most:g} is the most.", "Use shorter sentences and words."
    ),
    Code.LONG_SENTENCE: _Words("The sentence “{start} …” has {words} words.", "Make it two."),
    Code.NO_HELP_PAGE: _Words(
        "It names no help page.", "Add related_help: with the slugs of pages its readers may need.",
        form_instead="Tick under {related_help}: the pages its readers may need.",
    ),
    Code.WORDS_TO_AVOID: _Words("It says “{words}”.", "{instead}"),
    Code.SUMMARY_REPEATS: _Words("The summary only repeats the title.", "Say in a sentence what is new."),
    Code.UNKNOWN_FACT: _Words(
        "{field} names “{fact}”, which is not in facts.yaml.", "Correct it, or add the fact with its source."
    ),
    Code.FIGURE_WITHOUT_FACT: _Words(
        "It prints “{figure}”, and no fact it lists holds that.",
        "Write the fact into facts.yaml with its source, and its id into `facts`; or take it out.",
    ),
    Code.FIGURE_NOT_NAMED: _Words(
        "It prints “{figure}”, and no fact it lists holds that.",
        "If it is one of these, name it in `facts`: {choices}.",
    ),
    Code.NO_SOURCES: _Words(
        "No sources are named.", "Add sources:, one line for each.",
        form_instead="Add {sources}, one line for each.",
    ),
    Code.AWAITS_REVIEW: _Words(
        "This awaits a reviewer's eyes.", "Have it read; then delete awaiting_review.",
        form_instead="Have it read; then say so in {awaiting_review}.",
    ),
    Code.LEGAL_REVIEW_DUE: _Words(
        "Its legal review was due on {day}.", "Ask whether it may stay; then change or delete legal_review_on.",
        form_instead="Ask whether it may stay; then change or delete {legal_review_on}.",
    ),
    Code.NO_DAY_TO_CHECK: _Words(
        "Nobody has said by when its facts are to be looked at again.", "Add check_by: with a day.",
        form_instead="Add {check_by} with a day.",
    ),
    Code.CHECK_DUE: _Words(
        "Its facts are to be looked at again by {day}.", "Look each one up at its source; then change check_by.",
        form_instead="Look each one up at its source; then change {check_by}.",
    ),
    Code.LEAVES_SOON: _Words(
        "It leaves the site on {expires:%Y-%m-%d}.", "Let it go, or change expires_at.",
        form_instead="Let it go, or change {expires_at}.",
    ),
    Code.NEVER_REVIEWED: _Words(
        "Nobody has said when this was reviewed.", "Review it and add reviewed:.",
        form_instead="Review it and add {reviewed}.",
    ),
    Code.REVIEW_DUE: _Words(
        "It was last reviewed on {day}.", "Review it and change reviewed:.",
        form_instead="Review it and change {reviewed}.",
    ),
    Code.FACT_DUE: _Words(
        "“{fact}” is to be looked up again by {day}; it is on {pages}.", "Look at its source, then change check_by."
    ),
    Code.TRANSLATION_AWAITS_REVIEW: _Words(
        "The interface in {language} awaits a translator's review.",
        "Have it read; then delete X-Awaiting-Review in its .po file.",
    ),
    Code.TRANSLATION_ORPHANED: _Words(
        "This translates {original}, which is not there, so readers do not see it.", "Move it, or delete it."
    ),
    Code.TRANSLATION_BEHIND_IN_DANGER: _Words(
        "What to do in danger, or a number, has changed in {original}. Readers are sent to that page.",
        "Bring the words up to date now; then stamp it.",
    ),
    Code.TRANSLATION_STALE: _Words(
        "The words of {original} are not those that this was made from.",
        "Bring it up to date; then `sidedoor translations stamp` writes that down.",
    ),
    Code.TRANSLATION_UNREAD: _Words(
        "Nobody who knows the language has read this beside {original}.", "Have it read; then say who did: reviewer."
    ),
    Code.TRANSLATION_OTHER_NUMBER: _Words(
        "{at}It says “{number}”, and {original} does not.", "Take each number over from there as it is."
    ),
    Code.TRANSLATION_OTHER_PLACE: _Words(
        "It leads to “{place}”, and {original} does not.", "Take links and contacts over from there, or leave it out."
    ),
    Code.TRANSLATION_LEAVES_OUT: _Words(
        "{at}It leaves out what {original} has: {what}.", "Put it in, if its readers need it, too."
    ),
    Code.TRANSLATION_NOT_MADE: _Words(
        "It says in the words of {original} what is to be said in its own language: “{start} …”; {count} so.",
        "Translate it.",
    ),
    Code.PO_UNREADABLE: _Words(
        "This is no PO file that can be read.", "Save it as gettext PO in UTF-8, and send that."
    ),
    Code.PO_OF_ELSEWHERE: _Words(
        "It holds no words of a page of this site.", "Send back the file that was exported here, with its contexts."
    ),
    Code.PO_OF_NO_PAGE: _Words("It translates {original}, which is not there.", "Export the page under its new name."),
    Code.PO_BEHIND: _Words(
        "The words of {original} have changed since this was exported.",
        "Export it again; a translator's program takes over what is still the same.",
    ),
    Code.PO_LACKS: _Words(
        "Not translated yet, or marked as doubtful: {count}; the first is “{start}”.",
        "Have all of it translated, then send it again.",
    ),
    Code.CONTACT_OUT_OF_REACH: _Words(
        "Nobody can reach “{contact}” from its card.", "Add a phone, text, email or url, or take it out."
    ),
    Code.CHAT_WITHOUT_ADDRESS: _Words(
        "“{contact}” has a chat, but not where it is.", "Add its url, or delete webchat."
    ),
    Code.SIGN_UP_WITHOUT_TEXT: _Words(
        "“{contact}” has a sign_up, but no text.", "Add the number to text, or delete sign_up."
    ),
    Code.CONTACT_IN_UNKNOWN_AREA: _Words(
        "“{contact}” is in an area that site.toml does not list: “{area}”.", _AREA
    ),
    Code.CONTACT_IN_UNKNOWN_PLACE: _Words(
        "“{contact}” is for a place that site.toml does not list: “{place}”.", "Add it to places, or correct it."
    ),
    Code.CONTACT_FOR_UNKNOWN_AUDIENCE: _Words(
        "“{contact}” is for an audience that site.toml does not list: “{audience}”.",
        "Add it to audiences, or correct it.",
    ),
    Code.FACT_IN_UNKNOWN_PLACE: _Words(
        "“{fact}” holds in a place that site.toml does not list: “{place}”.", "Add it to places, or correct it."
    ),
    Code.AREA_IN_UNKNOWN_AREA: _Words("“{area}” lies within “{within}”, which is no area.", _AREA),
    Code.CONTACT_NEVER_CHECKED: _Words(
        "“{contact}” was never checked.", "Ring or visit it, then write today's date in checked:."
    ),
    Code.CONTACT_CHECK_DUE: _Words(
        "“{contact}” was last checked on {day}.", "Ring or visit it, then write today's date in checked:."
    ),
    Code.CONTACT_EXISTS: _Words("There is a contact “{contact}” already.", "Choose another id, like womens-aid."),
    Code.CONTACT_WITHOUT_ID: _Words("The contact has no id.", "Choose another id, like womens-aid."),
    Code.NO_SUCH_CONTACT: _Words("There is no contact “{contact}”.", "Choose one of the list."),
    Code.NEWER_DATABASE: _Words(
        "A newer version of Sidedoor made this database, so this one cannot open it.",
        "Start the newer version, or go back to the backup from before it: docs/upgrade.md says how.",
    ),
    Code.DATA_NOT_OURS: _Words(
        "This user cannot read and write {folder} ({reason}).",
        "Run it as the service's user or as root, give the folder to that user, or correct SIDEDOOR_DATA.",
    ),
    Code.SETTING_NOT_A_FOLDER: _Words(
        "“{written}” is not a folder.", "Write the folder's path, like /srv/sidedoor/content."
    ),
    Code.PROMPT_LEFT: _Words("The text still holds “{prompt}”.", "Write what it asks for in its place, or delete it."),
    Code.SETTING_NOT_A_FILE: _Words(
        "“{written}” is not a file that can be read.", "Write the path of one, like /etc/sidedoor/mail-password."
    ),
    Code.SETTING_NOT_A_MAIL_SERVER: _Words(
        "“{written}” is no mail server that can be used.",
        "Write smtps://USER@mail.example.org, smtp://USER@mail.example.org:587, or smtp+plain://localhost without a"
        " user; the password belongs in SIDEDOOR_MAIL_PASSWORD_FILE.",
    ),
    Code.SETTING_NOT_A_MAIL_ADDRESS: _Words("“{written}” is not a mail address.", "Write one like desk@example.org."),
    Code.SETTING_NOT_HOSTS: _Words(
        "“{written}” is not a list of host names.",
        "Write the names alone, with commas between: desk.example.org, desk.internal.",
    ),
    Code.SETTING_NOT_AN_ADDRESS: _Words(
        "“{written}” is not an address of a machine.", "Write one like 127.0.0.1, or 0.0.0.0 for all of this machine's."
    ),
    Code.SETTING_NOT_A_PLACE: _Words(
        "“{written}” is not an address and a port.", "Write both, with a colon between: 127.0.0.1:5002."
    ),
    Code.PLACE_TAKEN: _Words(
        "Another program listens at {place}.", "End it, or set PORT to another number, from 1024 on."
    ),
    Code.PLACE_NOT_OURS: _Words(
        "Nothing can listen at {place} ({reason}).",
        "Set HOST to an address of this machine, and PORT to a number that this user may have: 1024 or more.",
    ),
    Code.SETTING_NOT_A_NUMBER: _Words(
        "“{written}” is not a whole number from {least} to {most}.", "Write one like {like}."
    ),
    Code.SETTING_NOT_YES_OR_NO: _Words("“{written}” is neither true nor false.", "Write true or false."),
    Code.SETTING_MISSING_BESIDE: _Words("It works only together with {beside}.", "Set those, too, or leave it out."),
    Code.MONITOR_NOT_THERE: _Words(
        "Nothing can be answered at {place} ({reason}).",
        "It is tried again. Choose another port, or end what has it.",
    ),
    Code.SETTING_UNKNOWN: _Words(
        "There is no setting of this name, so it does nothing.", "Delete it, or look the name up in docs/settings.md."
    ),
    Code.SETTING_MISSPELT: _Words(
        "There is no setting of this name, so it does nothing.", "Did you mean {near}?"
    ),
    Code.VALKEY_AWAY: _Words(
        "No Valkey answers at {place} ({reason}).",
        "The site runs, and its chat opens when it does. Start Valkey there, or correct the address.",
    ),
    Code.VALKEY_PASSWORD: _Words(
        "The Valkey at {place} does not accept the password.", "Write the right one: valkey://:PASSWORD@host:6379/0."
    ),
    Code.SETTING_NOT_A_DATABASE: _Words(
        "This is no address of a PostgreSQL database.",
        "Write one like postgresql://user:password@host:5432/sidedoor, or nothing for files in SIDEDOOR_DATA.",
    ),
    Code.DATABASE_NOT_INSTALLED: _Words(
        "PostgreSQL needs an extra that is not installed.", "Run pip install -e '.[postgresql]'."
    ),
    Code.DATABASE_AWAY: _Words(
        "No PostgreSQL answers at {place} ({reason}).", "Start it there, or correct the address."
    ),
    Code.DATABASE_PASSWORD: _Words(
        "The PostgreSQL at {place} does not accept the user or the password.",
        "Write the right ones: postgresql://user:password@host:5432/sidedoor.",
    ),
    Code.DATABASE_NOT_THERE: _Words(
        "The PostgreSQL at {place} has no such thing ({reason}).",
        "Make it (deploy/postgresql.sql), or correct the name.",
    ),
    Code.DATABASE_NOT_UTF8: _Words(
        "This database cannot hold every letter.", "Remake it: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
    ),
    Code.DATABASE_RIGHTS: _Words(
        "This user may not do what Sidedoor needs in the database.",
        "Give it a schema of its own, as deploy/postgresql.sql does.",
    ),
    Code.DATABASE_NOT_FILLED: _Words(
        "The database is new, and {file} in {folder} holds what was kept so far.",
        "Run sidedoor fill-database {folder}, or take that file away.",
    ),
    Code.DATABASE_ELSEWHERE: _Words(
        "It names no database, and what was kept in this folder is in one.",
        "Set it as the services have it. To go back to files, delete {file}.",
    ),
    Code.DATABASE_NOT_EMPTY: _Words(
        "{database} holds something already, so nothing was copied.", "Copy into a new database."
    ),
    Code.DATABASE_NOTHING_TO_COPY: _Words(
        "There is nothing to copy in {folder}.",
        "Name the folder that was SIDEDOOR_DATA, or that a backup was put into.",
    ),
    Code.UNKNOWN_CHAT_STORE: _Words(
        "This is no store that Sidedoor knows.", "Write sqlite:, sqlite:/folder or valkey://host:6379/0."
    ),
    Code.VALKEY_NOT_INSTALLED: _Words(
        "Valkey needs an extra that is not installed.", "Run pip install -e '.[valkey]'."
    ),
    Code.VALKEY_WRITES_TO_DISK: _Words(
        "This Valkey writes what it holds to its disk, where words would outlive their conversation.", _QUIET_VALKEY
    ),
    Code.VALKEY_LOGS_COMMANDS: _Words(
        "This Valkey logs slow commands with their values, where a key would outlive its conversation.", _QUIET_VALKEY
    ),
    Code.VALKEY_DOES_NOT_SAY: _Words(
        "This Valkey does not say whether it writes what it holds to its disk.", "Let our user run CONFIG GET."
    ),
    Code.WORK_ACCOUNTS_NOT_INSTALLED: _Words(
        "Work accounts need an extra that is not installed.", "Run pip install -e '.[oidc]'."
    ),
    Code.BACKUP_DATABASE_DAMAGED: _Words(
        "The database {subject} is damaged.",
        "Put back its latest good backup.",
    ),
    Code.BACKUP_DIFFERS: _Words(
        "What was written is not what was read.",
        "Try again, and look at the disk.",
    ),
    Code.BACKUP_DOES_NOT_OPEN: _Words(
        "{subject} does not open: it was made with another key or passphrase, or it is damaged.",
        "Use the one it was made with, or another copy.",
    ),
    Code.BACKUP_FAILED: _Words(
        "It was not backed up: {reason}.",
        "Nothing was left behind. Mend that, then try again.",
    ),
    Code.BACKUP_HOW: _Words(
        "A backup is always encrypted, and nothing says how.",
        "Add --to age1… (or --key FILE to restore), or --passphrase-file FILE.",
    ),
    Code.BACKUP_IS_NEWER: _Words(
        "A newer version of Sidedoor made this backup.",
        "Restore it with that one.",
    ),
    Code.BACKUP_IS_NONE: _Words(
        "This is no backup of Sidedoor.",
        "Name another file.",
    ),
    Code.BACKUP_IS_THERE: _Words(
        "{subject} is there already.",
        "Name another file: an old backup may be the one that is needed.",
    ),
    Code.BACKUP_KEY_IS_THERE: _Words(
        "{subject} is there already.",
        "Name another file: a key that is written over opens nothing any more.",
    ),
    Code.BACKUP_NOT_EMPTY: _Words(
        "{subject} is not empty.",
        "Name a folder that is not there yet: nothing is written over.",
    ),
    Code.BACKUP_NOT_WHOLE: _Words(
        "This backup is not whole.",
        "Use another copy of it, or another backup.",
    ),
    Code.BACKUP_NO_FOLDER: _Words(
        "--keep deletes old backups of a folder, and {subject} is none.",
        "Name a folder, or leave out --keep.",
    ),
    Code.BACKUP_NO_KEY: _Words(
        "{subject} holds no key.",
        "Name the file that `sidedoor backup-key` wrote: it has a line that begins with AGE-SECRET-KEY-.",
    ),
    Code.BACKUP_NO_RECIPIENT: _Words(
        "That is no age recipient.",
        "Write what `sidedoor backup-key FILE` printed: it begins with age1.",
    ),
    Code.BACKUP_OF_NOTHING: _Words(
        "There is no site in {subject}, the content folder, so nothing was backed up.",
        "Mount it, or correct SIDEDOOR_CONTENT.",
    ),
    Code.BACKUP_PASSPHRASE_UNREADABLE: _Words(
        "{subject} cannot be read.",
        "Name a file that holds the passphrase and nothing else.",
    ),
    Code.BACKUP_SHORT_PASSPHRASE: _Words(
        "A passphrase has 12 letters or more.",
        "Five words that belong to nobody do well.",
    ),
    Code.BACKUP_STRANGE_NAME: _Words(
        "This backup holds a file, {subject}, that is not one of a backup.",
        "Nothing was written. Use another copy.",
    ),
    Code.BACKUP_TOO_BIG: _Words(
        "This is too much for a passphrase, which takes up to 512 MB.",
        "Make a key with `sidedoor backup-key FILE`.",
    ),
    Code.RESTORE_FAILED: _Words(
        "It was not restored: {reason}.",
        "Nothing was left behind. Mend that, then try again.",
    ),
    Code.HEALTH_NOT_SERVED: _Words(
        "Readers get no pages.",
        "Look at the log, and start the site again.",
    ),
    Code.HEALTH_CONTENT_AWAY: _Words(
        "The content folder cannot be reached.",
        "Readers see everything as it was. Mount it, or correct SIDEDOOR_CONTENT.",
    ),
    Code.HEALTH_CONTENT_UNSEEN: _Words(
        "The content folder was not looked at for five minutes, so edits do not show.",
        "Look at its disk, then start again.",
    ),
    Code.HEALTH_DISK_LOW: _Words(
        "The disk is nearly full.",
        "Make room before nothing can be saved.",
    ),
    Code.HEALTH_DISK_FULL: _Words(
        "The disk is full.",
        "Pages are shown; nothing can be saved, no feedback and no chat. Make room.",
    ),
    Code.HEALTH_DISK_READ_ONLY: _Words(
        "Nothing can be written to the disk.",
        "Pages are shown; nothing can be saved, no feedback and no chat. Look at why.",
    ),
    Code.HEALTH_DISK_BROKEN: _Words(
        "The disk does not answer as it should.",
        "Look at the machine's own log.",
    ),
    Code.HEALTH_CHAT_DOWN: _Words(
        "The chat's store does not answer.",
        "Readers are told, and given phone numbers. Start it, or correct SIDEDOOR_CHAT_STORE.",
    ),
    Code.HEALTH_DATABASE_DOWN: _Words(
        "The database does not answer.",
        "Pages are shown; nothing can be written to us or changed at the desk. Start it, or ask sidedoor doctor.",
    ),
    Code.HEALTH_TWO_DESKS: _Words(
        "Another desk works on this database, from another folder or machine.",
        "One could save over the other: stop all but one (docs/operate.md).",
    ),
    Code.HEALTH_ONE_EDGE: _Words(
        "Everybody comes through one machine more than SIDEDOOR_PROXIES counts: limits by network are off.",
        "Count the machines in front, and set SIDEDOOR_PROXIES to that.",
    ),
    Code.HEALTH_BROKEN_FILES: _Words(
        "Files that cannot be used as they are: {count}.",
        "Readers see their last good versions. `sidedoor check` says what is wrong.",
    ),
    Code.HEALTH_EMBARGO_NOT_LIVE: _Words(
        "News items whose time has come and that nobody has approved: {count}.",
        "Approve them at the desk, or give them another time.",
    ),
    Code.HEALTH_QUEUE_ALONE: _Words(
        "No adviser is present, and people wait in the chat: {count}.",
        "Call an adviser.",
    ),
    Code.HEALTH_NO_HISTORY: _Words(
        "The history of what is saved is not being kept.",
        "Look at the log of the desk.",
    ),
    Code.HEALTH_BACKUP_LATE: _Words(
        "The last backup is {hours} hours old.",
        "Look at why no newer one was made. SIDEDOOR_BACKUP_HOURS says how old it may be.",
    ),
    Code.HEALTH_MAIL_WAITS: _Words(
        "Mail of the desk has waited for over an hour: {count}.",
        "Press “Send me a test mail” under Notices: it says what the mail server answers.",
    ),
    Code.DOCTOR_OPEN_TO_ALL: _Words(
        "Everybody on this machine can look into {folder}.",
        "Take that away: chmod o= {folder}.",
    ),
    Code.DOCTOR_OTHER_OWNER: _Words(
        "{path} does not belong to the owner of {folder}, so the service may be unable to write it.",
        "Give it back: chown -R --reference={folder} {folder}.",
    ),
    Code.DOCTOR_NOT_OURS: _Words(
        "This user cannot look into {folder}.",
        "Run it as the user of the service, or give the folder to its group.",
    ),
    Code.DOCTOR_HTTPS_OFF: _Words(
        "The url of site.toml is {url}, but SIDEDOOR_HTTPS is off.",
        "Set it to true, so that readers are kept on TLS.",
    ),
    Code.DOCTOR_URL_WITHOUT_TLS: _Words(
        "SIDEDOOR_HTTPS is on, but the url of site.toml is “{url}”.",
        "Write the address that readers use: https://www.example.org.",
    ),
    Code.DOCTOR_PROXIES_UNCOUNTED: _Words(
        "SIDEDOOR_HTTPS says that something in front speaks TLS, and SIDEDOOR_PROXIES counts nothing in front.",
        "Set SIDEDOOR_PROXIES to the number of web servers in front, 1 for nginx alone.",
    ),
    Code.DOCTOR_DATABASE_WITHOUT_TLS: _Words(
        "What is said to the database at another machine can be read on the way.",
        "Add to its address: ?sslmode=verify-full&sslrootcert=/path/to/its/authority.pem.",
    ),
    Code.DOCTOR_DESK_WITHOUT_TLS: _Words(
        "Staff reach the desk at {url}, without TLS, where passkeys do not work and passwords can be read.",
        "Put TLS in front, and write https://.",
    ),
    Code.DOCTOR_URL_OF_OTHERS: _Words(
        "Something else answers at {url}.",
        "Look at the name server and at the web server in front.",
    ),
    Code.DOCTOR_URL_SILENT: _Words(
        "Nothing answers at {url} from here ({reason}).",
        "Look at the name server, the certificate and the web server in front; or this machine may not call out.",
    ),
    Code.DOCTOR_NOT_RUNNING: _Words(
        "No site answers at {place}.",
        "Start it, or set HOST and PORT as the service has them.",
    ),
    Code.DOCTOR_CLOCK_UNSET: _Words(
        "Nobody sets this machine's clock, and embargoes lift by it.",
        "Install chrony, or turn on systemd-timesyncd.",
    ),
    Code.DOCTOR_CLOCK_OF_DATABASE: _Words(
        "This machine's clock and the database's are {seconds} seconds apart, and embargoes lift by them.",
        "Have every machine's clock set by the same servers (timedatectl set-ntp true).",
    ),
    Code.DOCTOR_CLOCKS_DIFFER: _Words(
        "The disk's clock and this machine's are {seconds} seconds apart.",
        "Set both by the same time server.",
    ),
    Code.DOCTOR_EDITOR_AWAY: _Words(
        "The desk's editor is not built, so its writers get a plain field with Markdown in it.",
        "It is looked for at {path}. Run make editor in the source tree; then, if the program is not run from there,"
        " install it again (deploy/install).",
    ),
    Code.DOCTOR_EDITOR_OLD: _Words(
        "The desk's editor was built from an older source than the one here.",
        "Run make editor again.",
    ),
}  # fmt: skip


def file_words(code: Code, values: Mapping[str, Any], field: str = "") -> ProblemWords:
    """A problem in words for somebody who edits the file."""
    words = WORDS[code]
    shown = _shown(code, values, field, lambda name: f"`{name}`")
    return ProblemWords(words.what.format_map(shown), words.instead.format_map(shown))


def form_words(code: Code, values: Mapping[str, Any], field: str, labels: Mapping[str, str]) -> ProblemWords:
    """A problem in words for somebody who fills in a form; `labels` are the form's labels, by the fields' names in
    files."""
    words = WORDS[code]

    def spoken(name: str) -> str:
        return f"“{labels[name]}”" if name in labels else f"`{name}`"

    shown = {name: spoken(name) for name in labels} | _shown(code, values, field, spoken)
    what, instead = words.form_what or words.what, words.form_instead or words.instead
    return ProblemWords(what.format_map(shown), instead.format_map(shown))


def _shown(code: Code, values: Mapping[str, Any], field: str, spoken: Callable[[str], str]) -> dict[str, Any]:
    """The words for each name in braces."""
    shown = dict(values)
    shown |= {"field": spoken(field), "last": field.rpartition(".")[2], "at": f"{spoken(field)}: " if field else ""}
    for name, value in values.items():
        if isinstance(value, Name):
            shown[name] = spoken(value)
        elif isinstance(value, Code):
            shown[name] = WORDS[value].what.format_map(shown)
        elif isinstance(value, tuple):
            shown[name] = ", ".join(value)
    return shown
