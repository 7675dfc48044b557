import re

from harness.embedded.corpus.languages import GRAMMARS
from harness.embedded.corpus.meaning import Doing
from tests.embedded.corpus.spelled import found, sentences

FEMININE = (
    "женщина|девочка|собака|кошка|корова|лошадь|коза|машина|рубашка|кровать|дверь|книга|комната|бутылка"
    "|мебель|одежда"
)
NEUTER = "пальто|платье|яблоко|окно|письмо|животное"
PAST = (
    "помыл|открыл|закрыл|купил|продал|украл|сломал|починил|покрасил|увидел|пригласил|спас|выбрал|обманул|наказал|дал"
    "|получил"
)


def test_the_past_agrees_with_its_subject() -> None:
    feminine = found(rf"^(?:{FEMININE}) (?:ничего )?(?:не )?((?:{PAST})\w*)\b", "ru")
    assert len(feminine) > 300
    assert all(match[1].endswith("ла") for match in feminine)
    masculine = found(rf"^(?!(?:{FEMININE}) )\w+ (?:ничего )?(?:не )?((?:{PAST})\w*)\b", "ru")
    assert len(masculine) > 300
    assert not any(match[1].endswith("ла") for match in masculine)


def test_passive_and_copula_agree_with_their_subject() -> None:
    assert not found(rf"^(?:{FEMININE}) (?:не )?(?:был|было) ", "ru")
    assert not found(rf"^(?:{NEUTER}) (?:не )?(?:был|была) ", "ru")
    passives = found(r" (был|была|было) (\w+) ", "ru")
    assert len(passives) > 200
    ending = {"был": "тн", "была": "а", "было": "о"}
    assert all(match[2][-1] in ending[match[1]] for match in passives)
    assert not found(r"ён[ао]\b", "ru")


def test_nouns_follow_their_numeral() -> None:
    after_few = (
        "(мужчины|женщины|мальчика|девочки|учителя|врача|фермера|студента|человека"
        "|собаки|кошки|коровы|лошади|козы|животных)"
    )
    after_many = (
        "(мужчин|женщин|мальчиков|девочек|учителей|врачей|фермеров|студентов|человек"
        "|собак|кошек|коров|лошадей|коз|животных)"
    )
    few = r"\b(?:два|две|три|четыре) "
    many = r"\b(?:пять|шесть|двух|трёх|четырёх|пяти|шести) "
    assert found(few, "ru")
    assert not found(rf"{few}(?!{after_few}\b)", "ru")
    assert not found(rf"{many}(?!{after_many}\b)", "ru")
    assert not found(rf"\bдва (?:{FEMININE.replace('а|', 'ы|')})", "ru")


def test_adjectives_agree_in_the_nominative() -> None:
    adjective = r"(высок|низк|молод|стар|богат|бедн|больш|маленьк|чёрн|бел)(ая|ий|ый|ой|ое)"
    for text in sentences("ru"):
        match = re.match(rf"{adjective} (\w+)", text, re.IGNORECASE)
        if match:
            assert (match[2] == "ая") == bool(re.fullmatch(FEMININE, match[3])), text


def test_the_object_is_in_the_accusative() -> None:
    said = GRAMMARS["ru"].sentence
    assert said(Doing("woman", "rescue", "dog", definite=True)) == "Женщина спасла собаку."
    assert said(Doing("man", "invite", "teacher", definite=True)) == "Мужчина пригласил учителя."
