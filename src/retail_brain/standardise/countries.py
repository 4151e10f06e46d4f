"""Countries as customers and systems name them, and the states that stand before a postcode.

Apart from phones and addresses, which both need it. Not a list of all countries: of those that appear in retailers'
exports by name; a two-letter code is always understood.
"""

from __future__ import annotations

_COUNTRIES = """
AE are|uae|united arab emirates
AR arg|argentina
AT aut|austria|österreich
AU aus|australia
BD bgd|bangladesh
BE bel|belgium|belgië|belgique
BG bgr|bulgaria
BR bra|brazil|brasil
CA can|canada
CH che|switzerland|schweiz|suisse|svizzera
CL chl|chile
CN chn|china
CO col|colombia
CZ cze|czechia|czech republic
DE deu|ger|germany|deutschland
DK dnk|denmark|danmark
EG egy|egypt
ES esp|spain|españa
FI fin|finland|suomi
FR fra|france
GB gbr|uk|united kingdom|great britain|england|scotland|wales|northern ireland
GR grc|greece
HK hkg|hong kong
HR hrv|croatia|hrvatska
HU hun|hungary
ID idn|indonesia
IE irl|ireland|eire
IL isr|israel
IN ind|india
IT ita|italy|italia
JP jpn|japan
KE ken|kenya
KH khm|cambodia
KR kor|south korea|korea
LI lie|liechtenstein|lichtenstein
LK lka|sri lanka
LT ltu|lithuania
LU lux|luxembourg
MA mar|morocco
MX mex|mexico|méxico
MY mys|malaysia
NG nga|nigeria
NL nld|netherlands|the netherlands|nederland|holland
NO nor|norway|norge
NZ nzl|new zealand
PE per|peru|perú
PH phl|philippines
PK pak|pakistan
PL pol|poland|polska
PT prt|portugal
RO rou|romania
RU rus|russia|russian federation
SA sau|saudi arabia
SE swe|sweden|sverige
SG sgp|singapore
SI svn|slovenia
SK svk|slovakia
TH thailand
TR tur|turkey|türkiye
TW twn|taiwan
UA ukr|ukraine
US usa|united states|united states of america
VN vnm|vietnam
ZA zaf|south africa
"""
_REGIONS = {
    name: line[:2] for line in _COUNTRIES.strip().splitlines() for name in (line[:2].lower(), *line[3:].split("|"))
}


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one text, so that people can read and extend it."""
    return frozenset(text.split())


US_STATES = word_set(
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA "
    "RI SC SD TN TX UT VT VA WA WV WI WY DC PR VI GU AS MP AA AE AP"
)
CANADIAN_PROVINCES = word_set("AB BC MB NB NL NS NT NU ON PE QC SK YT")
AUSTRALIAN_STATES = word_set("ACT NSW NT QLD SA TAS VIC WA")
STATES = US_STATES | CANADIAN_PROVINCES | AUSTRALIAN_STATES


def country_region(text: str | None) -> str | None:
    """Return the two-letter code of a country as somebody wrote it, or None where it is not known.

    Args:
        text: a name or a code, such as "Germany", "DEU" or "de".
    """
    if text is None:
        return None
    return _REGIONS.get(text.strip().lower().replace(".", ""))
