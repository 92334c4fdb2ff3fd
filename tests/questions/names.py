"""The names of the chain that the corpus asks about."""

from questions.accounts import Company
from questions.names import Names, Place

PLACES = (
    Place("S01", "南京路站", "上海", "黄浦"),
    Place("S02", "星禾路站", "上海", "浦东"),
    Place("S03", "云帆路站", "上海", "浦东"),
    Place("S04", "桐月街站", "苏州", "江苏"),
    Place("S05", "听澜路站", "无锡", "江苏"),
)
TAGS = ("night", "taxi-fleet", "夜班", "vip卡")
# Their texts as imported, in both languages; nobody told all of them.
ACCOUNTS = (
    Company("F100", "云栈物流", "物流", "大型", "江苏"),
    Company("F200", "Harbour Logistics", "Logistics", "medium", "浙江"),
    Company("F300", "青穗建筑", "建筑业", "large", "江苏"),
    Company("F400", "Evergreen Foods", "Pet food", "小", ""),
    Company("F500", "F500", "construction", "", "浙江"),
)
NAMES = Names(PLACES, TAGS, ACCOUNTS)
