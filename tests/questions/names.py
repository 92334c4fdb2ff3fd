"""The names of the chain that the corpus asks about."""

from questions.names import Names, Place

PLACES = (
    Place("S01", "南京路站", "上海", "黄浦"),
    Place("S02", "星禾路站", "上海", "浦东"),
    Place("S03", "云帆路站", "上海", "浦东"),
    Place("S04", "桐月街站", "苏州", "江苏"),
    Place("S05", "听澜路站", "无锡", "江苏"),
)
TAGS = ("night", "taxi-fleet", "夜班", "vip卡")
NAMES = Names(PLACES, TAGS)
