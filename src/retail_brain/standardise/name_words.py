"""The small words of personal names: titles, suffixes, particles, and what people type who have no name to give.

Apart from the rules that use them, because lists are read and extended by people who do not read code. All words are
in lower case and without dots.
"""

from __future__ import annotations

from retail_brain.standardise.countries import word_set

TITLES = word_set(
    "mr mrs ms miss mx mstr dr doctor prof professor sir rev reverend capt sgt "
    "herr frau hr fr dipl-ing mme mlle monsieur madame sra srta señor señora señorita doña sig sigra dott "
    "г-н г-жа госп"
)
"""Words in front of a name that are not part of it, where another word follows."""

SUFFIXES = {
    "jr": "Jr",
    "jnr": "Jr",
    "junior": "Jr",
    "filho": "Jr",
    "sr": "Sr",
    "snr": "Sr",
    "senior": "Sr",
    "i": "I",
    "1st": "I",
    "ii": "II",
    "2nd": "II",
    "iii": "III",
    "3rd": "III",
    "iv": "IV",
    "4th": "IV",
}
"""Words behind a name that tell a father from a son, and how they are written for good."""

HONOURS = word_set("phd md dds dvm esq esquire cpa rn mba obe mbe cbe msc bsc ret")
"""Words behind a name that say nothing about who the person is."""

ENDINGS = HONOURS | SUFFIXES.keys()

PARTICLES = word_set(
    "van von vom zu zur zum der den de di da do du del della dello dei degli des dos das la le lo las los les "
    "ter ten te 't op bin ibn bint abu al el af av san santa st saint mac mc ap fitz "
    "بن ابن بنت آل أبو ابو فان دي"
)
"""Words that begin a family name of several words."""

LINKS = frozenset({"y", "und", "و"})
"""Words that join two family names: Ortega y Gasset."""

NOTHING = word_set(
    "n/a #n/a n.a. n.a na/na none null nil unknown unk unbekannt inconnu desconocido sconosciuto noname "
    "not_available unavailable undefined missing xx xxx xxxx test tests testing tester asdf qwerty"
) | {"not available", "not known", "not given", "not provided", "no name", "test test", "first name", "last name"}
"""What stands in a name's place when there is no name."""

NOTHING_ALONE = word_set("na guest customer client anonymous anonym walk-in user cash")
"""Words that are no name when no other name stands beside them, but may be a family name."""

COMPOUND_FAMILIES = word_set(
    "欧阳 歐陽 司马 司馬 上官 诸葛 諸葛 司徒 东方 東方 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 宇文 长孙 長孫 夏侯 轩辕 端木 百里 南宫 南宮 "
    "남궁 황보 제갈 선우 사공 서문 독고 동방"
)
"""Chinese and Korean family names of two characters."""

PATRONYMICS = (
    "ович",
    "евич",
    "ич",
    "овна",
    "евна",
    "ична",
    "івна",
    "ївна",
    "йович",
    "авіч",
    "евіч",
    "овіч",
    "аўна",
    "еўна",
    "оўна",
)
"""How Russian, Ukrainian and Belarusian patronymics end."""
