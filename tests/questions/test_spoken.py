"""English number words are read as one number each, wherever they stand."""

import pytest

from questions.spoken import figured


@pytest.mark.parametrize(
    ("said", "figures"),
    [
        ("three hundred yuan or more", "300 yuan or more"),
        ("two and a half thousand km", "2500 km"),
        ("a thousand two hundred litres", "1200 litres"),
        ("three thousand and fifty", "3050"),
        ("Twenty-Five visits", "25 visits"),
        ("a dozen visits", "12 visits"),
        ("half a dozen times", "6 times"),
        ("ten grand", "10000"),
        ("half a million", "500000"),
        ("1,500 thousand", "1500000"),
        ("the last couple of weeks", "the last 2 weeks"),
        ("half a year", "6 months"),
        ("a month and a half", "45 days"),
        ("two and a half years", "30 months"),
        ("between one thousand and three thousand", "between 1000 and 3000"),
        ("between one hundred and two hundred", "between 100 and 200"),
        ("from five hundred to a thousand", "from 500 to 1000"),
        ("between two and five thousand yuan", "between 2000 and 5000 yuan"),
        ("two to three hundred litres", "200 to 300 litres"),
        ("two and three hundred", "2 and 300"),
        ("stations two and three", "stations 2 and 3"),
        # no numbers
        ("which one of the two", "which one of the two"),
        ("two three days", "two three days"),
        ("thousands of customers", "thousands of customers"),
        ("one station", "one station"),
    ],
)
def test_a_number_in_words_is_one_in_figures(said: str, figures: str) -> None:
    assert figured(said) == figures
