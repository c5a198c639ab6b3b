"""Who stands behind a count: sorted names, made late, and a sequence like any other."""

import pickle

from motfunnel.answers.members import Members


def test_members_are_their_names() -> None:
    """They compare, slice and count as the tuple of their names does, and survive a pickle."""
    members = Members(["cyd", "ada", "bob"], [2, 0, 1, 0])
    names = ("ada", "bob", "cyd", "cyd")
    assert members == names and names == tuple(members)
    assert members != names[1:]
    assert (len(members), members[0], members[-2:]) == (4, "ada", names[-2:])
    assert hash(members) == hash(names)
    assert pickle.loads(pickle.dumps(members)) == members
    assert not Members([], [])
