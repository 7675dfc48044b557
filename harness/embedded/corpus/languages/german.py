"""German."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import Being, Comparing, Doing, Giving, Quality

# noun: gender, nominative, accusative, dative; plural (persons and animals)
NOUNS = table("""
man m Mann Mann Mann Männer
woman f Frau Frau Frau Frauen
boy m Junge Jungen Jungen Jungen
girl n Mädchen Mädchen Mädchen Mädchen
teacher m Lehrer Lehrer Lehrer Lehrer
doctor m Arzt Arzt Arzt Ärzte
farmer m Bauer Bauern Bauern Bauern
student m Student Studenten Studenten Studenten
person f Person Person Person Personen
dog m Hund Hund Hund Hunde
cat f Katze Katze Katze Katzen
cow f Kuh Kuh Kuh Kühe
horse n Pferd Pferd Pferd Pferde
goat f Ziege Ziege Ziege Ziegen
animal n Tier Tier Tier Tiere
vehicle n Fahrzeug Fahrzeug Fahrzeug
car n Auto Auto Auto
bicycle n Fahrrad Fahrrad Fahrrad
bus m Bus Bus Bus
fruit n Obst Obst Obst
apple m Apfel Apfel Apfel
banana f Banane Banane Banane
orange f Orange Orange Orange
clothing f Kleidung Kleidung Kleidung
shirt n Hemd Hemd Hemd
coat m Mantel Mantel Mantel
dress n Kleid Kleid Kleid
furniture n Möbelstück Möbelstück Möbelstück
table m Tisch Tisch Tisch
chair m Stuhl Stuhl Stuhl
bed n Bett Bett Bett
door f Tür Tür Tür
window n Fenster Fenster Fenster
book n Buch Buch Buch
letter m Brief Brief Brief
soup f Suppe Suppe Suppe
house n Haus Haus Haus
room n Zimmer Zimmer Zimmer
bottle f Flasche Flasche Flasche
""")
MASS = frozenset({"fruit", "clothing"})
NOMINATIVE = {"m": "der", "f": "die", "n": "das"}
ACCUSATIVE = {"m": "den", "f": "die", "n": "das"}
DATIVE = {"m": "dem", "f": "der", "n": "dem"}
FROM = {"m": "vom", "f": "von der", "n": "vom"}
INDEFINITE_ACCUSATIVE = {"m": "einen", "f": "eine", "n": "ein"}
PLACES = {
    "kitchen": "in der Küche",
    "bedroom": "im Schlafzimmer",
    "house": "im Haus",
    "classroom": "im Klassenzimmer",
    "school": "in der Schule",
    "garden": "im Garten",
    "market": "auf dem Markt",
    "forest": "im Wald",
    "street": "auf der Straße",
    "church": "in der Kirche",
    "hospital": "im Krankenhaus",
    "station": "am Bahnhof",
}
# activity: third person singular, plural
ACTIVITIES = table("""
sleep schläft schlafen
eat isst essen
drink trinkt trinken
run rennt rennen
play spielt spielen
wait wartet warten
read liest lesen
sing singt singen
dance tanzt tanzen
work arbeitet arbeiten
""")
# adjective: predicative, attributive after a definite article in the nominative, comparative (where compared)
ADJECTIVES = table("""
big groß große größer
small klein kleine kleiner
new neu neue
old alt alte
clean sauber saubere
dirty schmutzig schmutzige
expensive teuer teure teurer
cheap billig billige billiger
hot heiß heiße
cold kalt kalte
full voll volle
empty leer leere
open offen offene
closed geschlossen geschlossene
wet nass nasse
dry trocken trockene
black schwarz schwarze
white weiß weiße
tall groß große größer
short klein kleine kleiner
young jung junge jünger
elderly alt alte älter
rich reich reiche reicher
poor arm arme ärmer
healthy gesund gesunde
sick krank kranke
happy glücklich glückliche
sad traurig traurige
""")
PARTICIPLES = {
    "wash": "gewaschen",
    "open": "geöffnet",
    "close": "geschlossen",
    "buy": "gekauft",
    "sell": "verkauft",
    "steal": "gestohlen",
    "break": "kaputtgemacht",
    "repair": "repariert",
    "paint": "gestrichen",
    "see": "gesehen",
    "invite": "eingeladen",
    "rescue": "gerettet",
    "choose": "gewählt",
    "deceive": "getäuscht",
    "punish": "bestraft",
    "give": "gegeben",
    "receive": "bekommen",
}
NUMBERS = {2: "zwei", 3: "drei", 4: "vier", 5: "fünf", 6: "sechs"}


class German(Grammar):
    """German: three genders, four cases (here three), verb-second, participle at the end."""

    code = "de"
    conjunction = " und "

    def being(self, clause: Being) -> str:
        """The present tense; place last."""
        subject, plural = self._subject(clause)
        verb = ACTIVITIES[clause.activity][plural] if clause.activity else ("sind" if plural else "ist")
        return " ".join([subject, verb] + ([PLACES[clause.place]] if clause.place else []))

    def doing(self, clause: Doing) -> str:
        """The perfect with "hat"; the passive with "wurde" and "von"; "kein" denies indefinite objects."""
        participle = PARTICIPLES[clause.verb]
        if clause.object == "nothing":
            return f"{nominative(clause.agent)} hat nichts {participle}"
        if clause.passive:
            denial = " nicht" if clause.negated else ""
            return f"{nominative(clause.object)} wurde{denial} {by(clause.agent)} {participle}"
        if clause.definite:
            denial = " nicht" if clause.negated else ""
            return f"{nominative(clause.agent)} hat {accusative(clause.object)}{denial} {participle}"
        return f"{nominative(clause.agent)} hat {indefinite(clause.object, clause.negated)} {participle}"

    def quality(self, clause: Quality) -> str:
        """With "ist" and the uninflected adjective."""
        degree = {"plain": "", "very": "sehr ", "not": "nicht "}[clause.degree]
        return f"{nominative(clause.noun)} ist {degree}{ADJECTIVES[clause.adjective][0]}"

    def comparing(self, clause: Comparing) -> str:
        """The comparative and "als"."""
        return (
            f"{nominative(clause.noun)} ist {ADJECTIVES[clause.adjective][2]} als {nominative(clause.other)}"
        )

    def giving(self, clause: Giving) -> str:
        """Receiver in the dative, or giver after "von"."""
        gift = indefinite(clause.gift, clause.negated)
        if clause.converse:
            participle = PARTICIPLES["receive" if clause.verb == "give" else "buy"]
            return f"{nominative(clause.receiver)} hat {by(clause.giver)} {gift} {participle}"
        gender, _, _, dative, *_ = NOUNS[clause.receiver]
        return f"{nominative(clause.giver)} hat {DATIVE[gender]} {dative} {gift} {PARTICIPLES[clause.verb]}"

    def _subject(self, clause: Being) -> tuple[str, bool]:
        gender, singular, _, _, plural = NOUNS[clause.noun]
        number = NUMBERS.get(clause.number, "")
        if clause.quantity == "the":
            attribute = ADJECTIVES[clause.adjective][1] + " " if clause.adjective else ""
            return f"{NOMINATIVE[gender]} {attribute}{singular}", False
        return {
            "no": (f"{'keine' if gender == 'f' else 'kein'} {singular}", False),
            "all": (f"alle {plural}", True),
            "some": (f"einige {plural}", True),
            "exactly": (f"{number} {plural}", True),
            "more": (f"mehr als {number} {plural}", True),
            "fewer": (f"weniger als {number} {plural}", True),
        }[clause.quantity]


def nominative(noun: str) -> str:
    """The noun with its definite article as a subject."""
    return f"{NOMINATIVE[NOUNS[noun][0]]} {NOUNS[noun][1]}"


def accusative(noun: str) -> str:
    """The noun with its definite article as a direct object."""
    return f"{ACCUSATIVE[NOUNS[noun][0]]} {NOUNS[noun][2]}"


def by(noun: str) -> str:
    """The noun with "von" (agent or source) and its definite article, contracted."""
    return f"{FROM[NOUNS[noun][0]]} {NOUNS[noun][3]}"


def indefinite(noun: str, negated: bool) -> str:
    """The noun as an indefinite or denied direct object."""
    gender, _, accusative_form, *_ = NOUNS[noun]
    if negated:
        return f"k{INDEFINITE_ACCUSATIVE[gender]} {accusative_form}"
    return accusative_form if noun in MASS else f"{INDEFINITE_ACCUSATIVE[gender]} {accusative_form}"
