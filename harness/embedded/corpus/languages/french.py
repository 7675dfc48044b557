"""French."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import Being, Comparing, Doing, Giving, Quality

# noun: gender, singular; plural (persons and animals)
NOUNS = table("""
man m homme hommes
woman f femme femmes
boy m garçon garçons
girl f fille filles
teacher m professeur professeurs
doctor m médecin médecins
farmer m fermier fermiers
student m étudiant étudiants
person f personne personnes
dog m chien chiens
cat m chat chats
cow f vache vaches
horse m cheval chevaux
goat f chèvre chèvres
animal m animal animaux
vehicle m véhicule
car f voiture
bicycle m vélo
bus m bus
fruit m fruit
apple f pomme
banana f banane
orange f orange
clothing m vêtement
shirt f chemise
coat m manteau
dress f robe
furniture m meuble
table f table
chair f chaise
bed m lit
door f porte
window f fenêtre
book m livre
letter f lettre
soup f soupe
house f maison
room f chambre
bottle f bouteille
""")
PLACES = {
    "kitchen": "dans la cuisine",
    "bedroom": "dans la chambre",
    "house": "dans la maison",
    "classroom": "dans la salle de classe",
    "school": "à l'école",
    "garden": "dans le jardin",
    "market": "au marché",
    "forest": "dans la forêt",
    "street": "dans la rue",
    "church": "dans l'église",
    "hospital": "à l'hôpital",
    "station": "à la gare",
}
# activity: third person singular, plural
ACTIVITIES = table("""
sleep dort dorment
eat mange mangent
drink boit boivent
run court courent
play joue jouent
wait attend attendent
read lit lisent
sing chante chantent
dance danse dansent
work travaille travaillent
""")
# adjective: masculine, feminine, place beside a noun
ADJECTIVES = table("""
big grand grande before
small petit petite before
new neuf neuve after
old vieux vieille before
clean propre propre after
dirty sale sale after
expensive cher chère after
cheap bon_marché bon_marché after
hot chaud chaude after
cold froid froide after
full plein pleine after
empty vide vide after
open ouvert ouverte after
closed fermé fermée after
wet mouillé mouillée after
dry sec sèche after
black noir noire after
white blanc blanche after
tall grand grande before
short petit petite before
young jeune jeune before
elderly vieux vieille before
rich riche riche after
poor pauvre pauvre after
healthy en_bonne_santé en_bonne_santé after
sick malade malade after
happy heureux heureuse after
sad triste triste after
""")
COMPARATIVES = {"expensive": ("plus", "cher", "chère"), "cheap": ("moins", "cher", "chère")}
ELDERLY_COMPARATIVE = ("plus", "âgé", "âgée")
# verb: masculine past participle
PARTICIPLES = {
    "wash": "lavé",
    "open": "ouvert",
    "close": "fermé",
    "buy": "acheté",
    "sell": "vendu",
    "steal": "volé",
    "break": "cassé",
    "repair": "réparé",
    "paint": "peint",
    "see": "vu",
    "invite": "invité",
    "rescue": "sauvé",
    "choose": "choisi",
    "deceive": "trompé",
    "punish": "puni",
    "give": "donné",
    "receive": "reçu",
}
NUMBERS = {2: "deux", 3: "trois", 4: "quatre", 5: "cinq", 6: "six"}
VOWELS = "aeiouyâàéèêîôûh"  # every h of this lexicon is mute


class French(Grammar):
    """French: two genders, elision, contraction, two-part negation, adjectives on either side of the noun."""

    code = "fr"
    conjunction = " et "

    def being(self, clause: Being) -> str:
        """The present tense; "aucun … ne" under denial."""
        subject, plural = self._subject(clause)
        verb = ACTIVITIES[clause.activity][plural] if clause.activity else ("sont" if plural else "est")
        verb = elided("ne", verb) if clause.quantity == "no" else verb
        return " ".join([subject, verb] + ([PLACES[clause.place]] if clause.place else []))

    def doing(self, clause: Doing) -> str:
        """The passé composé; the passive with an agreeing participle."""
        participle = PARTICIPLES[clause.verb]
        agent = definite(clause.agent)
        if clause.object == "nothing":
            return f"{agent} n'a rien {participle}"
        auxiliary = "n'a pas" if clause.negated else "a"
        if clause.passive:
            agreed = participle + ("e" if NOUNS[clause.object][0] == "f" else "")
            return f"{definite(clause.object)} {auxiliary} été {agreed} par {agent}"
        thing = definite(clause.object) if clause.definite else indefinite(clause.object, clause.negated)
        return f"{agent} {auxiliary} {participle} {thing}"

    def quality(self, clause: Quality) -> str:
        """With "être" and an agreeing adjective."""
        verb = {"plain": "est ", "very": "est très ", "not": "n'est pas "}[clause.degree]
        adjective = agreeing(clause.adjective, clause.noun)
        if clause.degree == "very" and clause.adjective == "healthy":
            adjective = "en très bonne santé"
        return f"{definite(clause.noun)} {verb}{adjective}"

    def comparing(self, clause: Comparing) -> str:
        """With "plus … que", or "moins … que" for "cheap"."""
        adverb, *forms = COMPARATIVES.get(clause.adjective, ("plus", *ADJECTIVES[clause.adjective][:2]))
        if clause.adjective == "elderly":
            adverb, *forms = ELDERLY_COMPARATIVE
        adjective = forms[NOUNS[clause.noun][0] == "f"]
        return f"{definite(clause.noun)} est {adverb} {adjective} que {definite(clause.other)}"

    def giving(self, clause: Giving) -> str:
        """With "à" and "de" contracted with the article."""
        auxiliary = "n'a pas" if clause.negated else "a"
        gift = indefinite(clause.gift, clause.negated)
        if clause.converse and clause.verb == "give":
            return f"{definite(clause.receiver)} {auxiliary} reçu {gift} {of(clause.giver)}"
        if clause.converse:
            return f"{definite(clause.receiver)} {auxiliary} acheté {gift} {to(clause.giver)}"
        return f"{definite(clause.giver)} {auxiliary} {PARTICIPLES[clause.verb]} {gift} {to(clause.receiver)}"

    def _subject(self, clause: Being) -> tuple[str, bool]:
        gender, singular, plural = NOUNS[clause.noun]
        feminine = gender == "f"
        number = NUMBERS.get(clause.number, "")
        if clause.quantity == "the":
            return self._with_attribute(clause.noun, clause.adjective), False
        return {
            "no": (f"{'aucune' if feminine else 'aucun'} {singular}", False),
            "all": (f"{'toutes' if feminine else 'tous'} les {plural}", True),
            "some": (f"{'certaines' if feminine else 'certains'} {plural}", True),
            "exactly": (f"{number} {plural}", True),
            "more": (f"plus de {number} {plural}", True),
            "fewer": (f"moins de {number} {plural}", True),
        }[clause.quantity]

    def _with_attribute(self, noun: str, adjective: str | None) -> str:
        if adjective is None:
            return definite(noun)
        if ADJECTIVES[adjective][2] == "after":
            return f"{definite(noun)} {agreeing(adjective, noun)}"
        gender, singular, *_ = NOUNS[noun]
        form = agreeing(adjective, noun)
        if form == "vieux" and singular[0] in VOWELS:
            form = "vieil"
        return f"{'la' if gender == 'f' else 'le'} {form} {singular}"


def elided(word: str, following: str) -> str:
    """`word` before `following`, with its vowel elided where the next word starts with one."""
    return f"{word[:-1]}'{following}" if following[0] in VOWELS else f"{word} {following}"


def definite(noun: str) -> str:
    """The noun with its definite article, elided where needed."""
    return elided("la" if NOUNS[noun][0] == "f" else "le", NOUNS[noun][1])


def of(noun: str) -> str:
    """The noun with "de" and its definite article, contracted."""
    phrase = definite(noun)
    return "du " + phrase.removeprefix("le ") if phrase.startswith("le ") else "de " + phrase


def to(noun: str) -> str:
    """The noun with "à" and its definite article, contracted."""
    phrase = definite(noun)
    return "au " + phrase.removeprefix("le ") if phrase.startswith("le ") else "à " + phrase


def indefinite(noun: str, negated: bool) -> str:
    """The noun as an indefinite direct object, or one in the scope of a negation ("de")."""
    gender, singular, *_ = NOUNS[noun]
    if negated:
        return elided("de", singular)
    return f"{'une' if gender == 'f' else 'un'} {singular}"


def agreeing(adjective: str, noun: str) -> str:
    """The adjective in the noun's gender."""
    return ADJECTIVES[adjective][NOUNS[noun][0] == "f"]
