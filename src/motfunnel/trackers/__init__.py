"""What a host holds in its hands: recording and asking put together.

The ``Tracker``, its twin under asyncio, and the one tracker of an application. Decides nothing of
what an event means.
"""
