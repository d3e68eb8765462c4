"""Reports in other languages: a true sentence is not marked for its nouns, and a wrong name, id or date is."""

import pytest

from azure_devops_agents.reports.report import plain_report
from azure_devops_agents.reports.support import check_report
from azure_devops_agents.reports.words.languages import is_foreign

BUILD = """build 35
<untrusted 1>
id: 35
result: failed
requested_for: Mina Sato
finished: 2026-11-19T13:58Z
</untrusted 1>"""
PULL_REQUEST = """pull request 13
<untrusted 2>
id: 13
title: Rename DB_TIMEOUT to API_TIMEOUT
status: completed
closed: 2026-11-17T09:30Z
closed_by: Tom Becker
reviewers (1):
  name\tvote\tvoted
  Priya Raman\tapproved\t2026-11-17T08:52Z
</untrusted 2>"""
LOG = """<untrusted 3>
build: 35
lines:
7: KeyError: 'API_TIMEOUT'
</untrusted 3>"""
TEXTS = {"E1": BUILD, "E2": PULL_REQUEST, "E3": LOG}
INDEX = {
    "E1": {"tool": "get_build", "arguments": {"ids": [35]}, "status": "ok"},
    "E2": {"tool": "get_pull_request", "arguments": {"ids": [13]}, "status": "ok"},
    "E3": {"tool": "get_build_log", "arguments": {"build": 35}, "status": "ok"},
}
ROW = {"statement": "Build 35 failed.", "evidence": ["E1"], "quote": "result: failed"}


def marked(answer):
    return check_report({**plain_report(answer), "observed": [ROW]}, TEXTS, INDEX)["answer_unverified"]


@pytest.mark.parametrize(
    "answer",
    [
        "Der Build 35 vom 19. November 2026 ist fehlgeschlagen; angesto\u00dfen hat ihn Mina Sato.",
        "Ursache ist der Pull Request 13 von Tom Becker, der DB_TIMEOUT in API_TIMEOUT umbenannt hat [E2].",
        "Der letzte Lauf endete am 19. November 2026 um 13:58 Uhr UTC mit einem Fehler.",
        "Abgeschlossen wurde er vom Entwickler Tom Becker am 17.11.2026 [E2].",
        "Der Fehler lautet \u201eKeyError: 'API_TIMEOUT'\u201c und tritt in den Tests auf [E3].",
        "Empfehlung: Die Umgebungsvariable in der Pipeline setzen und den Build neu starten.",
        "Le build 35 a \u00e9chou\u00e9 le 19 novembre 2026 \u00e0 13:58 UTC.",
        "Priya Raman a approuv\u00e9 la Pull Request le 17 novembre [E2].",
        "Les tests \u00e9chouent avec \u00ab KeyError: 'API_TIMEOUT' \u00bb [E3].",
        "La build 35 fall\u00f3 el 19 de noviembre de 2026.",
        "La red no es la causa: la variable API_TIMEOUT no est\u00e1 definida en el entorno [E2].",
        "Priya Raman aprob\u00f3 la Pull Request 13 el 17 de noviembre [E2].",
    ],
)
def test_a_true_sentence_of_another_language_is_not_marked(answer):
    assert marked(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "Der Build 36 ist fehlgeschlagen.",
        "Der Build 35 vom 18. November 2026 ist fehlgeschlagen.",
        "Abgeschlossen wurde er von der Entwicklerin Nora Quist [E2].",
        "Der Fehler lautet \u201eKeyError: 'DB_TIME'\u201c [E3].",
        "Le build 35 a \u00e9chou\u00e9 le 20 novembre 2026.",
        "La pull request 13 de Nora Quist a renomm\u00e9 la variable [E2].",
        "La build 35 fall\u00f3 el 18 de noviembre de 2026.",
        "Luis Ferreira inici\u00f3 la build 35.",
    ],
)
def test_a_wrong_id_name_date_or_quotation_is_marked_in_every_language(answer):
    assert len(marked(answer)) == 1


@pytest.mark.parametrize("answer", ["Build 35 was started by Quist.", "See the Ledger for build 35.", "By: Nora Quist"])
def test_an_english_sentence_and_a_fragment_are_compared_as_before(answer):
    assert not is_foreign(answer)
    assert len(marked(answer)) == 1
