"""Turkish."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import Being, Comparing, Doing, Giving, Quality

# noun: stem, stem before a vowel suffix
NOUNS = table("""
man adam adam
woman kadın kadın
boy erkek_çocuk erkek_çocuğ
girl kız kız
teacher öğretmen öğretmen
doctor doktor doktor
farmer çiftçi çiftçi
student öğrenci öğrenci
person kişi kişi
dog köpek köpeğ
cat kedi kedi
cow inek ineğ
horse at at
goat keçi keçi
animal hayvan hayvan
vehicle araç arac
car araba araba
bicycle bisiklet bisiklet
bus otobüs otobüs
fruit meyve meyve
apple elma elma
banana muz muz
orange portakal portakal
clothing giysi giysi
shirt gömlek gömleğ
coat palto palto
dress elbise elbise
furniture mobilya mobilya
table masa masa
chair sandalye sandalye
bed yatak yatağ
door kapı kapı
window pencere pencere
book kitap kitab
letter mektup mektub
soup çorba çorba
house ev ev
room oda oda
bottle şişe şişe
""")
PLACES = {
    "kitchen": "mutfakta",
    "bedroom": "yatak odasında",
    "house": "evde",
    "classroom": "sınıfta",
    "school": "okulda",
    "garden": "bahçede",
    "market": "pazarda",
    "forest": "ormanda",
    "street": "sokakta",
    "church": "kilisede",
    "hospital": "hastanede",
    "station": "istasyonda",
}
# activity: present, denied present
ACTIVITIES = table("""
sleep uyuyor uyumuyor
eat yemek_yiyor yemek_yemiyor
drink su_içiyor su_içmiyor
run koşuyor koşmuyor
play oynuyor oynamıyor
wait bekliyor beklemiyor
read kitap_okuyor kitap_okumuyor
sing şarkı_söylüyor şarkı_söylemiyor
dance dans_ediyor dans_etmiyor
work çalışıyor çalışmıyor
""")
ADJECTIVES = {
    "big": "büyük",
    "small": "küçük",
    "new": "yeni",
    "old": "eski",
    "clean": "temiz",
    "dirty": "kirli",
    "expensive": "pahalı",
    "cheap": "ucuz",
    "hot": "sıcak",
    "cold": "soğuk",
    "full": "dolu",
    "empty": "boş",
    "open": "açık",
    "closed": "kapalı",
    "wet": "ıslak",
    "dry": "kuru",
    "black": "siyah",
    "white": "beyaz",
    "tall": "uzun boylu",
    "short": "kısa boylu",
    "young": "genç",
    "elderly": "yaşlı",
    "rich": "zengin",
    "poor": "fakir",
    "healthy": "sağlıklı",
    "sick": "hasta",
    "happy": "mutlu",
    "sad": "üzgün",
}
# verb: active, denied active, passive, denied passive (all past)
VERBS = table("""
wash yıkadı yıkamadı yıkandı yıkanmadı
open açtı açmadı açıldı açılmadı
close kapattı kapatmadı kapatıldı kapatılmadı
buy satın_aldı satın_almadı satın_alındı satın_alınmadı
sell sattı satmadı satıldı satılmadı
steal çaldı çalmadı çalındı çalınmadı
break kırdı kırmadı kırıldı kırılmadı
repair tamir_etti tamir_etmedi tamir_edildi tamir_edilmedi
paint boyadı boyamadı boyandı boyanmadı
see gördü görmedi görüldü görülmedi
invite davet_etti davet_etmedi davet_edildi davet_edilmedi
rescue kurtardı kurtarmadı kurtarıldı kurtarılmadı
choose seçti seçmedi seçildi seçilmedi
deceive kandırdı kandırmadı kandırıldı kandırılmadı
punish cezalandırdı cezalandırmadı cezalandırıldı cezalandırılmadı
give verdi vermedi verildi verilmedi
receive aldı almadı alındı alınmadı
""")
# number: plain, ablative ("more than …")
NUMBERS = {
    2: ("iki", "ikiden"),
    3: ("üç", "üçten"),
    4: ("dört", "dörtten"),
    5: ("beş", "beşten"),
    6: ("altı", "altıdan"),
}
BACK = "aıou"
VOWELS = "aıoueiöü"
VOICELESS = "pçtkfhsş"
HIGH = {"a": "ı", "ı": "ı", "e": "i", "i": "i", "o": "u", "u": "u", "ö": "ü", "ü": "ü"}


class Turkish(Grammar):
    """Turkish: vowel harmony, case suffixes, verb last, no gender, no article."""

    code = "tr"
    conjunction = " ve "

    def capitalised(self, text: str) -> str:
        """Dotted and dotless i keep their dots."""
        return {"i": "İ", "ı": "I"}.get(text[0], text[0].upper()) + text[1:]

    def being(self, clause: Being) -> str:
        """Place before the verb; no copula."""
        words = [self._subject(clause)]
        words += [PLACES[clause.place]] if clause.place else []
        words += [ACTIVITIES[clause.activity][clause.quantity == "no"]] if clause.activity else []
        return " ".join(words)

    def doing(self, clause: Doing) -> str:
        """Verb last; accusative for definite objects; the passive with "tarafından"."""
        active, denied, passive, denied_passive = VERBS[clause.verb]
        agent = NOUNS[clause.agent][0]
        if clause.object == "nothing":
            return f"{agent} hiçbir şey {denied}"
        if clause.passive:
            verb = denied_passive if clause.negated else passive
            return f"{NOUNS[clause.object][0]} {agent} tarafından {verb}"
        thing = accusative(clause.object) if clause.definite else indefinite(clause.object, clause.negated)
        return f"{agent} {thing} {denied if clause.negated else active}"

    def quality(self, clause: Quality) -> str:
        """A bare adjective; "değil" denies."""
        before, after = {"plain": ("", ""), "very": ("çok ", ""), "not": ("", " değil")}[clause.degree]
        return f"{NOUNS[clause.noun][0]} {before}{ADJECTIVES[clause.adjective]}{after}"

    def comparing(self, clause: Comparing) -> str:
        """The standard in the ablative, "daha" before the adjective."""
        return f"{NOUNS[clause.noun][0]} {ablative(clause.other)} daha {ADJECTIVES[clause.adjective]}"

    def giving(self, clause: Giving) -> str:
        """Receiver in the dative, source in the ablative."""
        gift = indefinite(clause.gift, clause.negated)
        if clause.converse:
            verb = VERBS["receive" if clause.verb == "give" else "buy"][clause.negated]
            return f"{NOUNS[clause.receiver][0]} {ablative(clause.giver)} {gift} {verb}"
        return (
            f"{NOUNS[clause.giver][0]} {dative(clause.receiver)} {gift} {VERBS[clause.verb][clause.negated]}"
        )

    def _subject(self, clause: Being) -> str:
        stem = NOUNS[clause.noun][0]
        plain, from_number = NUMBERS.get(clause.number, ("", ""))
        if clause.quantity == "the":
            return f"{ADJECTIVES[clause.adjective]} {stem}" if clause.adjective else stem
        return {
            "no": "hiç kimse" if clause.noun == "person" else f"hiçbir {stem}",
            "all": f"bütün {plural(clause.noun)}",
            "some": f"bazı {plural(clause.noun)}",
            "exactly": f"{plain} {stem}",
            "more": f"{from_number} fazla {stem}",
            "fewer": f"{from_number} az {stem}",
        }[clause.quantity]


def last_vowel(word: str) -> str:
    """The vowel that governs the suffixes of `word`."""
    return next(letter for letter in reversed(word) if letter in VOWELS)


def low_vowel(word: str) -> str:
    """Two-way harmony: a after back vowels, e after front vowels."""
    return "a" if last_vowel(word) in BACK else "e"


def plural(noun: str) -> str:
    """The noun in the plural: -lar, -ler."""
    stem = "insan" if noun == "person" else NOUNS[noun][0]
    return f"{stem}l{low_vowel(stem)}r"


def accusative(noun: str) -> str:
    """The noun as a definite object: -(y)ı, -(y)i, -(y)u, -(y)ü."""
    soft = NOUNS[noun][1]
    return soft + ("y" if soft[-1] in VOWELS else "") + HIGH[last_vowel(soft)]


def dative(noun: str) -> str:
    """The noun as a receiver: -(y)a, -(y)e."""
    soft = NOUNS[noun][1]
    return soft + ("y" if soft[-1] in VOWELS else "") + low_vowel(soft)


def ablative(noun: str) -> str:
    """The noun as a source or standard of comparison: -dan, -den, -tan, -ten."""
    stem = NOUNS[noun][0]
    return f"{stem}{'t' if stem[-1] in VOICELESS else 'd'}{low_vowel(stem)}n"


def indefinite(noun: str, negated: bool) -> str:
    """The noun as an indefinite object, bare under negation and for kinds."""
    stem = NOUNS[noun][0]
    bare = negated or noun in {"fruit", "clothing", "furniture"}
    return stem if bare else f"bir {stem}"
