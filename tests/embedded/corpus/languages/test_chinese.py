import re

from tests.embedded.corpus.spelled import found, sentences

CLASSIFIERS = {
    "个": "男人 女人 男孩 女孩 老师 医生 农民 学生 人 苹果 橙子 房间 瓶子",
    "只": "狗 猫 山羊 动物",
    "头": "牛",
    "匹": "马",
    "辆": "汽车 自行车 公交车",
    "根": "香蕉",
    "件": "衬衫 外套 家具",
    "条": "连衣裙",
    "张": "桌子 床",
    "把": "椅子",
    "扇": "门 窗户",
    "本": "书",
    "封": "信",
    "座": "房子",
    "些": "水果 衣服",
    "种": "交通工具",
}
WORDS = "|".join(sorted(" ".join(CLASSIFIERS.values()).split(), key=len, reverse=True))


def test_every_counted_noun_has_its_classifier() -> None:
    matches = found(rf"[一两三四五六那]([{''.join(CLASSIFIERS)}])({WORDS})", "zh")
    assert len(matches) > 1000
    assert all(match[2] in CLASSIFIERS[match[1]].split() for match in matches)


def test_no_numeral_stands_without_a_classifier() -> None:
    assert not found(rf"[两三四五六](?![{''.join(CLASSIFIERS)}])", "zh")
    assert not found("二", "zh")


def test_sentences_are_chinese_throughout() -> None:
    assert all(re.fullmatch(r"[\u4e00-\u9fff]+(，[\u4e00-\u9fff]+)?。", text) for text in sentences("zh"))


def test_what_is_denied_is_not_marked_as_done() -> None:
    assert not found("没有[^，。]*了", "zh")
