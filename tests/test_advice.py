"""The programs that docs/speed.md compares give the same, both ways, and are printed as its tables."""

from benchmarks import advice


def test_both_ways_give_the_same(monkeypatch, capsys):
    rows = advice.advice()
    assert len({row.instead for row in rows}) == len(rows)
    for row in rows:
        advice.check(row)
    monkeypatch.setattr(advice, "advice", lambda: rows[:1])
    monkeypatch.setattr(advice, "peak", lambda function: 3_000_000)
    assert advice.main(["--seconds", "0.001", "--rounds", "1"]) == 0
    cells = [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines() if line]
    assert cells[2] == rows[0].instead and cells[-2:] == ["a loop of Python", "`fori_loop`"]
