"""The teas on sale."""

TEAS = (
    # name, kind, price, colour, taste
    ("Morning Mist", "white", "11.50", "#b9b08f", "Pale and quiet, with a little honey."),
    (
        "Dragon Well",
        "green",
        "9.80",
        "#7f9a4a",
        "Pan-roasted: chestnut, then fresh grass.",
    ),
    ("Old Gate Sencha", "green", "8.40", "#4f7d4d", "Steamed, deep green, a breath of the sea."),
    ("Iron Goddess", "oolong", "12.90", "#a8793a", "Half-way between: lilac, then toast."),
    ("Second Flush", "black", "10.20", "#9a4a2f", "From the high gardens, with its muscatel note."),
    ("Harbour Breakfast", "black", "6.90", "#5d3327", "Strong, brisk, and glad of some milk."),
    ("Smoke and Pine", "black", "7.60", "#3c3a3f", "Dried over pine fires. You will know at once."),
    ("Red Bush Orange", "herbal", "6.40", "#c2662d", "No caffeine; orange peel and vanilla."),
)
