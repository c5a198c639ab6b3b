"""Whether there are more of them: reports with a row for each period of the calendar.

Each question has a file of its own name.
"""
