"""What a text denies with a frame of words, and what it states all the same."""

import pytest

from azure_devops_agents.reports.words.denials import undenied

FACT = "Tom Becker renamed it in pull request 13."
OTHER = "Priya Raman approved it."


@pytest.mark.parametrize(
    "text",
    [
        f"None of the following is true: {FACT} {OTHER}",
        f"None of the following statements are correct.\n\n{FACT}\n\n{OTHER}",
        f"All of the following is wrong: {FACT} {OTHER}",
        f"The opposite of what follows is the case: {FACT}",
        f"It is not true that: {FACT}",
        f"Do not believe the following: {FACT}",
        f"{FACT} {OTHER} The opposite is the case.",
        f"{FACT} The contrary is true.",
        f"{FACT} {OTHER}\n\nNone of the above is true.",
        f"{FACT}\n\nThe above statements are false.",
        f"{FACT} That is not true.",
        f"No, it isn't true that {FACT}",
        "It would be wrong to say that Tom Becker renamed it",
        "Tom Becker renamed it, which is not the case",
        "The claim that Tom Becker renamed it is false",
        f"Nichts von dem Folgenden ist wahr: {FACT}",
        f"{FACT} Das Gegenteil ist der Fall.",
        "Es stimmt nicht, dass Tom Becker es umbenannt hat",
        f"Rien de ce qui suit n'est vrai : {FACT}",
        f"{FACT} Lo contrario es cierto.",
        "The contrary is the case.",
    ],
)
def test_a_frame_denies_what_it_reaches(text):
    assert "Becker" not in undenied(text)
    assert "contrary" not in undenied(text)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("It is not true that Tom Becker did it; Priya Raman did.", "Priya Raman did"),
        ("It is not true that build 3 failed, but build 4 failed.", "build 4 failed"),
        (f"Build 3 failed. That is wrong: it passed. {OTHER}", "it passed"),
        (f"{OTHER} Build 3 failed, which is not true.", OTHER),
        (f"{OTHER}\n\nThe following is not true:\n\n- build 3 failed\n- build 4 failed\n\n{FACT}", FACT),
        (f"{OTHER}\n\nThe following is not true:\n\n- build 3 failed\n\n{FACT}", OTHER),
        ("The claim that Tom Becker did it is false: Mina Sato did.", "Mina Sato did"),
    ],
)
def test_what_a_frame_does_not_reach_is_stated(text, stated):
    assert stated in undenied(text)
    assert "build 3 failed" not in undenied(text).lower()
    assert "Tom Becker did" not in undenied(text)


@pytest.mark.parametrize(
    "text",
    [
        "None of the following builds failed: 3, 4 and 5.",
        "It is not: its only build since then succeeded.",
        "Build 3 was not merged. The following builds failed: 4 and 5.",
        'The comment says "None of the following is true" and names bug 9.',
        "Nothing shows that the key in deploy/prod.env was used.",
        "The opposite order is set in main.",
        "",
    ],
)
def test_a_text_without_a_frame_stays_as_it_is(text):
    assert undenied(text) == text


def test_the_frames_of_a_long_text_are_found_in_linear_time():
    text = "It is not true that the claim that " * 2_000
    assert undenied(text) == text[30_000:].strip()
