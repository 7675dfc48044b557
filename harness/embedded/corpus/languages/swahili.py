"""Swahili."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import PERSON_VERBS, Being, Comparing, Doing, Giving, Quality

# noun: concord class, singular; plural (persons and animals, whose concord is always 1/2)
NOUNS = table("""
man 1 mwanamume wanaume
woman 1 mwanamke wanawake
boy 1 mvulana wavulana
girl 1 msichana wasichana
teacher 1 mwalimu walimu
doctor 1 daktari madaktari
farmer 1 mkulima wakulima
student 1 mwanafunzi wanafunzi
person 1 mtu watu
dog 1 mbwa mbwa
cat 1 paka paka
cow 1 ng'ombe ng'ombe
horse 1 farasi farasi
goat 1 mbuzi mbuzi
animal 1 mnyama wanyama
vehicle 7 chombo_cha_usafiri
car 5 gari
bicycle 9 baiskeli
bus 5 basi
fruit 5 tunda
apple 5 tufaha
banana 9 ndizi
orange 5 chungwa
clothing 9 nguo
shirt 5 shati
coat 5 koti
dress 5 gauni
furniture 9 samani
table 9 meza
chair 7 kiti
bed 7 kitanda
door 3 mlango
window 5 dirisha
book 7 kitabu
letter 9 barua
soup 9 supu
house 9 nyumba
room 7 chumba
bottle 9 chupa
""")
SUBJECT = {"1": "a", "3": "u", "5": "li", "7": "ki", "9": "i"}
DENIED_SUBJECT = {"1": "ha", "3": "hau", "5": "hali", "7": "haki", "9": "hai"}
BEING_AT = {"1": "yuko", "3": "uko", "5": "liko", "7": "kiko", "9": "iko"}
ANY = {"1": "yeyote", "3": "wowote", "5": "lolote", "7": "chochote", "9": "yoyote"}
CONNECTIVE = {"1": "wa", "3": "wa", "5": "la", "7": "cha", "9": "ya"}
PLACES = {
    "kitchen": "jikoni",
    "bedroom": "chumbani",
    "house": "nyumbani",
    "classroom": "darasani",
    "school": "shuleni",
    "garden": "bustanini",
    "market": "sokoni",
    "forest": "msituni",
    "street": "barabarani",
    "church": "kanisani",
    "hospital": "hospitalini",
    "station": "stesheni",
}
# activity: what follows the prefixes ana-, wana- and the relative anaye-
ACTIVITIES = {
    "sleep": "lala",
    "eat": "kula",
    "drink": "kunywa maji",
    "run": "kimbia",
    "play": "cheza",
    "wait": "subiri",
    "read": "soma",
    "sing": "imba",
    "dance": "cheza ngoma",
    "work": "fanya kazi",
}
# agreeing adjective: concord 1, 3, 5, 7, 9
AGREEING = table("""
big mkubwa mkubwa kubwa kikubwa kubwa
small mdogo mdogo dogo kidogo ndogo
new mpya mpya jipya kipya mpya
dirty mchafu mchafu chafu kichafu chafu
empty mtupu mtupu tupu kitupu tupu
dry mkavu mkavu kavu kikavu kavu
black mweusi mweusi jeusi cheusi nyeusi
white mweupe mweupe jeupe cheupe nyeupe
tall mrefu mrefu refu kirefu ndefu
short mfupi mfupi fupi kifupi fupi
""")
INVARIABLE = {
    "clean": "safi",
    "expensive": "ghali",
    "cheap": "rahisi",
    "young": "kijana",
    "elderly": "mzee",
    "rich": "tajiri",
    "poor": "maskini",
    "healthy": "mzima",
    "sick": "mgonjwa",
}
WITH_CONNECTIVE = {"old": "zamani", "hot": "moto", "cold": "baridi"}
STATES = {"full": "jaa", "closed": "fungwa", "open": "funguliwa", "wet": "lowa"}
POSSESSED = {"happy": "furaha", "sad": "huzuni"}
# verb: stem (with its complement), passive stem (with its complement)
VERBS = table("""
wash osha oshwa
open fungua funguliwa
close funga fungwa
buy nunua nunuliwa
sell uza uzwa
steal iba ibwa
break vunja vunjwa
repair tengeneza tengenezwa
paint paka_rangi pakwa_rangi
see ona onwa
invite alika alikwa
rescue okoa okolewa
choose chagua chaguliwa
deceive danganya danganywa
punish adhibu adhibiwa
receive pokea pokelewa
""")
NUMBERS = {2: "wawili", 3: "watatu", 4: "wanne", 5: "watano", 6: "sita"}


class Swahili(Grammar):
    """Swahili: noun-class concord on verbs and adjectives, object markers, locatives in -ni."""

    code = "sw"
    conjunction = " na "

    def being(self, clause: Being) -> str:
        """The present in -na-; a relative after "hakuna"."""
        place = [PLACES[clause.place]] if clause.place else []
        subject, prefix = self._subject(clause)
        if clause.activity is None:
            return " ".join([subject, BEING_AT["1"], *place])
        return " ".join([subject, prefix + ACTIVITIES[clause.activity], *place])

    def doing(self, clause: Doing) -> str:
        """Past in -li-, denied in -ku-; object marker for persons; the passive agrees with its subject."""
        stem, passive_stem = VERBS[clause.verb]
        agent = NOUNS[clause.agent][1]
        if clause.object == "nothing":
            return f"{agent} haku{stem} chochote"
        concord, thing, *_ = NOUNS[clause.object]
        if clause.passive:
            return f"{thing} {past(concord, clause.negated)}{passive_stem} na {agent}"
        if clause.verb in PERSON_VERBS:
            return f"{agent} {past('1', clause.negated)}{marked(stem)} {thing}"
        verb, _, complement = stem.partition(" ")
        phrase = f"{past('1', clause.negated)}{verb} {thing}{self._any(clause)} {complement}"
        return f"{agent} {phrase.rstrip()}"

    def quality(self, clause: Quality) -> str:
        """With "ni" or "si", a perfect for states, "ana" for feelings."""
        concord, noun, *_ = NOUNS[clause.noun]
        denied = clause.degree == "not"
        degree = " sana" if clause.degree == "very" else ""
        if clause.adjective in STATES:
            prefix = f"{DENIED_SUBJECT[concord]}ja" if denied else f"{SUBJECT[concord]}me"
            return f"{noun} {prefix}{STATES[clause.adjective]}{degree}"
        if clause.adjective in POSSESSED:
            return f"{noun} {'hana' if denied else 'ana'} {POSSESSED[clause.adjective]}{degree}"
        return f"{noun} {'si' if denied else 'ni'} {agreeing(clause.adjective, concord)}{degree}"

    def comparing(self, clause: Comparing) -> str:
        """With "kuliko" before the standard."""
        concord, noun, *_ = NOUNS[clause.noun]
        adjective = agreeing(clause.adjective, concord)
        if clause.adjective == "young":
            adjective = agreeing("small", concord)
        return f"{noun} ni {adjective} kuliko {NOUNS[clause.other][1]}"

    def giving(self, clause: Giving) -> str:
        """The applicative for the receiver; "kutoka kwa" for the source."""
        giver, receiver, gift = (NOUNS[noun][1] for noun in (clause.giver, clause.receiver, clause.gift))
        gift += self._any(clause)
        subject = past("1", clause.negated)
        if clause.converse:
            verb = {"give": "pokea", "sell": "nunua"}[clause.verb]
            return f"{receiver} {subject}{verb} {gift} kutoka kwa {giver}"
        verb = {"give": "mpa", "sell": "muuzia"}[clause.verb]
        return f"{giver} {subject}{verb} {receiver} {gift}"

    def _any(self, clause: Doing | Giving) -> str:
        thing = clause.object if isinstance(clause, Doing) else clause.gift
        definite = isinstance(clause, Doing) and clause.definite
        return f" {ANY[NOUNS[thing][0]]}" if clause.negated and not definite else ""

    def _subject(self, clause: Being) -> tuple[str, str]:
        """The subject and what stands before the verb stem in the present."""
        _, singular, plural = NOUNS[clause.noun]
        number = NUMBERS.get(clause.number, "")
        if clause.quantity == "the":
            attribute = " " + attributive(clause.adjective) if clause.adjective else ""
            return singular + attribute, "ana"
        return {
            "no": (f"hakuna {singular}", "anaye"),
            "all": (f"{plural} wote", "wana"),
            "some": (f"baadhi ya {plural}", "wana"),
            "exactly": (f"{plural} {number}", "wana"),
            "more": (f"zaidi ya {plural} {number}", "wana"),
            "fewer": (f"chini ya {plural} {number}", "wana"),
        }[clause.quantity]


def past(concord: str, negated: bool) -> str:
    """The subject and tense prefixes of a past verb: ali-, lili-, haku-, haliku-."""
    return f"{DENIED_SUBJECT[concord]}ku" if negated else f"{SUBJECT[concord]}li"


def marked(stem: str) -> str:
    """The stem with the object marker of class 1, mw- before vowels."""
    return ("mw" if stem[0] in "aeiou" else "m") + stem


def agreeing(adjective: str, concord: str) -> str:
    """The adjective or adjectival phrase in the noun's class."""
    if adjective in AGREEING:
        return AGREEING[adjective][("1", "3", "5", "7", "9").index(concord)]
    if adjective in WITH_CONNECTIVE:
        return f"{CONNECTIVE[concord]} {WITH_CONNECTIVE[adjective]}"
    return INVARIABLE[adjective]


def attributive(adjective: str) -> str:
    """The adjective after a person or an animal."""
    return agreeing(adjective, "1")
