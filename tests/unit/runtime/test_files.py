"""A container's file system seen from outside: layers, links that must not lead to the host, programs."""

import errno
import os
from pathlib import Path

import pytest

from argotui.local.runtime.files import ContainerFiles, Layer
from argotui.local.runtime.types import Mount, StartFailure


class Tree:
    """root, upper and lower of /usr, and a volume at /vol, all in one folder."""

    def __init__(self, folder: Path) -> None:
        self.root, self.upper, self.lower, self.volume = (folder / n for n in ("root", "upper", "lower", "volume"))
        for path in (self.root / "tmp", self.upper, self.lower / "bin", self.volume):
            path.mkdir(parents=True)
        self.secret = folder / "secret"
        self.secret.write_text("the host's")
        layers = [Layer("/", (self.root,)), Layer("/usr", (self.upper, self.lower)), Layer("/vol", (self.volume,))]
        self.files = ContainerFiles(layers, {"bin": "usr/bin"})

    def read(self, path: str) -> bytes:
        return self.files.read(path, 1000)

    def problem(self, path: str) -> int | None:
        with pytest.raises(OSError) as caught:
            self.read(path)
        return caught.value.errno


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.mark.parametrize(("below", "path"), [("sub", "/at/file"), ("deep/sub", "/at/file"), ("sub/file", "/at")])
def test_a_sub_path_that_became_a_link_does_not_lead_to_the_host(tmp_path: Path, below: str, path: str) -> None:
    volume, outside = tmp_path / "volume", tmp_path / "outside"
    for base, text in ((volume, "the step's"), (outside, "the host's")):
        (base / "deep").mkdir(parents=True)
        for folder in (base / "sub", base / "deep" / "sub"):
            folder.mkdir()
            (folder / "file").write_text(text)
    files = ContainerFiles([Layer("/", (tmp_path / "root",)), Layer.of(Mount("/at", volume / below, root=volume))])
    assert files.read(path, 100) == b"the step's"
    swapped = below.partition("/")[0]
    (volume / swapped).rename(volume / "away")
    (volume / swapped).symlink_to(outside / swapped)
    with pytest.raises(OSError):
        files.read(path, 100)
    (volume / swapped).unlink()
    (volume / "away").rename(volume / swapped)
    (volume / below).rename(volume / "away")
    (volume / below).symlink_to(outside / below)
    with pytest.raises(OSError):
        files.read(path, 100)


def test_layers(tree: Tree) -> None:
    (tree.root / "tmp" / "o").write_text("root")
    (tree.lower / "share").mkdir()
    (tree.lower / "share" / "a").write_text("lower")
    (tree.upper / "share").mkdir()
    (tree.upper / "share" / "b").write_text("upper")
    (tree.volume / "v").write_text("volume")
    assert tree.read("/tmp/o") == b"root"
    assert tree.read("//tmp/./x/../o") == b"root" or tree.problem("//tmp/./x/../o") == errno.ENOENT
    assert tree.read("/usr/share/a") == b"lower"
    assert tree.read("/usr/share/b") == b"upper"
    assert tree.read("/vol/v") == b"volume"
    assert tree.problem("/usr/share/c") == errno.ENOENT
    assert tree.problem("/tmp/o/below") in (errno.ENOTDIR, errno.ENOENT)
    assert tree.problem("/tmp") == errno.EISDIR


@pytest.mark.parametrize("target", ["{secret}", "../../secret", "/../../../{secret}", "/proc/self/root{secret}"])
def test_a_link_never_leads_out_of_the_container(tree: Tree, target: str) -> None:
    (tree.root / "tmp" / "o").symlink_to(target.format(secret=tree.secret))
    assert tree.problem("/tmp/o") == errno.ENOENT


def test_links_are_followed_within(tree: Tree) -> None:
    (tree.volume / "real").write_text("here")
    (tree.root / "tmp" / "a").symlink_to("/vol")
    (tree.volume / "b").symlink_to("../tmp/a/real")
    assert tree.read("/tmp/a/b") == b"here"
    (tree.root / "tmp" / "loop").symlink_to("loop")
    assert tree.problem("/tmp/loop") == errno.ELOOP


def test_a_directory_link_out_is_not_walked(tree: Tree) -> None:
    (tree.root / "tmp" / "d").symlink_to(tree.secret.parent)
    assert tree.problem("/tmp/d/secret") == errno.ENOENT


def test_only_regular_files_are_read(tree: Tree) -> None:
    os.mkfifo(tree.root / "tmp" / "pipe")
    assert tree.problem("/tmp/pipe") == errno.EINVAL


def test_the_limit_is_kept(tree: Tree) -> None:
    (tree.root / "tmp" / "o").write_bytes(b"x" * 100)
    assert tree.files.read("/tmp/o", 10) == b"x" * 10


def test_what_is_deleted_or_replaced_in_the_upper_layer_hides_the_lower(tree: Tree) -> None:
    for name in ("gone", "new"):
        (tree.lower / name).mkdir()
        (tree.lower / name / "f").write_text("lower")
    try:
        os.mknod(tree.upper / "gone", 0o020000, os.makedev(0, 0))
    except PermissionError:
        pytest.skip("device nodes cannot be made here")
    assert tree.problem("/usr/gone/f") == errno.ENOENT
    (tree.upper / "new").mkdir()
    try:
        os.setxattr(tree.upper / "new", "user.overlay.opaque", b"y")
    except OSError:
        pytest.skip("this file system has no user attributes")
    assert tree.problem("/usr/new/f") == errno.ENOENT
    (tree.upper / "new" / "f").write_text("upper")
    assert tree.read("/usr/new/f") == b"upper"


def make_program(path: Path, mode: int = 0o755) -> None:
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)


def test_programs_are_found_as_go_finds_them(tree: Tree) -> None:
    make_program(tree.lower / "bin" / "tool")
    make_program(tree.lower / "bin" / "data", 0o644)
    find = tree.files.find_program
    assert find("tool", "/opt:/usr/bin", "/") == "/usr/bin/tool"
    assert find("/bin/tool", "", "/") == "/bin/tool"
    make_program(tree.volume / "mine")
    assert find("./mine", "", "/vol") == "./mine"
    for name, text in {
        "nope": 'exec: "nope": executable file not found in $PATH',
        "data": 'exec: "data": executable file not found in $PATH',
        "/usr/bin/data": 'exec: "/usr/bin/data": permission denied',
        "/usr/bin": 'exec: "/usr/bin": is a directory',
        "/a/b": 'exec: "/a/b": stat /a/b: no such file or directory',
    }.items():
        with pytest.raises(StartFailure) as caught:
            find(name, "/usr/bin", "/")
        assert str(caught.value) == text


def test_programs_are_remembered_unless_a_volume_lies_in_their_path(tree: Tree) -> None:
    known = {("/usr/bin", "sh"): "/bin/sh"}
    layers = [Layer("/", (tree.root,)), Layer("/usr", (tree.upper, tree.lower))]
    assert ContainerFiles(layers, {}, known).find_program("sh", "/usr/bin", "/") == "/bin/sh"
    covered = ContainerFiles([*layers, Layer("/usr/bin", (tree.volume,))], {}, known)
    with pytest.raises(StartFailure):
        covered.find_program("sh", "/usr/bin", "/")
