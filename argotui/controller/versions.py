"""Which of two versions of an object is the newer one (§8.5).

resourceVersions are opaque in the old contract and ordered integers in the present one; where they
are not integers, unequal ones count as newer, which costs a read but never acts on stale data.
"""


def is_newer(version: str, than: str) -> bool:
    """Whether `version` may be later than `than`; any version is later than none ("")."""
    if version == than or not version:
        return False
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return True
