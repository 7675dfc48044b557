from tests.embedded.corpus.spelled import found

FEMININE = (
    "femme|fille|personne|vache|chèvre|voiture|pomme|banane|orange|chemise|robe|table|chaise|porte|fenêtre|lettre"
    "|soupe|maison|chambre|bouteille"
)


def test_vowels_are_elided() -> None:
    assert found(r"\b(l|n|d)'[aeiouéèêh]", "fr")
    assert not found(r"\b(le|la|de|ne|que) [aeiouyâàéèêîôûh]", "fr")
    assert not found(r"'[^aeiouyâàéèêîôûh]", "fr")


def test_contractions_are_made() -> None:
    assert not found(r"\b(de|à) le\b|\b(de|à) les\b", "fr")


def test_denial_has_both_parts() -> None:
    assert not found(r"\bn'a (?!pas |rien )", "fr")
    assert not found(r"^aucune? \w+ (?!ne |n')", "fr")


def test_participles_agree_with_the_subject_of_the_passive() -> None:
    feminine = found(rf"^la (?:{FEMININE}) (?:a|n'a pas) été (\w+)", "fr")
    masculine = found(r"^(?:le |l')\w+ (?:a|n'a pas) été (\w+)", "fr")
    assert len(feminine) > 50
    assert len(masculine) > 50
    assert all(match[1].endswith("e") for match in feminine)
    assert not any(match[1].endswith("e") for match in masculine)


def test_articles_agree_with_their_noun() -> None:
    places = "cuisine|salle|forêt|rue|gare"
    adjectives = "grande|petite|jeune|vieille"
    assert not found(rf"\bla (?!(?:{adjectives}) )(?!(?:{FEMININE}|{places})\b)", "fr")
    assert not found(rf"\b(?:le|un|aucun|du|au) (?:{FEMININE})\b", "fr")
    assert not found(rf"\b(?:une|aucune) (?!(?:{FEMININE})\b)", "fr")
    assert not found(r"\bvieux homme|\bvieux étudiant", "fr")
