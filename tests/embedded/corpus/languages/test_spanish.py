import pytest

from tests.embedded.corpus.spelled import found

FEMININE = {
    "mujer",
    "chica",
    "persona",
    "vaca",
    "cabra",
    "bicicleta",
    "manzana",
    "naranja",
    "camisa",
    "mesa",
    "silla",
    "cama",
    "puerta",
    "ventana",
    "carta",
    "sopa",
    "casa",
    "habitación",
    "botella",
}
FEMININE_PLURAL = {noun + "s" if noun[-1] in "aeo" else noun + "es" for noun in FEMININE}
MASCULINE = {
    "hombre",
    "chico",
    "profesor",
    "médico",
    "campesino",
    "estudiante",
    "perro",
    "gato",
    "caballo",
    "animal",
    "vehículo",
    "coche",
    "autobús",
    "plátano",
    "abrigo",
    "vestido",
    "mueble",
    "libro",
}
PLACES = {"cocina", "escuela", "calle", "iglesia", "estación"}
MASCULINE_PLACES = {"dormitorio", "aula", "jardín", "mercado", "bosque", "hospital"}


@pytest.mark.parametrize(
    ("context", "nouns"),
    [
        (r"\b(?:la|una|ninguna) (\w+)", FEMININE | PLACES),
        (r"\b(?:el|un|ningún|al|del) (\w+)", MASCULINE | MASCULINE_PLACES),
        (r"\b(?:todas las|algunas) (\w+)", FEMININE_PLURAL),
    ],
)
def test_articles_agree_with_their_noun(context: str, nouns: set[str]) -> None:
    matches = found(context, "es")
    assert matches
    assert {match[1] for match in matches} <= nouns


def test_contractions_are_made() -> None:
    assert not found(r"\ba el\b|\bde el\b", "es")


def test_predicates_and_participles_agree_with_their_subject() -> None:
    adjective = r"(?:no )?(?:es|está|fue) (?:muy |más )?(?!mayor|menor|en\b)(\w+[oa])\b"
    feminine, masculine = found(rf"^la \w+ {adjective}", "es"), found(rf"^el \w+ {adjective}", "es")
    feminine = [match for match in feminine if not match[1].endswith("ndo")]
    masculine = [match for match in masculine if not match[1].endswith("ndo")]
    assert len(feminine) > 100
    assert len(masculine) > 100
    assert all(match[1].endswith("a") for match in feminine)
    assert all(match[1].endswith("o") for match in masculine)


def test_persons_as_objects_take_a() -> None:
    assert found(r"\b(invitó|rescató|eligió|engañó|castigó) ", "es")
    assert not found(r"\b(invitó|rescató|eligió|engañó|castigó) (?!al |a la )", "es")
