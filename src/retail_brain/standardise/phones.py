"""Phone numbers as people write them, made into E.164 where that is possible and into digits where it is not.

Apart from the SQL of values, which does the plain spellings of North America by itself; what comes here is distinct
and odd: other countries, extensions, missing area codes. Numbers are held to be *possible* (their length fits), not
*valid*: numbering plans change, and a customer's old number still tells who he is.
"""

from __future__ import annotations

import re
import unicodedata

FEWEST_DIGITS = 5
MOST_DIGITS = 20
_LONGEST_EXTENSION = 6
_EXTENSION = re.compile(r"[\s,;]*(?:;ext=|ext(?:ension|n)?\.?:?|x|#)\s*\d{1,8}\s*$", re.IGNORECASE)
_SEVERAL = re.compile(r"\s*(?:[/;,|]|\bor\b|\band\b)\s*", re.IGNORECASE)


def standardise_phone(text: str, region: str) -> str | None:
    """Bring one phone number into its lasting spelling.

    Args:
        text: the number as delivered, at most 1,000 characters.
        region: two-letter country code whose prefix a number without one gets.

    Returns:
        "+12025550176" where a possible number can be read, else the bare digits ("3213212"), or None where there are
        fewer than 5 or more than 20 of them. The extension is dropped.
    """
    number = _first_number(_EXTENSION.sub("", text))
    digits = _digits(number)
    if not FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
        return None
    if len(set(digits)) == 1:  # a placeholder, which must stay recognisable
        return digits
    written_plus = number.lstrip("( ").startswith(("+", "＋")) or "(+" in number
    if written_plus and (found := _possible("+" + digits, None)):
        return found
    if digits.startswith("00") and (found := _possible("+" + digits[2:], None)):
        return found
    if digits.startswith("1") and (written_plus or _is_north_american(region)):
        cut = _without_run_on_extension(digits)
        if cut:
            return cut
    return _national(digits, region) or _valid_abroad(digits) or digits


def _first_number(text: str) -> str:
    first = _SEVERAL.split(text, maxsplit=1)[0]
    return first if len(_digits(first)) >= 7 else text


def _digits(text: str) -> str:
    if text.isascii():
        return re.sub(r"\D", "", text)
    return "".join(str(unicodedata.decimal(letter)) for letter in text if letter.isdecimal())


def _is_north_american(region: str) -> bool:
    import rphonenumbers

    return rphonenumbers.country_code_for_region(region) == 1


def _without_run_on_extension(digits: str) -> str | None:
    """Cut the extension from a North American number written in one run: no area code begins with 1."""
    rest = digits.lstrip("1")
    extra = len(rest) - 10
    return "+1" + rest[:10] if 0 < extra <= _LONGEST_EXTENSION and len(digits) > 11 else None


def _national(digits: str, region: str) -> str | None:
    found = _possible(digits, region)
    if found and found.startswith("+1") and found[2] in "01":
        return None
    return found


def _valid_abroad(digits: str) -> str | None:
    """Read an international number whose plus sign was lost; only a valid one, since this is a guess."""
    return _possible("+" + digits, None, must_be_valid=True) if len(digits) > 10 else None


def _possible(text: str, region: str | None, *, must_be_valid: bool = False) -> str | None:
    """Return a number in E.164, None where it is not possible; reading it once more would not change it.

    One reading takes off one trunk zero, and odd numbers come with several.
    """
    found = _format(text, region, must_be_valid=must_be_valid)
    for _ in range(MOST_DIGITS):
        again = _format(found, None) if found else None
        if again == found:
            break
        found = again
    return found


def _format(text: str, region: str | None, *, must_be_valid: bool = False) -> str | None:
    import rphonenumbers

    try:
        number = rphonenumbers.parse(text, region)
    except rphonenumbers.NumberParseException:
        return None
    if rphonenumbers.is_possible_number_with_reason(number) != rphonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    if must_be_valid and not rphonenumbers.is_valid_number(number):
        return None
    return rphonenumbers.format_number(number, rphonenumbers.PhoneNumberFormat.E164)
