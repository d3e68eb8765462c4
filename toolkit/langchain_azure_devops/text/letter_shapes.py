"""Characters that look like Latin letters, both for names that look alike and for words that a reader recognizes.

Keys are small letters and signs of ASCII. The characters are small as well, after NFKD and casefold, unless said
otherwise.
"""

from collections.abc import Mapping

ALIKE: Mapping[str, str] = {
    "a": "аɑα⍺", "b": "ЬьʙƅᏏ", "c": "сϲƈᴄⅽ", "d": "ԁɗᏧ", "e": "еєҽɛε℮", "f": "ғƒ", "g": "ɡցᶃ", "h": "һհҺᏂ",
    "i": "іɩιӏıɪ1l|ǀІ", "j": "јϳɟ", "k": "кκᴋҝ", "m": "мᴍʍ", "n": "пηոռᴨ", "o": "оοօσ0ᴏ", "p": "рρϱᴘ", "q": "ԛգզ",
    "r": "гᴦʀɼ", "s": "ѕꜱʂƽ", "t": "тτᴛƫ", "u": "υսʋцᴜ", "v": "ѵνᴠ", "w": "ѡԝωɯաᴡш", "x": "хχ×", "y": "уγүỿʏ",
    "z": "ᴢʐʑ", "-": "‐‑‒–—−⁃ー", "/": "⁄∕⧸", ".": "․。．", "_": "ˍ‿",
}  # fmt: skip
"""Small letters, digits and signs that a reader takes for another one also where it stands for itself."""

CAPITALS: Mapping[str, str] = dict(
    zip("АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧԌԚԜҮ", "ABESIJKMHOPCTYXABEZHIKMNOPTYXGQWY", strict=True)
)
"""Capital letters that look like Latin ones; their small letters often do not."""

ROUGHLY: Mapping[str, str] = {
    "a": "\u13aa\ua4ee\u2200",
    "b": "\u0432\u03b2\u13f4\ua4d0\u15f7",
    "c": "\u13df\ua4da\u00a2\u2ca5",
    "d": "\u056a\u13a0\ua4d2\ua4d3\u15de\u15ea\u146f\u2202\u00f0\u10eb\u03b4\u0434",
    "e": "\u044d\u04bf\u2c89\u13ac\ua4f0\u2208\u22ff\u2d39\u0259\u20ac\u2203\u4e47",
    "f": "\u03dd\ua4dd\u0584\u15b4",
    "n": "\u0438\u0572\u03c0\u05d7\u2229\u144e\u014b\u0e20\u0e01",
    "r": "\u0491\u044f\u2c85\u13d2\u13a1\ua4e3\u1587\u0580\u5c3a",
    "s": "\u01a8\u13da\u13d5\ua4e2\u057f\U00010448\u00a7\u0283\u222b\u4e02\u0d1f\u0d17",
    "t": "\u04ad\u2020\u22a4\u27d9\u13a2\ua4d4\u0567\u1350\u4e05\u3112\u4e03",
    "u": "\u0561\u028a\u222a\u22c3\u03bc\u144c\U000104f6\U000118d8",
    "<": "\u1438\u3111\u304f\U0001d236",
    ">": "\u1433",
}
"""Letters, signs and brackets that are read as another one where a whole word is written with such shapes.

Names of other languages are made of them, too: they do not make two names look alike.
"""
