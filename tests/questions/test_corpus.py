"""The corpus: every question in both languages means what it should, and no word of it is passed over."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions.check import check
from questions.misread import Misread, NotUnderstood
from questions.parse import parse
from questions.question import MEASURES, Filter, Question
from questions.typed import DIMENSIONS, ORDERS
from questions.vocabulary import Field, fields, values
from tests.questions.names import NAMES, PLACES, TAGS

CORPUS: list[list[str]] = tomllib.loads((Path(__file__).parent / "corpus.toml").read_text("utf-8"))["asks"]
ASKED = [(text, expected) for *texts, expected in CORPUS for text in texts]
PERIODS = (
    "last-month",
    "this-year",
    "last-30d",
    "2026-05",
    "m06..",
    "2026-q2",
    "2026-05-01..2026-05-15",
    "today",
)


def test_there_are_enough_of_them_in_each_language() -> None:
    assert len({chinese for chinese, _, _ in CORPUS}) >= 150
    assert len({english for _, english, _ in CORPUS}) >= 150


@pytest.mark.parametrize(("text", "expected"), ASKED, ids=[text for text, _ in ASKED])
def test_every_question_means_what_it_should(text: str, expected: str) -> None:
    meant = parse(text, NAMES)
    assert isinstance(meant, Question), meant
    assert meant.canonical() == expected
    assert parse(expected, NAMES) == meant


@pytest.mark.slow  # a sixth of all quick tests
@pytest.mark.parametrize(("text", "_expected"), ASKED, ids=[text for text, _ in ASKED])
def test_an_unknown_word_is_named_wherever_it_stands(text: str, _expected: str) -> None:
    word = "zorblax" if text.isascii() else "麒麟"
    for asked in (f"{text} {word}", f"{word} {text}"):
        meant = parse(asked, NAMES)
        if isinstance(meant, Question):  # a name is looked for as it was written
            assert meant.kind == "person"
            assert word in meant.of("who")[0].values[0]
        else:
            assert any(word in problem.word for problem in meant.problems), meant


@pytest.mark.parametrize(
    ("text", "code", "word", "nearest"),
    [
        ("loyaltyness:high", "unknown", "loyaltyness", "loyalty"),
        ("customers with high loyaltyness", "unknown", "loyaltyness", "loyalty"),
        ("segment:vpi", "unknown", "vpi", "vip"),
        ("segment:vip segment:churned", "contradiction", "segment:churned segment:vip", ""),
        ("segment:vip -segment:vip", "contradiction", "-segment:vip segment:vip", ""),
        ("spend>5000 spend<1000", "contradiction", "spend<1000 spend>5000", ""),
        ("visited:2026-02-30", "date", "2026-02-30", ""),
        ("2026年2月30日来过的客户", "date", "2026年2月30日来过", ""),
        ("customers who came on 31 June", "date", "31 june", ""),
        ("station:9", "station", "9", ""),
        ("9号站的VIP", "station", "9", ""),
        ("VIPs of station 9", "station", "9", ""),
        ("city:Paris", "place", "Paris", ""),
        ("spend>lots", "number", "lots", ""),
        ("customers over 5000", "number", "5000", ""),
        ("who registered", "when", "", ""),
        ("compare VIPs", "compare", "", ""),
        ("", "empty", "", ""),
        ("你好", "unknown", "你好", ""),
        ("the customers", "empty", "", ""),
        ("x" * 401, "long", "", ""),
        ("segment>vip", "operator", "segment", ""),
        ("limit:0", "number", "0", ""),
        ("lifetime value last month", "forecast", "worth", ""),
        ("未来90天预计消费按油品", "forecast", "worth", ""),
        ("measure:expected show:trend", "forecast", "expected", ""),
        ("sort:-worth period:last-month", "forecast", "worth", ""),
        ("who registered the day before", "when", "", ""),
        ("VIPs who opted in last week", "unknown", "day of consent", "marketing consent"),
        ("VIPs vs regulars by station", "splits", "station", ""),
        ("92 and 95 for each station", "splits", "station", ""),
        ("cash and card by station", "splits", "station", ""),
        ("92 and 95 litres by station", "splits", "station", ""),
        ("每个站VIP和常客各多少", "splits", "station", ""),
        ("其他站的VIP", "unknown", "其他", "其他油品"),  # other than which
        ("stations with falling revenue", "unknown", "falling", "falling visits"),
        ("how many receipts over 500 yuan", "unknown", "in one visit", ""),
        ("VIPs who visited less last month", "unknown", "came less", "in decline"),
        ("drivers who are behind on payments", "unknown", "behind on payments", "credit risk"),
        ("prospects who spent over 500", "contradiction", "segment:prospect spend>500", ""),
        ("未消费会员上个月来过的", "contradiction", "segment:prospect visited:last-month", ""),
        ("tag:nihgt", "unknown", "nihgt", "night"),
        ("customers tagged nihgt", "unknown", "nihgt", "night"),
        ("打了标签夜半的VIP", "unknown", "夜半", ""),
        ("how many tagged customers", "value", "tagged", ""),
        ("how many VIPs came yesterday and how many today", "periods", "today", ""),
        ("litres by payment method and by station", "splits", "station", ""),
        ("which stations sold more than 10,000 litres", "number", "litres>10000", ""),
        ("customers who spent at least 500 in one visit", "unknown", "in one visit", ""),
        ("who came every week this quarter", "unknown", "every week", ""),
        ("加油量超过40升的次数", "number", "litres>40", ""),  # of one visit, and not in all
        ("消费前十名的生日", "when", "", ""),
        ("下个月会流失的VIP", "operator", "下个月", ""),  # nobody knows
        ("昨天有几单一共多少钱", "measures", "多少钱", ""),
        ("3号站的复购率是多少", "unknown", "复购率", "购买频率"),
        ("既是沉睡客户又是VIP", "contradiction", "vip", ""),
        ("VIPs who usually pay cash", "unknown", "usually", "only"),  # who ever did is another
        ("how much do customers who mostly come at night spend", "unknown", "mostly", "only"),
        ("通常周末来的客户", "unknown", "通常", "只用"),
        ("how many of the top 10 customers are taxis", "operator", "limit:10", ""),
        ("regulars who became VIP and then churned", "unknown", "and then", ""),  # not either of them
        ("top spender at each station", "unknown", "best of each", ""),
        ("what is the best time for taxis", "unknown", "time", "daytime"),
        ("who bought something else than diesel", "unknown", "something else", ""),
        ("customers who prefer to pay cash", "unknown", "prefer", "only"),
        ("people who visit just in the morning", "unknown", "just in", ""),
        ("VIPs who came again last week", "unknown", "again", "back again"),
        ("who moved from regular to VIP and back", "unknown", "and back", ""),
        ("how much by station", "unknown", "how much", ""),
        ("只周末来的客户", "unknown", "只在", ""),  # who ever did is another
        ("一直在1号站加油的客户", "unknown", "一直在", ""),
        ("再来的VIP有多少", "unknown", "再来的", "新来的"),
        ("先来1号站再去2号站的客户", "unknown", "先后", ""),
        ("爱用现金的客户", "unknown", "爱", "只用"),
        ("喜欢洗车的VIP有多少", "unknown", "喜欢", "只用"),
        ("5 best and 5 worst customers", "unknown", "worst 5", ""),  # two lists
        ("前10名VIP和前10名流失客户", "unknown", "前 10名", ""),
        ("which station has the most VIPs and the fewest churned", "unknown", "fewest", ""),
        ("前10名客户占销售额多少", "operator", "limit:10", ""),
        ("biggest visit last month", "unknown", "single", ""),  # not who came most often
        ("how many litres will we sell tomorrow", "operator", "tomorrow", ""),  # nobody knows
        ("明天会卖多少升", "operator", "tomorrow", ""),
        ("visits period:this-month,last-month", "periods", "this-month, last-month", ""),
        ("show:change was:vip period:this-month,last-month", "periods", "this-month, last-month", ""),
        ("customers who spent over -100", "unknown", "-100", ""),
        ("消费超过-5元", "unknown", "-5元", ""),
        ("not come for -30 days", "unknown", "-30 days", ""),
        ("visited>9999-12-31", "date", "9999-12-31", ""),
        ("visited<0001-01-01", "date", "0001-01-01", ""),
        ("is:blorp", "unknown", "blorp", ""),
        ("has:birthday", "unknown", "birthday", ""),
        ("show:trend measure:spend limit:5", "operator", "limit:5", ""),
        ("what is 95 going for at station 2", "unknown", "price of", ""),
        ("who sometimes pays cash", "unknown", "sometimes", ""),  # as near to kilometres as to anything
        ("天气", "unknown", "气", ""),
        ("忠臣度高的客户", "unknown", "忠臣度高", "忠诚度高"),
        ("since:2026-06-01 since:2026-07-01", "periods", "2026-06-01.., 2026-07-01", ""),
        ("visited>30d", "operator", "visited", ""),
        ("上个月戴眼镜的客户花了多少钱", "unknown", "戴眼镜", ""),  # not somebody of the family 戴
    ],
)
def test_what_cannot_be_meant_is_said(text: str, code: str, word: str, nearest: str) -> None:
    meant = parse(text, NAMES)
    if text == "你好":
        assert isinstance(meant, Question)
        assert meant.canonical() == "show:person who:你好"
        return
    assert isinstance(meant, Misread), meant
    named = [(problem.code, problem.word.strip(), problem.nearest) for problem in meant.problems]
    assert (code, word, nearest) in named


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("how many customers live within 5 km of station 1", "vicinity"),  # no kilometres per month
        ("list the top quarter spenders", "quarter"),  # no trend by quarter
        ("customers who only come to station 3", "only come"),
        ("how much did unicorns spend this year", "unicorns"),
        ("who used to pay cash and now by wechat", "used to pay"),  # not either of them
    ],
)
def test_what_sounds_like_something_else_is_not_it(text: str, word: str) -> None:
    meant = parse(text, NAMES)
    assert isinstance(meant, Misread), meant
    assert word in [problem.word for problem in meant.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("浦东的VIP", "region:浦东 segment:vip"),
        ("vips in pudong", "region:浦东 segment:vip"),
        ("星禾路站的VIP", "segment:vip station:S02"),
        ("vips at xingheluzhan", "segment:vip station:S02"),
        ("vips in suzhou", "city:苏州 segment:vip"),
        ("S03的VIP", "segment:vip station:S03"),
        ("VIPs  ＯＦ　station　３", "segment:vip station:S03"),
    ],
)
def test_places_are_known_by_number_name_and_pinyin(text: str, expected: str) -> None:
    meant = parse(text, NAMES)
    assert isinstance(meant, Question), meant
    assert meant.canonical() == expected


@given(st.text(max_size=200))
def test_any_text_is_understood_or_named(text: str) -> None:
    meant = parse(text, NAMES)
    if isinstance(meant, Question):
        assert parse(meant.canonical(), NAMES) == meant
    else:
        assert meant.problems


def _values(field: Field) -> st.SearchStrategy[Filter]:
    name = field.name
    if field.type == "choice":
        codes = [code for code in values(name) if not code.startswith("-")]
        chosen = st.lists(st.sampled_from(codes), min_size=1, max_size=3, unique=True)
        return st.builds(
            lambda op, given: Filter(name, op, tuple(sorted(given))), st.sampled_from(["=", "!="]), chosen
        )
    if field.type == "hours":
        return st.sampled_from(["06-12", "22-06", "18-24", "07-08"]).map(
            lambda span: Filter(name, "=", (span,))
        )
    if field.type == "period":
        return st.sampled_from(PERIODS).map(lambda value: Filter(name, "=", (value,)))
    if field.type == "place":
        kind = "code" if name in ("station", "home") else name
        return st.sampled_from(PLACES).map(lambda place: Filter(name, "=", (getattr(place, kind),)))
    if field.type == "told":
        known = sorted({*values(name), *NAMES.known(name)} - {"-any"})
        return st.builds(
            lambda op, value: Filter(name, op, (value,)), st.sampled_from(["=", "!="]), st.sampled_from(known)
        )
    if field.type == "tag":
        return st.builds(
            lambda op, tag: Filter(name, op, (tag,)), st.sampled_from(["=", "!="]), st.sampled_from(TAGS)
        )
    if field.type == "name":
        return st.sampled_from(["张伟", "Zhang Wei", 'O"Hara', "a,b"]).map(
            lambda who: Filter(name, "=", (who.replace('"', "'"),))
        )
    unit = "d" if field.type == "days" else ""
    numbers = st.integers(0, 100_000).map(lambda number: f"{number}{unit}")
    ops = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])
    return st.builds(lambda op, number: Filter(name, op, (number,)), ops, numbers)


FILTERS = st.lists(
    st.sampled_from([f for f in fields().values() if f.name != "who"]).flatmap(_values), max_size=4
)
QUESTIONS = st.builds(
    Question,
    kind=st.sampled_from(["list", "count", "breakdown", "trend", "change"]),
    filters=FILTERS.map(tuple),
    by=st.sampled_from(["", *DIMENSIONS, "month"]),
    measure=st.sampled_from(MEASURES),
    period=st.sampled_from(["", *PERIODS]),
    sort=st.sampled_from(["", *ORDERS, *(f"-{one}" for one in ORDERS)]),
    limit=st.none() | st.integers(1, 1000),
)


@given(QUESTIONS)
def test_a_question_can_be_typed_again(question: Question) -> None:
    try:
        asked = check(question)
    except NotUnderstood:
        assert isinstance(parse(question.canonical(), NAMES), Misread)
        return
    assert parse(asked.canonical(), NAMES) == asked
