"""Guessing the character set of a short text that is not UTF-8 and does not say what it is in.

A text of a few words is too short for charset-normalizer, which looks at ranges and at the words of languages. Here
each set is asked how likely the letters are that it makes of the bytes: how often its language uses them, whether a
capital follows a small letter, whether a sign stands inside a word. The figures are natural logarithms of rough
frequencies; only their order of size matters.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import pairwise

LONGEST = 400
"""Bytes up to which a text is better guessed here than by charset-normalizer."""

_ASCII = -3.0
_FIRST, _STEP = -2.2, -0.1  # the most frequent letter of an alphabet, and what each further one is less
_ACCENTED = -4.6
_FOREIGN = -9.5
_ALPHABET, _SIGNS_OF_CJK = -15.5, -13.0  # another script than the Latin one, without a label
_SIGN = -7.0
_IN_A_WORD = -6.0
_TURNED = -4.0
_MIXED = -8.0
_CAPITAL, _CAPITALS = -1.0, -0.2  # the first of a word, and a further one
_LOST = -14.0
_SYLLABLE, _COMMON, _KNOWN, _RARE = -4.0, -6.4, -9.2, -13.5

# Letters by how often they are used.
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйёхжшюцщэфъіїєґўјљњџћђ"
_GREEK = "αοιετσνηυρπκμλωςγδχθφβξζψάίέόήύώϊϋΐΰ"
_HEBREW = "יוהלארתבשמםנכדעקפגחצזסטןףךץ"
_ARABIC = "اليمنتروبهدعسفحقكشجخصذطثزغئضظةىأإآءؤًّ"
_THAI = "านรอกเงมยลวดท่สต้ะปบคหแจพชขใไผโิ์ีถ็ซธศณัุญฎษภๆฤฟูึืำๅฉฐฬฆ"
_WEST = "éäöåüèàçøæáíóñúêâôîëïßõãœìòùû¿¡ºª"
_ICELAND = "þðýÿ"
_CENTRE = "áčďéěíňóřšťúůýžąćęłńśźżăâîőűöüäßô"
_EAST = "ţşđľĺŕ"
_TURKEY = "\u0131işğüöçâîû"
_SIGNS = frozenset("€£°“”„…«»§®©™·№•\u00a0\u2018\u2019\u2013\u2014")
_APOSTROPHES = frozenset("\u2018\u2019\u00b4")
_KANA_MARKS = frozenset("、。・ー「」《》【】\uff01\uff1f\u3000\uff5e\uff08\uff09\uff1a\uff0c\uff1b")
_HANGUL = frozenset(
    "이다는에을를의가하고사한지로은기아어나대자시그도리서인있요수해스라안정부장전일제주세원니습합문보구상관동과여회으들공통신용경계만성선것개당연된위조미없우내실제알"
    "고싶확메일제목답변주문배송감녕안김박최"
)
# The hundred or so signs that make up half of what is written, in both spellings, and those of Japanese.
_HANZI = frozenset(
    "的一是不了在人有我他这個个們们中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于著着下自之年过過发發后後作里裡用道行所然家种種事成方多"
    "经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從想实實日军軍者意无無力它与與长長把机機十民第公此已工使情"
    "明性知全三又关關点點正业業外将將两兩高间間由问問很最重并物手应應战戰向头頭文体體政美相见見被利什二等产產或新己制身果加西斯月话話合回特代内內信表化老给給世"
    "位次度门門任常先海通教儿兒原东東声聲提立及比员員解水名真论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別打女变變四神总總何电電数數安少报報才结結反"
    "受目太量再感建务務做接必场場件计計管期市直德资資命山金指克许許统統区區保至队隊形社便空决決治展马馬科司五基眼书書非则則听聽白却卻界达達光放强強即像难難且权"
    "權思王象完设設式色路记記南品住告类類求据據程北边邊死张張该該交规規万萬取拉格望觉覺术術领領共确確传傳师師观觀清今切院让讓识識候带帶导導争爭运運您请請谢謝帮"
    "幫助客户服订訂单單货貨购購买買付款退换換联聯系繫邮郵箱址电電子票据費费价價钱錢元收到未已查询詢订单號号码碼复復回件附档檔案主旨測测试試通知消息簡简体繁中文"
)
_KANJI = frozenset(
    "日本語文字様件名送信返事年月人注商品届御願致申上下世話確認連絡先会社株式私今何時間分電話番号問合新規登録完了案内受付予約情報東京部長田中山川小大出来行見思言"
    "使用者手動作変更発表方法内容添付資料請求書支払金額円料無有年始休業営業担当佐藤鈴木高橋試験重要緊急至急再度明細現在利用対応不可能"
)


def guess(content: bytes) -> str:
    """Return the codec that makes the likeliest text of `content`; where several do as well, the Western one."""
    return max(_SETS, key=lambda codec: _SETS[codec](content.decode(codec, "replace")))


def _alphabet(text: str, *, weights: dict[str, float]) -> float:
    """Return how likely a text of one of the scripts with an alphabet of their own is."""
    return _ALPHABET + sum(_letter(before, char, weights) for before, char in pairwise(f" {text}"))


def _letter(before: str, char: str, weights: dict[str, float]) -> float:
    if char.isascii():
        return _ASCII + (_MIXED if char.isalpha() and before in weights else 0)
    if char == "\ufffd":
        return _LOST
    weight = weights.get(char)
    if weight is None:
        within = before.isalpha() and not char.isalpha() and char not in _SIGNS
        return (_FOREIGN if char.isalpha() else _SIGN) + (_IN_A_WORD if within else 0)
    if before.isascii() and before.isalpha():
        return weight + _MIXED
    return weight + _capital(before, char)


def _capital(before: str, char: str) -> float:
    """Return what it costs that a letter is a capital, given the one before it."""
    if not char.isupper():
        return 0
    return _TURNED if before.islower() else _CAPITALS if before.isupper() else _CAPITAL


def _accents(text: str, *, weights: dict[str, float]) -> float:
    """Return how likely a text of the Latin script is, where two letters with accents seldom stand together."""
    return sum(_accent(before, char, weights) for before, char in pairwise(f" {text}"))


def _accent(before: str, char: str, weights: dict[str, float]) -> float:
    within = before.isalpha() and not before.isascii()
    if char.isascii():
        return _ASCII + (_capital(before, char) if within else 0)
    if char in _SIGNS:
        return _SIGN + (_IN_A_WORD if within and char not in _APOSTROPHES else 0)
    if not char.isalpha() and char not in weights:
        return _LOST if char == "\ufffd" else _FOREIGN + (_IN_A_WORD if before.isalpha() else 0)
    return weights.get(char, _FOREIGN) + _capital(before, char) + (_TURNED if within else 0)


def _signs(text: str, *, script: str) -> float:
    """Return how likely a text of one of the scripts with thousands of signs is."""
    return _SIGNS_OF_CJK + sum(_sign(char, script) for char in text)


@lru_cache(maxsize=16_384)
def _sign(char: str, script: str) -> float:
    if char.isascii():
        return _ASCII
    if char in _KANA_MARKS:
        return _SYLLABLE - 1
    if "\u3041" <= char <= "\u30fe":
        return (_SYLLABLE if char <= "\u3096" else _SYLLABLE - 1) if script == "euc_jp" else _KNOWN
    if char in _FREQUENT[script]:
        return _COMMON
    try:
        lead = char.encode(script)[0]
    except UnicodeEncodeError:
        return _LOST if char == "\ufffd" else _RARE
    low, high = _LEVEL_1[script]
    return _KNOWN if low <= lead <= high else _RARE


def _ranked(letters: str) -> dict[str, float]:
    weights = {letter: _FIRST + _STEP * rank for rank, letter in enumerate(letters)}
    return {letter.upper(): weight for letter, weight in weights.items()} | weights


def _level(letters: str, weight: float) -> dict[str, float]:
    return dict.fromkeys(letters.upper() + letters, weight)


_FREQUENT = {"euc_jp": _KANJI | _HANZI, "gb2312": _HANZI, "big5": _HANZI, "euc_kr": _HANGUL}
# The lead bytes of the signs that schools teach; hangul are all of the first level.
_LEVEL_1 = {"euc_jp": (0xB0, 0xCF), "gb2312": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "euc_kr": (0xB0, 0xC8)}
_SETS: dict[str, Callable[[str], float]] = {
    "cp1252": partial(_accents, weights=_level(_ICELAND, _ACCENTED - 1.5) | _level(_WEST, _ACCENTED)),
    "cp1250": partial(_accents, weights=_level(_EAST, _ACCENTED - 1.5) | _level(_CENTRE, _ACCENTED - 0.2)),
    "iso8859_2": partial(_accents, weights=_level(_EAST, _ACCENTED - 1.5) | _level(_CENTRE, _ACCENTED - 0.3)),
    "cp1254": partial(_accents, weights=_level(_TURKEY, _ACCENTED - 0.2)),
    "cp1251": partial(_alphabet, weights=_ranked(_CYRILLIC)),
    "koi8_r": partial(_alphabet, weights=_ranked(_CYRILLIC)),
    "cp1253": partial(_alphabet, weights=_ranked(_GREEK)),
    "cp1255": partial(_alphabet, weights=_ranked(_HEBREW)),
    "cp1256": partial(_alphabet, weights=_ranked(_ARABIC)),
    "cp874": partial(_alphabet, weights=_ranked(_THAI)),
    "cp932": partial(_signs, script="euc_jp"),
    "euc_jp": partial(_signs, script="euc_jp"),
    "gb18030": partial(_signs, script="gb2312"),
    "big5": partial(_signs, script="big5"),
    "cp949": partial(_signs, script="euc_kr"),
}
