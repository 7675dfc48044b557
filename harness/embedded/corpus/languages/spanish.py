"""Spanish."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import Being, Comparing, Doing, Giving, Quality

# noun: gender, singular; plural (persons and animals)
NOUNS = table("""
man m hombre hombres
woman f mujer mujeres
boy m chico chicos
girl f chica chicas
teacher m profesor profesores
doctor m médico médicos
farmer m campesino campesinos
student m estudiante estudiantes
person f persona personas
dog m perro perros
cat m gato gatos
cow f vaca vacas
horse m caballo caballos
goat f cabra cabras
animal m animal animales
vehicle m vehículo
car m coche
bicycle f bicicleta
bus m autobús
fruit f fruta
apple f manzana
banana m plátano
orange f naranja
clothing f ropa
shirt f camisa
coat m abrigo
dress m vestido
furniture m mueble
table f mesa
chair f silla
bed f cama
door f puerta
window f ventana
book m libro
letter f carta
soup f sopa
house f casa
room f habitación
bottle f botella
""")
MASS = frozenset({"fruit", "clothing"})
PLACES = {
    "kitchen": "en la cocina",
    "bedroom": "en el dormitorio",
    "house": "en la casa",
    "classroom": "en el aula",
    "school": "en la escuela",
    "garden": "en el jardín",
    "market": "en el mercado",
    "forest": "en el bosque",
    "street": "en la calle",
    "church": "en la iglesia",
    "hospital": "en el hospital",
    "station": "en la estación",
}
ACTIVITIES = {
    "sleep": "durmiendo",
    "eat": "comiendo",
    "drink": "bebiendo",
    "run": "corriendo",
    "play": "jugando",
    "wait": "esperando",
    "read": "leyendo",
    "sing": "cantando",
    "dance": "bailando",
    "work": "trabajando",
}
# adjective: copula, masculine, feminine
ADJECTIVES = table("""
big ser grande grande
small ser pequeño pequeña
new ser nuevo nueva
old ser viejo vieja
clean estar limpio limpia
dirty estar sucio sucia
expensive ser caro cara
cheap ser barato barata
hot estar caliente caliente
cold estar frío fría
full estar lleno llena
empty estar vacío vacía
open estar abierto abierta
closed estar cerrado cerrada
wet estar mojado mojada
dry estar seco seca
black ser negro negra
white ser blanco blanca
tall ser alto alta
short ser bajo baja
young ser joven joven
elderly ser viejo vieja
rich ser rico rica
poor ser pobre pobre
healthy estar sano sana
sick estar enfermo enferma
happy estar contento contenta
sad estar triste triste
""")
COMPARATIVES_OF_AGE = {"young": "menor", "elderly": "mayor"}
# verb: preterite, masculine participle
VERBS = table("""
wash lavó lavado
open abrió abierto
close cerró cerrado
buy compró comprado
sell vendió vendido
steal robó robado
break rompió roto
repair reparó reparado
paint pintó pintado
see vio visto
invite invitó invitado
rescue rescató rescatado
choose eligió elegido
deceive engañó engañado
punish castigó castigado
give dio dado
receive recibió recibido
""")
PERSON_VERBS_OBJECT = frozenset({"invite", "rescue", "choose", "deceive", "punish"})
NUMBERS = {2: "dos", 3: "tres", 4: "cuatro", 5: "cinco", 6: "seis"}


class Spanish(Grammar):
    """Spanish: two genders, ser and estar, personal "a"."""

    code = "es"
    conjunction = " y "

    def being(self, clause: Being) -> str:
        """With "estar" and the gerund."""
        subject, plural = self._subject(clause)
        words = [subject, "están" if plural else "está"]
        words += [ACTIVITIES[clause.activity]] if clause.activity else []
        words += [PLACES[clause.place]] if clause.place else []
        return " ".join(words)

    def doing(self, clause: Doing) -> str:
        """The preterite, personal "a" before persons; the passive with "fue" and an agreeing participle."""
        preterite, participle = VERBS[clause.verb]
        denial = "no " if clause.negated else ""
        if clause.object == "nothing":
            return f"{definite(clause.agent)} no {preterite} nada"
        if clause.passive:
            agreed = participle[:-1] + ("a" if NOUNS[clause.object][0] == "f" else "o")
            return f"{definite(clause.object)} {denial}fue {agreed} por {definite(clause.agent)}"
        if clause.verb in PERSON_VERBS_OBJECT:
            thing = to(clause.object)
        elif clause.definite:
            thing = definite(clause.object)
        else:
            thing = indefinite(clause.object, clause.negated)
        return f"{definite(clause.agent)} {denial}{preterite} {thing}"

    def quality(self, clause: Quality) -> str:
        """With "ser" or "estar" by the adjective, which agrees."""
        copula = {"ser": "es", "estar": "está"}[ADJECTIVES[clause.adjective][0]]
        before, after = {"plain": ("", ""), "very": ("", "muy "), "not": ("no ", "")}[clause.degree]
        return f"{definite(clause.noun)} {before}{copula} {after}{agreeing(clause.adjective, clause.noun)}"

    def comparing(self, clause: Comparing) -> str:
        """With "más … que" and an agreeing adjective."""
        regular = f"más {agreeing(clause.adjective, clause.noun)}"
        more = COMPARATIVES_OF_AGE.get(clause.adjective, regular)
        return f"{definite(clause.noun)} es {more} que {definite(clause.other)}"

    def giving(self, clause: Giving) -> str:
        """Doubled "le" for the receiver; "recibir de", "comprar a"."""
        gift = indefinite(clause.gift, clause.negated)
        denial = "no " if clause.negated else ""
        if clause.converse:
            receiver = definite(clause.receiver)
            if clause.verb == "sell":
                return f"{receiver} {denial}le compró {gift} {to(clause.giver)}"
            source = f"de {definite(clause.giver)}".replace("de el ", "del ")
            return f"{receiver} {denial}recibió {gift} {source}"
        return f"{definite(clause.giver)} {denial}le {VERBS[clause.verb][0]} {gift} {to(clause.receiver)}"

    def _subject(self, clause: Being) -> tuple[str, bool]:
        gender, singular, plural = NOUNS[clause.noun]
        feminine = gender == "f"
        number = NUMBERS.get(clause.number, "")
        if clause.quantity == "the":
            attribute = " " + agreeing(clause.adjective, clause.noun) if clause.adjective else ""
            return definite(clause.noun) + attribute, False
        return {
            "no": (f"{'ninguna' if feminine else 'ningún'} {singular}", False),
            "all": (f"{'todas las' if feminine else 'todos los'} {plural}", True),
            "some": (f"{'algunas' if feminine else 'algunos'} {plural}", True),
            "exactly": (f"{number} {plural}", True),
            "more": (f"más de {number} {plural}", True),
            "fewer": (f"menos de {number} {plural}", True),
        }[clause.quantity]


def definite(noun: str) -> str:
    """The noun with its definite article."""
    return f"{'la' if NOUNS[noun][0] == 'f' else 'el'} {NOUNS[noun][1]}"


def to(noun: str) -> str:
    """The noun with "a" and its definite article, contracted."""
    return f"{'a la' if NOUNS[noun][0] == 'f' else 'al'} {NOUNS[noun][1]}"


def indefinite(noun: str, negated: bool) -> str:
    """The noun as an indefinite or denied direct object."""
    gender, singular, *_ = NOUNS[noun]
    if noun in MASS:
        return singular
    if negated:
        return f"{'ninguna' if gender == 'f' else 'ningún'} {singular}"
    return f"{'una' if gender == 'f' else 'un'} {singular}"


def agreeing(adjective: str, noun: str) -> str:
    """The adjective in the noun's gender."""
    return ADJECTIVES[adjective][2 if NOUNS[noun][0] == "f" else 1]
