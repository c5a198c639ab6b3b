"""Files of rows: their forms, and how columns and instants are read of them.

``forms`` picks the form. Knows no store and no funnel.
"""
