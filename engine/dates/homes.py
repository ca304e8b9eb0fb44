"""Who lives where. A customer is stored under a country (DE), under a part of one (DE-BY), or under both (DE and BY):
whoever is asked about a country means all of them. `engine/conditions/sql.py` has the same for statements.
"""


def lives_in(place: str, country: str | None, region: str | None = None) -> bool:
    """Whether somebody who is stored under these lives in a place: a country (DE), or a part of one (DE-BY)."""
    if country is None:
        return False
    code, part = split_place(place)
    if not part:
        return place in (country, country[:2])
    return country == place or (country[:2] == code and region == part)


def split_place(place: str) -> tuple[str, str]:
    """`DE` and `BY` of `DE-BY`; no part where it names none."""
    return place[:2], place[3:] if place[2:3] == "-" else ""
