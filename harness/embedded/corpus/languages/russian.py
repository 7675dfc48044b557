"""Russian."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import Being, Comparing, Doing, Giving, Quality

# noun: gender, nominative, genitive, dative, accusative, instrumental;
# persons and animals also: plural, genitive plural, form after 2-4
NOUNS = table("""
man m мужчина мужчины мужчине мужчину мужчиной мужчины мужчин мужчины
woman f женщина женщины женщине женщину женщиной женщины женщин женщины
boy m мальчик мальчика мальчику мальчика мальчиком мальчики мальчиков мальчика
girl f девочка девочки девочке девочку девочкой девочки девочек девочки
teacher m учитель учителя учителю учителя учителем учителя учителей учителя
doctor m врач врача врачу врача врачом врачи врачей врача
farmer m фермер фермера фермеру фермера фермером фермеры фермеров фермера
student m студент студента студенту студента студентом студенты студентов студента
person m человек человека человеку человека человеком люди человек человека
dog f собака собаки собаке собаку собакой собаки собак собаки
cat f кошка кошки кошке кошку кошкой кошки кошек кошки
cow f корова коровы корове корову коровой коровы коров коровы
horse f лошадь лошади лошади лошадь лошадью лошади лошадей лошади
goat f коза козы козе козу козой козы коз козы
animal n животное животного животному животное животным животные животных животных
vehicle m транспорт транспорта транспорту транспорт транспортом
car f машина машины машине машину машиной
bicycle m велосипед велосипеда велосипеду велосипед велосипедом
bus m автобус автобуса автобусу автобус автобусом
fruit p фрукты фруктов фруктам фрукты фруктами
apple n яблоко яблока яблоку яблоко яблоком
banana m банан банана банану банан бананом
orange m апельсин апельсина апельсину апельсин апельсином
clothing f одежда одежды одежде одежду одеждой
shirt f рубашка рубашки рубашке рубашку рубашкой
coat n пальто пальто пальто пальто пальто
dress n платье платья платью платье платьем
furniture f мебель мебели мебели мебель мебелью
table m стол стола столу стол столом
chair m стул стула стулу стул стулом
bed f кровать кровати кровати кровать кроватью
door f дверь двери двери дверь дверью
window n окно окна окну окно окном
book f книга книги книге книгу книгой
letter n письмо письма письму письмо письмом
soup m суп супа супу суп супом
house m дом дома дому дом домом
room f комната комнаты комнате комнату комнатой
bottle f бутылка бутылки бутылке бутылку бутылкой
""")
NOMINATIVE, GENITIVE, DATIVE, ACCUSATIVE, INSTRUMENTAL, PLURAL, GENITIVE_PLURAL, PAUCAL = range(1, 9)
GENDERS = "mfn"
NOT_ONE = {"m": "ни один", "f": "ни одна", "n": "ни одно"}
PLACES = {
    "kitchen": "на кухне",
    "bedroom": "в спальне",
    "house": "в доме",
    "classroom": "в классе",
    "school": "в школе",
    "garden": "в саду",
    "market": "на рынке",
    "forest": "в лесу",
    "street": "на улице",
    "church": "в церкви",
    "hospital": "в больнице",
    "station": "на вокзале",
}
# activity: third person singular, plural
ACTIVITIES = table("""
sleep спит спят
eat ест едят
drink пьёт пьют
run бежит бегут
play играет играют
wait ждёт ждут
read читает читают
sing поёт поют
dance танцует танцуют
work работает работают
""")
# adjective: masculine, feminine, neuter, comparative ("-" where unused)
ADJECTIVES = table("""
big большой большая большое больше
small маленький маленькая маленькое меньше
new новый новая новое -
old старый старая старое -
clean чистый чистая чистое -
dirty грязный грязная грязное -
expensive дорогой дорогая дорогое дороже
cheap дешёвый дешёвая дешёвое дешевле
hot горячий горячая горячее -
cold холодный холодная холодное -
full полный полная полное -
empty пустой пустая пустое -
open открыт открыта открыто -
closed закрыт закрыта закрыто -
wet мокрый мокрая мокрое -
dry сухой сухая сухое -
black чёрный чёрная чёрное -
white белый белая белое -
tall высокий высокая высокое выше
short низкий низкая низкое ниже
young молодой молодая молодое моложе
elderly старый старая старое старше
rich богатый богатая богатое богаче
poor бедный бедная бедное беднее
healthy здоров здорова здорово -
sick болен больна больно -
happy весёлый весёлая весёлое -
sad грустный грустная грустное -
""")
# verb: masculine past, short passive participle (masculine)
VERBS = table("""
wash помыл помыт
open открыл открыт
close закрыл закрыт
buy купил куплен
sell продал продан
steal украл украден
break сломал сломан
repair починил починен
paint покрасил покрашен
see увидел увиден
invite пригласил приглашён
rescue спас спасён
choose выбрал выбран
deceive обманул обманут
punish наказал наказан
give дал дан
receive получил получен
""")
NUMBERS = {
    2: ("два", "двух"),
    3: ("три", "трёх"),
    4: ("четыре", "четырёх"),
    5: ("пять", "пяти"),
    6: ("шесть", "шести"),
}


class Russian(Grammar):
    """Russian: six cases (here five), three genders, no copula in the present, a past that agrees."""

    code = "ru"
    conjunction = ", а "

    def being(self, clause: Being) -> str:
        """The present tense, no copula."""
        subject, plural = self._subject(clause)
        words = [subject]
        if clause.activity:
            verb = ACTIVITIES[clause.activity][plural]
            words += ["не " + verb if clause.quantity == "no" else verb]
        words += [PLACES[clause.place]] if clause.place else []
        return " ".join(words)

    def doing(self, clause: Doing) -> str:
        """The past agrees with the agent; the passive with a short participle and the instrumental."""
        denial = "не " if clause.negated else ""
        agent = form(clause.agent, NOMINATIVE)
        if clause.object == "nothing":
            return f"{agent} ничего не {past(clause.verb, clause.agent)}"
        if clause.passive:
            participle = agreeing_participle(clause.verb, clause.object)
            was = {"m": "был", "f": "была", "n": "было"}[NOUNS[clause.object][0]]
            done = f"{denial}{was} {participle}"
            return f"{form(clause.object, NOMINATIVE)} {done} {form(clause.agent, INSTRUMENTAL)}"
        return f"{agent} {denial}{past(clause.verb, clause.agent)} {form(clause.object, ACCUSATIVE)}"

    def quality(self, clause: Quality) -> str:
        """An agreeing adjective without a copula."""
        degree = {"plain": "", "very": "очень ", "not": "не "}[clause.degree]
        return f"{form(clause.noun, NOMINATIVE)} {degree}{agreeing(clause.adjective, clause.noun)}"

    def comparing(self, clause: Comparing) -> str:
        """The comparative and "чем"."""
        comparative = ADJECTIVES[clause.adjective][3]
        return f"{form(clause.noun, NOMINATIVE)} {comparative}, чем {form(clause.other, NOMINATIVE)}"

    def giving(self, clause: Giving) -> str:
        """Receiver in the dative; source in the genitive."""
        denial = "не " if clause.negated else ""
        gift = form(clause.gift, ACCUSATIVE)
        giver, receiver = form(clause.giver, NOMINATIVE), form(clause.receiver, NOMINATIVE)
        if clause.converse:
            verb = {"give": "receive", "sell": "buy"}[clause.verb]
            source = {"give": "от ", "sell": "у "}[clause.verb] + form(clause.giver, GENITIVE)
            return f"{receiver} {denial}{past(verb, clause.receiver)} {gift} {source}"
        return f"{giver} {denial}{past(clause.verb, clause.giver)} {form(clause.receiver, DATIVE)} {gift}"

    def _subject(self, clause: Being) -> tuple[str, bool]:
        noun, gender = clause.noun, NOUNS[clause.noun][0]
        plain, genitive = NUMBERS.get(clause.number, ("", ""))
        if clause.quantity == "the":
            attribute = agreeing(clause.adjective, noun) + " " if clause.adjective else ""
            return attribute + form(noun, NOMINATIVE), False
        plain = "две" if clause.number == 2 and gender == "f" else plain
        return {
            "no": (f"{NOT_ONE[gender]} {form(noun, NOMINATIVE)}", False),
            "all": (f"все {form(noun, PLURAL)}", True),
            "some": (f"некоторые {form(noun, PLURAL)}", True),
            "exactly": (f"{plain} {form(noun, PAUCAL if clause.number < 5 else GENITIVE_PLURAL)}", True),
            "more": (f"больше {genitive} {form(noun, GENITIVE_PLURAL)}", False),
            "fewer": (f"меньше {genitive} {form(noun, GENITIVE_PLURAL)}", False),
        }[clause.quantity]


def form(noun: str, case: int) -> str:
    """The noun in one of its listed forms."""
    return NOUNS[noun][case]


def agreeing(adjective: str, noun: str) -> str:
    """The adjective in the noun's gender, nominative."""
    return ADJECTIVES[adjective][GENDERS.index(NOUNS[noun][0])]


def past(verb: str, agent: str) -> str:
    """The past tense in the agent's gender."""
    return VERBS[verb][0] + ("ла" if verb == "rescue" else "а") * (NOUNS[agent][0] == "f")


def agreeing_participle(verb: str, noun: str) -> str:
    """The short passive participle in the noun's gender; a stressed -ён loses its stress before an ending."""
    ending = {"m": "", "f": "а", "n": "о"}[NOUNS[noun][0]]
    participle = VERBS[verb][1]
    return participle.replace("ён", "ен") + ending if ending else participle
