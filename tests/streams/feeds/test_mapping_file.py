"""A wrong mapping is refused before the first row, by line, with what to do about it."""

import pytest

from streams.feeds.mapping import compile_mapping
from streams.feeds.mapping_reasons import MappingError
from tests.streams.feeds.mapping_samples import CALLS


def refused(text: str) -> str:
    with pytest.raises(MappingError) as caught:
        compile_mapping(text, "calls.yaml")
    return str(caught.value)


def line_of(words: str, text: str = CALLS) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def changed(old: str, new: str) -> str:
    assert old in CALLS
    return CALLS.replace(old, new)


def test_the_sample_is_a_good_mapping() -> None:
    mapping = compile_mapping(CALLS, "calls.yaml")
    assert set(mapping.columns.names) == {"case", "at", "town", "what", "victim_phone", "remark"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: domestic_violence", "kind: domestic_violense", "Did you mean 'domestic_violence'"),
        ("signs: [injury]", "signs: [injry]", "Did you mean 'injury'"),
        ("purpose: complaint", "purpose: complaints", "Did you mean 'complaint'"),
        ("channel: phone", "channel: fone", "Did you mean 'phone'"),
        ("scheme: phone", "scheme: telephone", "Did you mean 'phone'"),
        ("feed: hotline", "feed: hotlines", "Did you mean 'hotline'"),
        ("severity: 3", "severity: 5", "<= 4"),
        ("severity: 3", "severity: high", "severity"),
        ("feed: hotline", "fed: hotline", "Did you mean 'feed'"),
        ("column: at", "colum: at", "Did you mean 'column'"),
        ("kind: domestic_violence", "knd: domestic_violence", "Did you mean 'kind'"),
        ("America/New_York", "America/NewYork", "Did you mean 'America/New_York'"),
        ("{type: csv}", "{type: csv, encoding: utf9}", "no encoding"),
        ("{type: csv}", "{type: csv, encoding: hex}", "no encoding"),
        ("{type: csv}", '{type: csv, delimiter: "::"}', "one character"),
        ("{type: csv}", "{type: csv, delimiter: ';', quote: ';'}", "cannot be the same"),
        ("{column: case}", "{}", "either"),
        ("{column: case}", "{column: case, row_number: yes}", "either"),
        ('["{town}"]', '["{town"]', "in braces"),
        ('["{town}"]', "[]", "codes"),
        ('["{town}"]', '["{town}"], directory: a.json', "--areas"),
        ('["{town}"]', '["{town}"], replace: {city: {A: B}}', "no code uses"),
        ("equals: noise", "pattern: '('", "pattern cannot be read"),
        ("equals: noise", "equals: beaten at home", "is decided by the rule on line"),
        ("equals: noise", "severity: 1", "already"),
        ("    - equals: noise\n", "    - origin: reported\n", "needs `equals`"),
        ("column: at\n", "column: at\n  format: '%H:%M'\n", "year, month and day"),
        ("column: at\n", "column: at\n  format: '%Q'\n", "no format of times"),
        ("channel: phone", "channel: {column: how, table: {a: fone}}", "Did you mean 'phone'"),
        ("channel: phone\n", "", "`channel` is not said"),
    ],
)
def test_a_wrong_word_is_refused_with_its_line(old: str, new: str, words: str) -> None:
    text = changed(old, new)
    message = refused(text)
    assert words in message
    assert message.startswith("calls.yaml line ")


def test_the_line_is_the_line_of_the_word() -> None:
    text = changed("signs: [injury]", "signs: [injry]")
    assert refused(text).startswith(f"calls.yaml line {line_of('injry', text)}: ")


def test_the_line_of_an_unknown_key_is_its_own() -> None:
    text = CALLS + "colour: red\n"
    assert refused(text).startswith(f"calls.yaml line {line_of('colour', text)}: there is no key")


@pytest.mark.parametrize(
    "person",
    [
        "",
        "person:\n",
        "person: nobody\n",
        "person: {column: phone, scheme: phone}\n",
        "person: {column: phone, scheme: phone, this_column_is_the_person_at_risk: no}\n",
        "person: {column: phone, scheme: phone, this_column_is_the_person_at_risk: maybe}\n",
    ],
)
def test_a_person_is_declared_to_be_the_person_at_risk_or_there_is_none(person: str) -> None:
    before, rest = CALLS.split("person:\n")
    text = before + person + rest[rest.index("category:") :]
    message = refused(text)
    assert "person AT RISK OF HARM" in message
    assert "must never be mapped" in message


@pytest.mark.parametrize(
    "column", ["caller", "reporter_phone", "Suspect name", "报警人电话", "嫌疑人", "complainant"]
)
def test_a_column_named_after_another_party_is_refused(column: str) -> None:
    message = refused(changed("column: victim_phone", f"column: {column}"))
    assert "only the person at risk of harm may be mapped" in message


@pytest.mark.parametrize("key", ["reporter", "suspect", "aggressor", "gender", "ethnicity"])
def test_there_is_no_key_for_another_party_or_a_demographic(key: str) -> None:
    assert f"no key {key!r}" in refused(CALLS + f"{key}: {{column: x}}\n")


def test_a_key_that_is_there_twice_is_refused() -> None:
    message = refused(CALLS + "feed: grid\n")
    assert "already there on line 2" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("just words", "key: value"),
        ("- a\n- b\n", "key: value"),
        ("mapping: 2\n", "mapping: 1"),
        ("a: [1, 2\nb: 3\n", "not YAML"),
        ("a: \x01\n", "not YAML"),
        ("a: &x 1\nb: *x\n", "anchors"),
        ("a: !!python/object:os.system ls\n", "tag"),
        ("? [a, b]\n: c\n", "a key is one word"),
        ("[" * 40 + "]" * 40, "nested"),
        ("a: [" + "1," * 30_000 + "]", "values"),
        ("#" * 300_000, "characters"),
    ],
)
def test_yaml_that_is_no_mapping_is_refused(text: str, words: str) -> None:
    assert words in refused(text)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert "line 1" in refused(bomb)


def test_words_of_yaml_that_other_readers_turn_into_something_else_stay_words() -> None:
    text = changed("equals: noise", "equals: [no, on, 0110, 1e3, ~]")
    assert compile_mapping(text, "calls.yaml").file.category.rules[1].equals == (
        "no",
        "on",
        "0110",
        "1e3",
        "~",
    )
