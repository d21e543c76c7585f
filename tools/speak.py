"""Makes the recordings of a content folder: `python -m tools.speak examples/hampshire`, with Debian's espeak-ng and
lame.

Each speaks the words inside its block, `/// audio | NAME.mp3`, in the language of its page; so the words printed beside
a recording are exactly those that are spoken.
"""

import re
import subprocess
import sys
from pathlib import Path

from sidedoor.documents.document import kind_of
from sidedoor.documents.front_matter import read_document
from sidedoor.documents.markdown import render

_BLOCK = re.compile(r"^/// audio \| *(\S+)\n(.*?)^///$", re.DOTALL | re.MULTILINE)
_VOICES = {"en": "en-gb"}
_WORDS_A_MINUTE = "140"


def main() -> None:
    """Make every recording of the folder again."""
    content = Path(sys.argv[1])
    (content / "media").mkdir(exist_ok=True)
    for page in sorted(content.rglob("*.md")):
        file = str(page.relative_to(content))
        if not kind_of(file):
            continue
        document = read_document(page.read_text("utf-8"), file)
        for name, words in _BLOCK.findall(document.body):
            language = str(document.values.get("language") or file.partition("/")[0])
            text = "\n\n".join(render(words).sentences)
            (content / "media" / name).write_bytes(spoken(text, language))


def spoken(words: str, language: str) -> bytes:
    """The words as an MP3 at 24 kbit/s without any tag. Numbers are spoken digit by digit, as they are dialled."""
    dialled = re.sub(r"\d+", lambda match: ", ".join(match[0]), words)
    voice = ["espeak-ng", "-v", _VOICES.get(language, language), "-s", _WORDS_A_MINUTE, "--stdout"]
    wave = subprocess.run(voice, input=dialled.encode(), capture_output=True, check=True).stdout
    lame = ["lame", "--quiet", "-t", "-m", "m", "--resample", "16", "-b", "24", "--cbr", "-", "-"]
    return subprocess.run(lame, input=wave, capture_output=True, check=True).stdout


if __name__ == "__main__":
    main()
