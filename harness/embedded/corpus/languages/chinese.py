"""Chinese (simplified)."""

from __future__ import annotations

from harness.embedded.corpus.languages.grammar import Grammar, table
from harness.embedded.corpus.meaning import (
    KINDS,
    PERSON_VERBS,
    PERSONS,
    Being,
    Comparing,
    Doing,
    Giving,
    Quality,
)

# noun: word, classifier
NOUNS = table("""
man 男人 个
woman 女人 个
boy 男孩 个
girl 女孩 个
teacher 老师 个
doctor 医生 个
farmer 农民 个
student 学生 个
person 人 个
dog 狗 只
cat 猫 只
cow 牛 头
horse 马 匹
goat 山羊 只
animal 动物 只
vehicle 交通工具 种
car 汽车 辆
bicycle 自行车 辆
bus 公交车 辆
fruit 水果 些
apple 苹果 个
banana 香蕉 根
orange 橙子 个
clothing 衣服 些
shirt 衬衫 件
coat 外套 件
dress 连衣裙 条
furniture 家具 件
table 桌子 张
chair 椅子 把
bed 床 张
door 门 扇
window 窗户 扇
book 书 本
letter 信 封
soup 汤 碗
house 房子 座
room 房间 个
bottle 瓶子 个
""")
PLACES = {
    "kitchen": "在厨房里",
    "bedroom": "在卧室里",
    "house": "在房子里",
    "classroom": "在教室里",
    "school": "在学校里",
    "garden": "在花园里",
    "market": "在市场上",
    "forest": "在森林里",
    "street": "在街上",
    "church": "在教堂里",
    "hospital": "在医院里",
    "station": "在车站",
}
ACTIVITIES = {
    "sleep": "睡觉",
    "eat": "吃东西",
    "drink": "喝水",
    "run": "跑步",
    "play": "玩",
    "wait": "等待",
    "read": "看书",
    "sing": "唱歌",
    "dance": "跳舞",
    "work": "工作",
}
# adjective: plain predicate, intensified, denied, stem of comparison, attribute ("-" where unused)
ADJECTIVES = table("""
big 很大 非常大 不大 大 大
small 很小 非常小 不小 小 小
new 很新 非常新 不新 - -
old 很旧 非常旧 不旧 - -
clean 很干净 非常干净 不干净 - -
dirty 很脏 非常脏 不脏 - -
expensive 很贵 非常贵 不贵 贵 -
cheap 很便宜 非常便宜 不便宜 便宜 -
hot 很热 非常热 不热 - -
cold 很凉 非常凉 不凉 - -
full 是满的 - 不是满的 - -
empty 是空的 - 不是空的 - -
open 开着 - 没有开着 - -
closed 关着 - 没有关着 - -
wet 很湿 非常湿 不湿 - -
dry 很干 非常干 不干 - -
black 是黑色的 - 不是黑色的 - 黑
white 是白色的 - 不是白色的 - 白
tall 很高 非常高 不高 高 高个子
short 很矮 非常矮 不矮 矮 矮个子
young 很年轻 非常年轻 不年轻 年轻 年轻的
elderly 很老 非常老 不老 老 年老的
rich 很富有 非常富有 不富有 富有 富有的
poor 很穷 非常穷 不穷 穷 贫穷的
healthy 很健康 - 不健康 - -
sick 病了 - 没有病 - -
happy 很高兴 非常高兴 不高兴 - -
sad 很难过 非常难过 不难过 - -
""")
VERBS = {
    "wash": "洗",
    "open": "打开",
    "close": "关上",
    "buy": "买",
    "sell": "卖",
    "steal": "偷",
    "break": "弄坏",
    "repair": "修",
    "paint": "油漆",
    "see": "看见",
    "invite": "邀请",
    "rescue": "救",
    "choose": "选",
    "deceive": "骗",
    "punish": "惩罚",
}
NUMBERS = {2: "两", 3: "三", 4: "四", 5: "五", 6: "六"}


class Chinese(Grammar):
    """Chinese: classifiers, aspect particles, 被 and 是…的 for the passive, no blanks."""

    code = "zh"
    conjunction = "，"
    full_stop = "。"

    def capitalised(self, text: str) -> str:
        """Unchanged: no letter case."""
        return text

    def being(self, clause: Being) -> str:
        """Place before the verb; 在 marks the progressive where no place does."""
        place = PLACES[clause.place] if clause.place else ""
        if clause.activity is None:
            return self._subject(clause) + place
        progressive = "" if place else "在"
        return f"{self._subject(clause)}{place}{progressive}{ACTIVITIES[clause.activity]}"

    def doing(self, clause: Doing) -> str:
        """了 for what is done, 没有 for what is not; 被 or 是…的 for the passive."""
        agent, verb = NOUNS[clause.agent][0], VERBS[clause.verb]
        if clause.object == "nothing":
            return f"{agent}什么都没有{verb}"
        if clause.passive and clause.verb in PERSON_VERBS:
            denial, done = ("没有", "") if clause.negated else ("", "了")
            return f"{NOUNS[clause.object][0]}{denial}被{agent}{verb}{done}"
        if clause.passive:
            return f"{self._definite(clause.object)}{'不是' if clause.negated else '是'}{agent}{verb}的"
        thing = (
            self._definite(clause.object)
            if clause.definite
            else self._indefinite(clause.object, clause.negated)
        )
        return f"{agent}没有{verb}{thing}" if clause.negated else f"{agent}{verb}了{thing}"

    def quality(self, clause: Quality) -> str:
        """A degree adverb or 是…的 carries the predicate."""
        plain, very, denied, *_ = ADJECTIVES[clause.adjective]
        return NOUNS[clause.noun][0] + {"plain": plain, "very": very, "not": denied}[clause.degree]

    def comparing(self, clause: Comparing) -> str:
        """比 before the standard."""
        return f"{NOUNS[clause.noun][0]}比{NOUNS[clause.other][0]}{ADJECTIVES[clause.adjective][3]}"

    def giving(self, clause: Giving) -> str:
        """给, or 把 and 卖给; from the other side 从…那里."""
        giver, receiver = NOUNS[clause.giver][0], NOUNS[clause.receiver][0]
        gift = self._indefinite(clause.gift, clause.negated)
        denial, done = ("没有", "") if clause.negated else ("", "了")
        if clause.converse:
            verb = {"give": "得到", "sell": "买"}[clause.verb]
            return f"{receiver}{denial}从{giver}那里{verb}{done}{gift}"
        if clause.verb == "give":
            return f"{giver}{denial}给{done}{receiver}{gift}"
        return f"{giver}{denial}把{gift}卖给{done}{receiver}"

    def _subject(self, clause: Being) -> str:
        word, classifier = NOUNS[clause.noun]
        number = NUMBERS.get(clause.number, "")
        if clause.quantity == "the":
            return (ADJECTIVES[clause.adjective][4] if clause.adjective else "") + word
        return {
            "no": f"没有{word}",
            "all": f"所有的{word}都",
            "some": f"有些{word}",
            "exactly": f"{number}{classifier}{word}",
            "more": f"超过{number}{classifier}{word}",
            "fewer": f"不到{number}{classifier}{word}",
        }[clause.quantity]

    def _definite(self, noun: str) -> str:
        word, classifier = NOUNS[noun]
        return word if noun in PERSONS else f"那{classifier}{word}"

    def _indefinite(self, noun: str, negated: bool) -> str:
        word, classifier = NOUNS[noun]
        if negated:
            return f"任何{word}" if noun in KINDS else word
        return f"一{classifier}{word}"
