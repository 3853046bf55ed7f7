"""What a Vietnamese syllable may be (âm tiết): first consonant, rime and tone."""

import re
import unicodedata
from functools import lru_cache

_TONES = {"\u0300", "\u0309", "\u0303", "\u0301", "\u0323"}
#: a stopped syllable (-c, -ch, -p, -t) bears the tones sắc or nặng only
_STOPPED_TONES = {"\u0301", "\u0323"}

_FIRST = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_RIMES_TEXT = """
    a ai ao au ay ac ach am an ang anh ap at ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
    i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu
    y yn ynh yt ych yp yêm yên yêng yêt yêu
    o oc oi om on ong op ot oa oac oach oai oam oan oang oanh oao oap oat oay
    oăc oăm oăn oăng oăt oe oen oeo oet oong ooc
    ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uc ui um un ung up ut uân uâng uât uây uê uênh uêch uêu uơ
    uy uya uych uyn uynh uyp uyt uyu uyên uyêt uôc uôi uôm uôn uông uôt
    ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
"""
#: ñ, ś, ẅ: a mark on a letter that bears none
_STRAY = re.compile("[^aeiouy\u0306\u0302\u031b][\u0300\u0309\u0303\u0301\u0323]")
_ONSETS = frozenset(["", *_FIRST.split()])
_RIMES = frozenset(_RIMES_TEXT.split())


@lru_cache(maxsize=8192)
def is_syllable(word: str) -> bool:
    """Return whether `word` (one word, any case, any normal form) is a Vietnamese syllable."""
    parts = unicodedata.normalize("NFD", word.lower())
    tones = [c for c in parts if c in _TONES]
    plain = unicodedata.normalize("NFC", "".join(c for c in parts if c not in _TONES))
    if len(tones) > 1 or _STRAY.search(parts):
        return False
    for width in range(min(3, len(plain)) + 1):
        rime = plain[width:]
        if plain[:width] in _ONSETS and rime in _RIMES:
            stopped = rime.endswith(("c", "ch", "p", "t"))
            if not stopped or not tones or tones[0] in _STOPPED_TONES:
                return True
    return False
