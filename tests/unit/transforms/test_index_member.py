"""core.index_member: who belongs on a session, and what is known of each."""

from __future__ import annotations

from drawn import sessions

CATALOG = {
    "staging.universe": """
        index_code | published_index
        NDX        | ^NDX
    """,
    "staging.universe_member": """
        index_code | symbol | valid_from | valid_to
        NDX        | AAA    | 2020-01-02 |
        NDX        | BBB    | 2020-01-02 | 2026-01-06
        NDX        | CCC    | 2026-01-06 |
    """,
    "staging.instrument": """
        symbol | kind  | issuer
        AAA    | stock | AAA
        BBB    | stock | BBB
        CCC    | stock | AAA
    """,
}


def priced(rows: str) -> dict[str, str]:
    """The same rows as prices and as counts."""
    return {
        "core.security_price": "symbol | date | close | price_return | known_at\n" + rows,
        "core.share_count": "\n".join(["symbol | date", *(
            " | ".join(line.split("|")[:2]) for line in rows.splitlines() if line.strip())]),
    }


def test_membership_changes_on_its_date(spec):
    spec("core.index_member", CATALOG | {"staging.session": sessions(2)} | priced("""
        AAA | 2026-01-05 | 10 | 0.01 | 2026-01-05 21:15
        AAA | 2026-01-06 | 11 | 0.02 | 2026-01-06 21:15
    """), """
        date       | symbol | issuer
        2026-01-05 | AAA    | AAA
        2026-01-05 | BBB    | BBB
        2026-01-06 | AAA    | AAA
        2026-01-06 | CCC    | AAA
    """)


def test_a_member_without_close_or_count_is_a_member_and_not_priced(spec):
    given = CATALOG | {"staging.session": sessions(1)} | priced("AAA | 2026-01-05 | 10 | 0.01 | 2026-01-05 21:15")
    given["core.share_count"] = """
        symbol | date       | shares_in_force
        AAA    | 2026-01-05 | 100
    """
    spec("core.index_member", given, """
        symbol | is_priced | price_return | known_at
        AAA    | true      | 0.01         | 2026-01-05 21:15
        BBB    | false     |              |
    """)


def test_a_symbol_the_catalog_does_not_know_is_its_own_issuer(spec):
    given = CATALOG | {"staging.session": sessions(1)} | priced("AAA | 2026-01-05 | 10 | 0.01 | 2026-01-05 21:15")
    given["staging.instrument"] = """
        symbol | kind  | issuer
        AAA    | stock | AAA
    """
    spec("core.index_member", given, """
        symbol | issuer
        AAA    | AAA
        BBB    | BBB
    """)


def test_sessions_before_the_first_close_and_after_the_last_one_are_not_there(spec):
    """A session between them that the feed dropped is."""
    spec("core.index_member", CATALOG | {"staging.session": sessions(5)} | priced("""
        AAA | 2026-01-06 | 10 |      | 2026-01-06 21:15
        AAA | 2026-01-08 | 11 | 0.1  | 2026-01-08 21:15
    """), """
        date       | symbol
        2026-01-06 | AAA
        2026-01-06 | CCC
        2026-01-07 | AAA
        2026-01-07 | CCC
        2026-01-08 | AAA
        2026-01-08 | CCC
    """)


def test_a_close_of_the_published_index_shows_that_the_session_was_asked_for(spec):
    given = CATALOG | {"staging.session": sessions(2)} | priced("AAA | 2026-01-05 | 10 | | 2026-01-05 21:15")
    spec("core.index_member", given | {"core.index_level": """
        symbol | date       | close
        ^NDX   | 2026-01-06 | 100
    """}, """
        date       | symbol
        2026-01-05 | AAA
        2026-01-05 | BBB
        2026-01-06 | AAA
        2026-01-06 | CCC
    """)
