"""Names that look real and belong to nobody: all addresses end in `.example` (RFC 2606)."""

from random import Random


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "Ada Amir Anna Ben Carla Chen Clara Daniel David Elena Elif Emma Erik Fatima Felix Grace Hanna Hugo Ines Ivan Jana "
    "Jonas Julia Kai Karim Lara Lea Leo Lina Luca Maja Malik Maria Max Mei Mila Nadia Nico Nora Omar Paul Petra Priya "
    "Rafael Rosa Samir Sara Sofia Tariq Theo Tom Vera Yara Yusuf Zoe"
)
_LAST = _words(
    "Abadi Adler Alvarez Andersson Bauer Becker Bianchi Brandt Campbell Castillo Costa Demir Diaz Dubois Eriksen "
    "Ferrari Fischer Fontaine Garcia Haddad Hansen Hoffmann Ibrahim Ivanova Jansen Kaya Keller Kowalski Larsen Lefevre "
    "Lindqvist Marino Meyer Mitchell Moreau Nakamura Nguyen Novak Okafor Olsen Patel Pereira Peters Quinn Richter "
    "Romano Rossi Santos Schmidt Silva Singh Sorensen Tanaka Thompson Vogel Wagner Walker Weber Winter Yilmaz"
)
_STEMS = _words(
    "Alder Amber Arbor Aster Beacon Birch Bramble Brook Cedar Cinder Clover Cobalt Copper Coral Crescent Dale Delta "
    "Dune Ember Fable Fern Field Flint Fox Garnet Glade Granite Grove Harbor Hazel Heron Hollow Indigo Iris Ivory "
    "Juniper Kestrel Lantern Larch Linden Maple Marble Meadow Mill Moss North Oak Ochre Olive Orchard Otter Pebble "
    "Pine Quarry Raven Ridge River Rowan Sable Saffron Slate Sparrow Spruce Stone Summit Tidal Timber Umber Vale "
    "Willow Wren"
)
_TRADES = (
    "Architects",
    "Bakery",
    "Bikes",
    "Books",
    "Brewing",
    "Care",
    "Clinic",
    "Coffee",
    "Dental",
    "Energy",
    "Events",
    "Farms",
    "Finance",
    "Foods",
    "Furniture",
    "Gardens",
    "Hotels",
    "Insurance",
    "Interiors",
    "Kitchens",
    "Law",
    "Logistics",
    "Museum",
    "Optics",
    "Outdoors",
    "Physio",
    "Robotics",
    "School",
    "Solar",
    "Sports",
    "Tea",
    "Theatre",
    "Travel",
    "Wines",
)
_STREETS = ("Mill Lane", "Station Road", "Market Street", "Garden Row", "Harbour Street", "Old Square", "Bridge Street")
_TOWNS = ("Ashford", "Brookfield", "Eastport", "Greenhill", "Kingsmere", "Northwick", "Oakham", "Stonebridge")


def company_names(random: Random, count: int) -> list[str]:
    """`count` different names; a number follows once the combinations are used up."""
    all_names = [f"{stem} {trade}" for stem in _STEMS for trade in _TRADES]
    random.shuffle(all_names)
    return [
        all_names[index % len(all_names)] + (f" {index // len(all_names) + 1}" if index >= len(all_names) else "")
        for index in range(count)
    ]


def person(random: Random) -> str:
    """First and last name."""
    return f"{random.choice(_FIRST)} {random.choice(_LAST)}"


def address(random: Random) -> str:
    """Two lines."""
    return f"{random.randint(1, 190)} {random.choice(_STREETS)}\n{random.randint(10000, 99999)} {random.choice(_TOWNS)}"


def domain_of(company: str) -> str:
    """`birch-clinic.example`."""
    return f"{company.lower().replace(' ', '-')}.example"
