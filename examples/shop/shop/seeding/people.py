"""Who the customers are, and what they did how many days ago.

Each follows one of a few stories, shifted by some days so that no two are alike. Silence is told
by what is missing: a customer who does nothing for 90 days has left.
"""

STORIES = {
    "loyal": "430 sign_up, 428 buy, 371 buy, 298 buy, 222 buy, 149 buy, 87 buy, 19 buy",
    "new": "41 sign_up, 38 buy",
    "looking": "23 sign_up",
    "never bought": "160 sign_up",
    "fell silent": "440 sign_up, 437 buy, 390 buy",
    "bought once": "300 sign_up, 299 buy",
    "silent, then back": "480 sign_up, 470 buy, 402 buy, 267 buy, 190 buy, 110 buy, 55 buy",
    "back after long": "560 sign_up, 555 buy, 240 buy, 170 buy",
    "written to, then back": "420 sign_up, 415 buy, 300 write, 292 answer, 290 buy, 230 buy",
    "written to in vain": "410 sign_up, 408 buy, 290 write",
    "left over the price": "350 sign_up, 347 buy, 311 leave:too dear",
    "left over delivery": "320 sign_up, 318 buy, 310 complain:Three weeks late., 301 resolve, "
    "280 leave:too slow",
    "left and came back": "380 sign_up, 376 buy, 330 leave:other shop, 315 write, 309 answer, "
    "305 buy, 240 buy, 165 buy, 80 buy",
    "left for good": "260 sign_up, 258 buy, 201 leave:taste",
    "appeased": "290 sign_up, 288 buy, 280 complain:The tin was dented., 279 resolve, 230 buy, "
    "150 buy, 66 buy",
    "waiting": "90 sign_up, 84 buy, 6 complain:I ordered green tea and got black.",
}

PEOPLE = (
    # name, story, days later, who referred them
    ("ada", "loyal", 0, None),
    ("bob", "loyal", 5, "ada"),
    ("carol", "silent, then back", 80, "bob"),
    ("dan", "appeased", 8, "carol"),
    ("erin", "bought once", -40, "ada"),
    ("frank", "new", 20, "ada"),
    ("grace", "loyal", -21, None),
    ("heidi", "fell silent", 0, None),
    ("ivan", "left over the price", 0, None),
    ("judy", "written to, then back", 0, None),
    ("kim", "looking", 4, "grace"),
    ("leo", "left over delivery", 0, None),
    ("mia", "left and came back", 0, None),
    ("nina", "silent, then back", 0, None),
    ("oscar", "back after long", 0, None),
    ("peggy", "never bought", 0, None),
    ("quinn", "written to in vain", 0, None),
    ("rosa", "left for good", 0, None),
    ("sam", "waiting", 0, None),
    ("tess", "new", -12, None),
    ("uma", "fell silent", 47, None),
    ("victor", "left over the price", 63, None),
    ("wendy", "loyal", 9, None),
    ("xena", "bought once", 30, None),
    ("yusuf", "written to in vain", 51, None),
    ("zoe", "left and came back", 44, None),
    ("anna", "silent, then back", 22, None),
    ("ben", "never bought", 55, None),
    ("clara", "left over delivery", 71, None),
    ("david", "written to, then back", 60, None),
    ("emma", "appeased", -35, None),
    ("felix", "bought once", 88, None),
    ("gina", "left for good", 90, None),
    ("hugo", "fell silent", -18, None),
    ("iris", "loyal", -44, None),
    ("jonas", "never bought", 20, None),
    ("karla", "left and came back", 12, None),
    ("liam", "left over the price", -30, None),
    ("maya", "waiting", 3, None),
    ("noah", "looking", -9, None),
    ("olga", "fell silent", 95, None),
    ("paul", "bought once", -77, None),
)

VISITORS = 24
"""How many looked at a tea and went: no account, no name."""

SOURCES = ("search", "search", "newspaper", "social")
