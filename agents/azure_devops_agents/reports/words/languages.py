"""Tell whether a sentence is English, by its small words."""

import re

ENGLISH = frozenset(
    """
    the a an is are was were be been has have had of and or to in on by with for from at it its that this these those
    not no as but which who whose after before because since until while does did do there they he she we you i if
    then than so only also still yet none nothing both all each every into about how why when where what will would can
    could should may might must
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""The small words of English."""
SMALL_WORDS = frozenset(
    """
    der die das den dem des ein eine einen einem einer eines und oder ist sind wurde wurden wird werden haben hatte von
    vom zum zur im mit f\u00fcr auf bei nach aus seit nicht kein keine keinen auch noch nur sich als wie dass weil es
    sie wir ihn ihr durch \u00fcber unter zwischen bis gegen ohne beim derselbe dieselbe dasselbe dieser diese dieses
    jener jene jenes jeder jede jedes alle beide wer wen wem wessen was welcher welche welches wann wo warum wieso
    hier dort dann dabei damit dazu daher deshalb deswegen trotzdem jedoch aber wenn ob obwohl sondern sowie schon
    erst danach davor zuvor bisher laut wegen sein seine seiner ihre ihrer
    le la les un une du de et est sont \u00e9tait ont \u00e9t\u00e9 avec pour par sur dans qui que ne pas depuis aux au
    ce cette elle en
    el los las una del y fue ha han con por para se al su lo desde fueron sin est\u00e1 est\u00e1n son ser
    uma dos das foi s\u00e3o n\u00e3o com em pelo pela il gli di \u00e8 sono stato nel per het een van zijn werd niet
    met voor op
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""The small words of German, French, Spanish, Portuguese, Italian and Dutch."""


THINGS = frozenset(
    """
    schritt fehler aufgabe projekt datei zeile lauf zweig kommentar konto abschnitt schl\u00fcssel
    \u00e9tape projet fichier ligne branche commentaire compte
    paso proyecto archivo l\u00ednea rama comentario cuenta
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""Nouns of other languages that stand before a name, such as "Schritt Build"."""


def is_foreign(sentence: str) -> bool:
    """Return whether a sentence has more small words of other languages than of English."""
    words = re.findall(r"[^\W\d_]+", sentence.lower())
    return sum(word in SMALL_WORDS for word in words) > sum(word in ENGLISH for word in words)
