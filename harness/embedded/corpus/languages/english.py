"""English."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import Being, Comparing, Doing, Giving, Quality

# noun: singular, plural (persons and animals)
NOUNS = table("""
man man men
woman woman women
boy boy boys
girl girl girls
teacher teacher teachers
doctor doctor doctors
farmer farmer farmers
student student students
person person people
dog dog dogs
cat cat cats
cow cow cows
horse horse horses
goat goat goats
animal animal animals
car car
bicycle bicycle
bus bus
apple apple
banana banana
orange orange
shirt shirt
coat coat
dress dress
table table
chair chair
bed bed
door door
window window
book book
letter letter
soup soup
house house
room room
bottle bottle
""")
# kinds as objects: after an affirmed verb, after a denied one
KIND_OBJECTS = {
    "animal": ("an animal", "any animal"),
    "vehicle": ("a vehicle", "any vehicle"),
    "fruit": ("some fruit", "any fruit"),
    "clothing": ("some clothing", "any clothing"),
    "furniture": ("some furniture", "any furniture"),
}
PLACES = {
    "kitchen": "in the kitchen",
    "bedroom": "in the bedroom",
    "house": "in the house",
    "classroom": "in the classroom",
    "school": "in the school",
    "garden": "in the garden",
    "market": "at the market",
    "forest": "in the forest",
    "street": "on the street",
    "church": "in the church",
    "hospital": "in the hospital",
    "station": "at the station",
}
ACTIVITIES = {
    "sleep": "sleeping",
    "eat": "eating",
    "drink": "drinking",
    "run": "running",
    "play": "playing",
    "wait": "waiting",
    "read": "reading",
    "sing": "singing",
    "dance": "dancing",
    "work": "working",
}
# adjective: positive, comparative (where compared)
ADJECTIVES = table("""
big big bigger
small small smaller
new new
old old
clean clean
dirty dirty
expensive expensive more_expensive
cheap cheap cheaper
hot hot
cold cold
full full
empty empty
open open
closed closed
wet wet
dry dry
black black
white white
tall tall taller
short short shorter
young young younger
elderly old older
rich rich richer
poor poor poorer
healthy healthy
sick sick
happy happy
sad sad
""")
# verb: base, past, participle
VERBS = table("""
wash wash washed washed
open open opened opened
close close closed closed
buy buy bought bought
sell sell sold sold
steal steal stole stolen
break break broke broken
repair repair repaired repaired
paint paint painted painted
see see saw seen
invite invite invited invited
rescue rescue rescued rescued
choose choose chose chosen
deceive deceive deceived deceived
punish punish punished punished
give give gave given
receive receive received received
""")
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def with_article(noun: str) -> str:
    """The noun with "a" or "an"."""
    return ("an " if noun[0] in "aeiou" else "a ") + noun


class English(Grammar):
    """English: do-support, progressive, articles."""

    code = "en"
    conjunction = " and "

    def being(self, clause: Being) -> str:
        """The progressive with "is" or "are"."""
        subject, plural = self._subject(clause)
        words = [subject, "are" if plural else "is"]
        words += [ACTIVITIES[clause.activity]] if clause.activity else []
        words += [PLACES[clause.place]] if clause.place else []
        return " ".join(words)

    def doing(self, clause: Doing) -> str:
        """Past tense, with "did not" when denied; the passive with "was"."""
        base, past, participle = VERBS[clause.verb]
        agent = "the " + NOUNS[clause.agent][0]
        if clause.object == "nothing":
            return f"{agent} {past} nothing"
        thing = (
            "the " + NOUNS[clause.object][0]
            if clause.definite
            else self.indefinite(clause.object, clause.negated)
        )
        if clause.passive:
            auxiliary = "was not" if clause.negated else "was"
            return f"{thing} {auxiliary} {participle} by {agent}"
        return f"{agent} did not {base} {thing}" if clause.negated else f"{agent} {past} {thing}"

    def quality(self, clause: Quality) -> str:
        """With "is" and the bare adjective."""
        degree = {"plain": "", "very": "very ", "not": "not "}[clause.degree]
        return f"the {NOUNS[clause.noun][0]} is {degree}{ADJECTIVES[clause.adjective][0]}"

    def comparing(self, clause: Comparing) -> str:
        """The comparative and "than"."""
        comparative = ADJECTIVES[clause.adjective][1]
        return f"the {NOUNS[clause.noun][0]} is {comparative} than the {NOUNS[clause.other][0]}"

    def giving(self, clause: Giving) -> str:
        """Gift first, then "to" or "from"."""
        giver, receiver = "the " + NOUNS[clause.giver][0], "the " + NOUNS[clause.receiver][0]
        gift = self.indefinite(clause.gift, clause.negated)
        if clause.converse:
            base, past, _ = VERBS["receive" if clause.verb == "give" else "buy"]
            verb = "did not " + base if clause.negated else past
            return f"{receiver} {verb} {gift} from {giver}"
        base, past, _ = VERBS[clause.verb]
        verb = "did not " + base if clause.negated else past
        return f"{giver} {verb} {gift} to {receiver}"

    def indefinite(self, noun: str, negated: bool = False) -> str:
        """The noun as an indefinite object."""
        if noun in KIND_OBJECTS:
            return KIND_OBJECTS[noun][negated]
        return with_article(NOUNS[noun][0])

    def _subject(self, clause: Being) -> tuple[str, bool]:
        singular, plural = NOUNS[clause.noun]
        number = NUMBERS.get(clause.number, "")
        if clause.quantity == "the":
            attribute = ADJECTIVES[clause.adjective][0] + " " if clause.adjective else ""
            return f"the {attribute}{singular}", False
        return {
            "no": (f"no {singular}", False),
            "all": (f"all the {plural}", True),
            "some": (f"some {plural}", True),
            "exactly": (f"{number} {plural}", True),
            "more": (f"more than {number} {plural}", True),
            "fewer": (f"fewer than {number} {plural}", True),
        }[clause.quantity]
