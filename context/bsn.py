"""The citizen service number (BSN): recognised in free text, so that it can be refused.

An intermediary may not process it before a contract, not even with consent. The eleven-test alone
is a weak sign (one in eleven numbers of nine digits passes), so the words around a number count.
"""

import re
import unicodedata
from typing import Final

_WEIGHTS: Final = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_WINDOW: Final = 40

_NAMED: Final = re.compile(
    r"(?<![a-z])(?:bsn|burger\s?service|sofi|sv-?nummer|citizen service)", re.IGNORECASE
)
_OTHER_NUMBER: Final = re.compile(
    r"(?<![a-z])(?:rekening|iban|polis|policy|order|kvk|chamber|dossier|file n|telefoon|tel\b"
    r"|phone|mobiel|account)|[€$£]",
    re.IGNORECASE,
)
_LOOSE: Final = re.compile(r"(?<!\d)\d(?:[ .\-/]{0,2}\d){7,8}(?![ .\-/]?\d)")
_STANDING: Final = re.compile(
    r"(?<![\d,.])(?:\d{9}|\d{4}[ .\-]\d{2}[ .\-]\d{3}|\d{3}[ .\-]\d{3}[ .\-]\d{3})(?![ .\-,]?\d)"
)


def passes_eleven_test(digits: str) -> bool:
    """Return whether 8 or 9 *digits* form a possible BSN.

    Eight are padded with a zero; the weights are 9 to 2 and -1, and the sum divides by eleven.
    """
    padded = digits.zfill(9)
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, padded, strict=True))
    return int(padded) != 0 and total % 11 == 0


def contains_bsn(text: str) -> bool:
    """Return whether *text* is likely to hold a BSN.

    A number of nine digits near a word such as *BSN* counts, whether or not it passes the
    eleven-test, since a slip of the pen is no less private; one of eight counts if it passes.
    Without such a word a number counts when it stands alone, passes, and nothing near it says
    that it is an account, a policy, a telephone or an amount.
    """
    plain = _plain(text)
    for match in _LOOSE.finditer(plain):
        digits = re.sub(r"\D", "", match.group())
        near = _around(plain, match)
        if _NAMED.search(near) and (len(digits) == len(_WEIGHTS) or passes_eleven_test(digits)):
            return True
    for match in _STANDING.finditer(plain):
        digits = re.sub(r"\D", "", match.group())
        if passes_eleven_test(digits) and not _OTHER_NUMBER.search(_around(plain, match)):
            return True
    return False


def _plain(text: str) -> str:
    """Return *text* with every script's digits, spaces and dashes as the common ones."""
    characters = []
    for character in unicodedata.normalize("NFKC", text):
        digit = unicodedata.digit(character, None)
        category = unicodedata.category(character)
        if digit is not None:
            characters.append(str(digit))
        elif category == "Zs" or character in "\t\n\r":
            characters.append(" ")
        elif category == "Pd":
            characters.append("-")
        elif category != "Cf":  # invisible characters would hide what stands next to each other
            characters.append(character)
    return "".join(characters)


def _around(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - _WINDOW) : match.end() + _WINDOW]
