import pytest

from tests.embedded.corpus.spelled import found, sentences

MASCULINE = {
    "Mann",
    "Junge",
    "Lehrer",
    "Arzt",
    "Bauer",
    "Student",
    "Hund",
    "Bus",
    "Apfel",
    "Mantel",
    "Tisch",
    "Stuhl",
    "Brief",
}
MASCULINE_OBLIQUE = (MASCULINE - {"Junge", "Bauer", "Student"}) | {"Jungen", "Bauern", "Studenten"}
FEMININE = {"Frau", "Person", "Katze", "Kuh", "Ziege", "Banane", "Orange", "Tür", "Suppe", "Flasche"}
NEUTER = {
    "Mädchen",
    "Pferd",
    "Tier",
    "Fahrzeug",
    "Auto",
    "Fahrrad",
    "Hemd",
    "Kleid",
    "Möbelstück",
    "Bett",
    "Fenster",
    "Buch",
    "Haus",
    "Zimmer",
}
PLACES = {"Küche", "Schule", "Markt", "Straße", "Kirche", "Garten"}


@pytest.mark.parametrize(
    ("context", "nouns"),
    [
        (r"\bden (\w+)", MASCULINE_OBLIQUE),
        (r"\bdem (\w+)", MASCULINE_OBLIQUE | NEUTER | PLACES),
        (r"\bdas (?:[a-zäöüß]+e )?((?-i:[A-ZÄÖÜ])\w+)", NEUTER),
        (r"\bdie (?:[a-zäöüß]+e )?((?-i:[A-ZÄÖÜ])\w+)", FEMININE),
        (r"^der (?:[a-zäöüß]+e )?((?-i:[A-ZÄÖÜ])\w+)", MASCULINE),
        (r"\bvon der (\w+)", FEMININE),
        (r"\bvom (\w+)", MASCULINE_OBLIQUE | NEUTER),
        (r"\bk?einen (\w+)", MASCULINE_OBLIQUE),
        (r"\bk?eine (\w+)", FEMININE | {"Kleidung"}),
        (r"(?<!^)\bk?ein (\w+)", NEUTER | {"Obst"}),
        (r"^kein (\w+)", MASCULINE | NEUTER),
        (r"\bhat der (\w+)", FEMININE),
    ],
)
def test_articles_show_gender_and_case(context: str, nouns: set[str]) -> None:
    matches = found(context, "de")
    assert matches
    assert {match[1] for match in matches} <= nouns


def test_contractions_are_made() -> None:
    assert not found(r"\bvon dem\b|\bin dem\b|\ban dem\b", "de")


def test_the_participle_closes_the_clause() -> None:
    perfect = [text for text in sentences("de") if " hat " in text or " wurde " in text]
    assert len(perfect) > 1000
    assert all(
        text.rstrip(".").split()[-1].startswith(("ge", "ver", "be", "kaputtge", "repar", "einge"))
        or text.rstrip(".").split()[-1] == "getäuscht"
        for text in perfect
    )
