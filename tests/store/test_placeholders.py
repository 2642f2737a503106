"""`:named` parameters become each driver's, and nothing else of the statement changes."""

import pytest

from csms.store.placeholders import counted, translated


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT :a, :b_2 WHERE x=:a", "SELECT %(a)s, %(b_2)s WHERE x=%(a)s"),
        ("VALUES (:a,:b)", "VALUES (%(a)s,%(b)s)"),
        ("SELECT ':a', :a", "SELECT ':a', %(a)s"),
        ("SELECT 'it''s :a', :a", "SELECT 'it''s :a', %(a)s"),
        ("SELECT '', :a, ''", "SELECT '', %(a)s, ''"),
        ('SELECT "odd:name", "a""b:c", :a', 'SELECT "odd:name", "a""b:c", %(a)s'),
        ("SELECT :a::text, x::bigint", "SELECT %(a)s::text, x::bigint"),
        ("SELECT :a -- not :b\n, :c", "SELECT %(a)s -- not :b\n, %(c)s"),
        ("SELECT /* :b ' */ :a", "SELECT /* :b ' */ %(a)s"),
        ("SELECT $$ :a ' $$, $x$ :b $$ $x$, :c", "SELECT $$ :a ' $$, $x$ :b $$ $x$, %(c)s"),
        ("SELECT 7 % 3, '5%', :a", "SELECT 7 %% 3, '5%%', %(a)s"),
        ("SELECT '12:30:00'::time", "SELECT '12:30:00'::time"),
        ("SELECT x[1:2]", "SELECT x[1:2]"),
        ("SELECT 'é', :é", "SELECT 'é', :é"),
    ],
)
def test_translation(sql: str, expected: str) -> None:
    assert translated(sql)[0].decode() == expected


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("SELECT 1", False),
        ("\n  select 1", False),
        ("INSERT INTO t VALUES (1) RETURNING id", True),
        ("WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x", True),
        ("UPDATE t SET a = 1", True),
        ("SELECTED", True),
    ],
)
def test_only_statements_that_surely_read_count_as_reading(sql: str, writes: bool) -> None:
    assert translated(sql)[1] is writes


@pytest.mark.parametrize(
    ("sql", "expected", "picked"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT :a", "SELECT ?", (1,)),
        ("SELECT :a, :b WHERE x=:a", "SELECT ?, ? WHERE x=?", (1, 2, 1)),
        ("SELECT ':a', :b -- :a", "SELECT ':a', ? -- :a", (2,)),
        ('SELECT 7 % 3, "odd:name", :b', 'SELECT 7 % 3, "odd:name", ?', (2,)),
    ],
)
def test_counting(sql: str, expected: str, picked: tuple[int, ...]) -> None:
    text, pick = counted(sql)
    assert text == expected
    assert tuple(pick({"a": 1, "b": 2})) == picked
