"""A store as a folder of Parquet, and back: ``transfer.dump`` and ``transfer.load``.

Everything of one tenant goes along, row by row, from one state of the database: what can be folded
again, and what cannot. So a store moves from one database to another, or waits as a copy.
"""

from motfunnel.transfer.dump import Dumped, dump
from motfunnel.transfer.load import load
from motfunnel.transfer.opened import opened

__all__ = ["Dumped", "dump", "load", "opened"]
