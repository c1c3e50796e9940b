#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/CheckpointsTests/Fixtures/bins: PyTorch files that must load, and files that must be refused.

    python3 scripts/make-bad-bins.py          the bad ones, with nothing but the standard library
    python3 scripts/make-bad-bins.py --good   the good ones too; needs `torch` and `safetensors` (any 2.x)

Run from the repository root. Beside each good file lies what torch reads out of it, as safetensors. The bad ones come out the
same each time; the good ones do not, since torch puts addresses and random numbers into them. Nothing here is dangerous to
have on a disk: the commands in the bad pickles, were they run, would print a word.
"""
import pathlib
import pickle
import shutil
import struct
import sys
import zlib

METADATA = {"format": "pt"}
ROOT = pathlib.Path("Tests/CheckpointsTests/Fixtures/bins")

# --- An assembler for pickles.

PROTOCOL = b"\x80\x02"


def text(value):
    raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def tuple_(*items):
    return b"(" + b"".join(items) + b"t"


def name(module, attribute):
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


ORDERED = name("collections", "OrderedDict") + b")R"
REBUILD = name("torch._utils", "_rebuild_tensor_v2")


def storage(key="0", count=6, kind="FloatStorage", module="torch", location="cpu", tag="storage", more=b""):
    return tuple_(text(tag), name(module, kind), text(key), text(location), integer(count), more) + b"Q"


def tensor(size=(2, 3), stride=(3, 1), offset=0, more=b"", **options):
    shape = tuple_(*map(integer, size)) + tuple_(*map(integer, stride))
    return REBUILD + b"(" + storage(**options) + integer(offset) + shape + b"\x89" + ORDERED + more + b"tR"


def state(*pairs):
    return b"}(" + b"".join(text(key) + value for key, value in pairs) + b"u"


def program(body):
    return PROTOCOL + body + b"."


# --- Archives, as torch writes them unless told otherwise.


class Entry:
    def __init__(self, path, data, **changes):
        self.path = path.encode("utf-8", "surrogatepass") if isinstance(path, str) else path
        self.data = data
        self.flags, self.method, self.checksum, self.size = 0x800, 0, zlib.crc32(data), len(data)
        self.compressed = None
        self.local = {}  # what the local header says instead
        self.extra = self.local_extra = b""
        self.offset = None  # what the directory says instead
        for key, value in changes.items():
            setattr(self, key, value)

    def header(self, **changes):
        size = self.size if self.compressed is None else self.compressed
        values = dict(flags=self.flags, method=self.method, checksum=self.checksum, compressed=size, size=self.size)
        values |= changes
        return struct.pack("<HHHHIII", values["flags"], values["method"], 0, 0, values["checksum"], values["compressed"],
                           values["size"])


def zip_archive(entries, count=None, wide=False, size=None, offset=None, wide_changes={}, end_changes={}, comment=b""):
    out, directory = b"", b""
    for entry in entries:
        place = len(out) if entry.offset is None else entry.offset
        path = entry.local.pop("path", entry.path)
        signature = entry.local.pop("signature", b"PK\3\4")
        out += signature + struct.pack("<H", 0) + entry.header(**entry.local)
        out += struct.pack("<HH", len(path), len(entry.local_extra)) + path + entry.local_extra + entry.data
        directory += b"PK\1\2" + struct.pack("<HH", 0, 0) + entry.header()
        directory += struct.pack("<HHHHHII", len(entry.path), len(entry.extra), 0, 0, 0, 0, place)
        directory += entry.path + entry.extra
    count = len(entries) if count is None else count
    begin, length = len(out) if offset is None else offset, len(directory) if size is None else size
    end = dict(disk=0, count=count, size=length, offset=begin) | end_changes
    out += directory
    if wide:
        values = dict(length=44, count=count, size=length, offset=begin, place=len(out)) | wide_changes
        out += b"PK\6\6" + struct.pack("<QHHIIQQQQ", values["length"], 0, 45, 0, 0, values["count"], values["count"],
                                       values["size"], values["offset"])
        out += b"PK\6\7" + struct.pack("<IQI", 0, values["place"], 1)
    out += b"PK\5\6" + struct.pack("<HHHHIIH", end["disk"], end["disk"], end["count"], end["count"], end["size"],
                                   end["offset"], len(comment))
    return out + comment


DATA = struct.pack("<6f", 0, 1, 2, 3, 4, 5)
GOOD = program(state(("w", tensor())))


def parts(pickled=GOOD, data=DATA, **changes):
    return [Entry("archive/data.pkl", pickled), Entry("archive/data/0", data, **changes), Entry("archive/version", b"3\n")]


def zipped(pickled, data=DATA):
    return zip_archive(parts(pickled, data))


def body(code):
    """A file whose pickle is this code between PROTO and STOP."""
    return zipped(program(code))


# --- The legacy stream.

MAGIC = program(integer(0x1950A86A20F9469CFC6C))
VERSION = program(b"M" + struct.pack("<H", 1001))


def legacy(code=state(("w", tensor())), magic=MAGIC, version=VERSION, little=b"\x88", keys=("0",), data=None,
           listed=None):
    system = program(state(("protocol_version", b"M\xe9\x03"), ("little_endian", little)))
    keys = program(b"](" + b"".join(map(text, keys)) + b"e") if listed is None else listed
    data = struct.pack("<q", 6) + DATA if data is None else data
    return magic + version + system + program(code) + keys + data


# --- What must be refused. The names are those of the table in PyTorchRefusalTests.swift.


def bad_pickles():
    call = text("echo pwned")
    run = lambda module, attribute: body(name(module, attribute) + tuple_(call) + b"R")
    yield "global-os-system", run("os", "system")
    yield "global-posix-system", run("posix", "system")
    yield "global-builtins-eval", run("builtins", "eval")
    yield "global-python2-builtin", run("__builtin__", "execfile")
    yield "global-torch-load", run("torch", "load")
    yield "global-subprocess", run("subprocess", "Popen")
    yield "global-dotted", run("collections", "OrderedDict.__init__")
    yield "global-rebuild-v3", run("torch._utils", "_rebuild_tensor_v3")
    yield "global-without-end", zipped(PROTOCOL + b"cos\nsystem")
    yield "global-long-line", body(b"c" + b"m" * 300 + b"\nn\n")
    yield "stack-global-os-system", body(b"\x8c\x02os\x8c\x06system\x93" + tuple_(call) + b"R")
    yield "stack-global-of-integers", body(integer(1) + integer(2) + b"\x93")
    yield "inst-os-system", body(b"(" + call + b"ios\nsystem\n")
    yield "obj", body(b"(" + ORDERED + b"o")
    yield "newobj", body(name("collections", "OrderedDict") + b")\x81")
    yield "newobj-ex", body(name("collections", "OrderedDict") + b")}\x92")
    yield "extension", body(b"\x82\x01")
    yield "text-persid", body(b"Pstorage\n")
    yield "unknown-opcode", body(b"\xff")
    yield "text-opcode", body(b"S'echo'\n")
    yield "reduce-of-text", body(text("os.system") + tuple_(call) + b"R")
    yield "reduce-of-storage-class", body(name("torch", "FloatStorage") + tuple_(integer(4)) + b"R")
    yield "reduce-without-tuple", body(REBUILD + call + b"R")
    yield "reduce-wrong-arguments", body(REBUILD + tuple_(integer(1)) + b"R")
    yield "reduce-ordered-dict-of-text", body(name("collections", "OrderedDict") + tuple_(call) + b"R")
    yield "reduce-ordered-dict-of-singles", body(name("collections", "OrderedDict") + b"](](" + text("a") + b"ee\x85R")
    yield "parameter-of-text", body(name("torch._utils", "_rebuild_parameter") + tuple_(call, b"\x88", ORDERED) + b"R")
    yield "negated-view", body(state(("w", tensor(more=b"}" + text("neg") + b"\x88s"))))
    yield "build-on-tensor", body(tensor() + b"}b")
    yield "build-on-dict", body(b"}}b")
    yield "build-with-tuple", body(ORDERED + tuple_(integer(1)) + b"b")
    yield "setitem-on-list", body(b"]" + text("a") + integer(1) + b"s")
    yield "setitem-on-integer", body(integer(1) + text("a") + integer(1) + b"s")
    yield "setitems-on-tuple", body(b")(" + text("a") + integer(1) + b"u")
    yield "setitems-odd", body(b"}(" + text("a") + b"u")
    yield "append-on-dict", body(b"}" + integer(1) + b"a")
    yield "appends-on-text", body(text("a") + b"(" + integer(1) + b"e")
    yield "stack-underflow", body(b"R")
    yield "stack-underflow-tuple2", body(integer(1) + b"\x86")
    yield "stack-underflow-behind-mark", body(text("w") + b"(Q")
    yield "stack-underflow-setitem", body(b"}" + text("a") + b"s")
    yield "stop-with-nothing", zipped(PROTOCOL + b".")
    yield "stop-with-two", body(b"}}")
    yield "stop-with-mark", body(b"(}")
    yield "tuple-without-mark", body(integer(1) + b"t")
    yield "setitems-without-mark", body(b"}" + text("a") + integer(1) + b"u")
    yield "memo-underflow", body(b"h\x07")
    yield "memo-underflow-long", body(b"j\xff\xff\xff\xff")
    yield "memo-of-nothing", body(b"q\x00")
    yield "memo-index-4g", body(b"}r\xff\xff\xff\xff")
    yield "length-4g", body(b"X\xff\xff\xff\xff")
    yield "length-2-63", body(b"\x8d" + struct.pack("<Q", 2**63))
    yield "length-bytes-2-64", body(b"\x8e" + b"\xff" * 8)
    yield "length-negative", body(b"T\xff\xff\xff\xff")
    yield "length-long-4g", body(b"\x8b\xff\xff\xff\x7f")
    yield "length-frame", body(b"\x95" + struct.pack("<Q", 2**40))
    yield "missing-stop", zipped(PROTOCOL + state(("w", tensor())))
    yield "cut-argument", zipped(PROTOCOL + b"J\x01")
    yield "empty-pickle", zipped(b"")
    yield "no-protocol", zipped(b"}.")
    yield "protocol-1", zipped(b"\x80\x01}.")
    yield "protocol-6", zipped(b"\x80\x06}.")
    yield "protocol-255", zipped(b"\x80\xff}.")
    yield "protocol-twice", body(PROTOCOL + b"}")
    yield "trailing-after-stop", zipped(GOOD + b"more")
    yield "self-in-list", body(b"]q\x00h\x00a")
    yield "self-in-dict", body(b"}q\x00" + text("a") + b"h\x00s")
    yield "self-through-tuple", body(b"}q\x00" + text("a") + b"h\x00\x85s")
    yield "self-through-list", body(b"}q\x00" + text("a") + b"](h\x00es")
    yield "self-as-state", body(ORDERED + b"q\x00}" + text("me") + b"h\x00sb")
    yield "persid-of-text", body(text("0") + b"Q")
    yield "persid-module", body(state(("w", tensor(tag="module"))))
    yield "persid-of-three", body(tuple_(text("storage"), name("torch", "FloatStorage"), text("0")) + b"Q")
    yield "persid-negative-count", body(state(("w", tensor(count=-6))))
    yield "persid-huge-count", body(state(("w", tensor(count=2**70))))
    yield "persid-view-metadata", body(storage(more=tuple_(text("1"), integer(0), integer(6))))
    yield "storage-complex", body(state(("w", tensor(kind="ComplexFloatStorage"))))
    yield "storage-untyped", body(state(("w", tensor(module="torch.storage", kind="UntypedStorage"))))
    yield "storage-of-another-module", body(state(("w", tensor(module="evil", kind="FloatStorage"))))
    for label, key in [("parent", "../0"), ("absolute", "/etc/passwd"), ("nul", "0\0"), ("dots", ".."), ("empty", ""),
                       ("backslash", "a\\b"), ("control", "0\n"), ("latin", b"\xff"), ("long", "0" * 257)]:
        yield f"storage-key-{label}", body(state(("w", tensor(key=key))))


def bad_dictionaries():
    yield "root-list", body(b"]")
    yield "root-tensor", body(tensor())
    yield "root-none", body(b"N")
    yield "nested", body(state(("state_dict", state(("w", tensor()))), ("epoch", integer(3)), ("args", b"N")))
    yield "nested-many", body(state(*((f"k{i}", integer(i)) for i in range(20))))
    yield "key-integer", body(b"}" + integer(1) + tensor() + b"s")
    yield "key-tuple", body(b"}" + tuple_(text("w")) + tensor() + b"s")
    yield "key-of-5000-bytes", body(state(("w" * 5000, tensor())))
    yield "name-nul", body(state(("w\0", tensor())))
    yield "name-newline", body(state(("a\nb", tensor())))
    yield "name-not-utf8", body(state((b"w\xff", tensor())))
    yield "name-metadata", body(state(("__metadata__", tensor())))
    yield "name-twice", body(state(("w", tensor()), ("w", tensor())))
    yield "missing-record", body(state(("w", tensor(key="1"))))
    yield "count-over-record", body(state(("w", tensor(count=7))))
    yield "count-under-record", body(state(("w", tensor(count=5, size=(5,), stride=(1,)))))
    yield "count-other-type", body(state(("w", tensor(kind="DoubleStorage"))))
    yield "count-overflow", body(state(("w", tensor(count=2**62))))
    yield "view-beyond", body(state(("w", tensor(size=(2, 4), stride=(3, 1)))))
    yield "view-beyond-by-offset", body(state(("w", tensor(offset=1))))
    yield "view-far", body(state(("w", tensor(size=(2, 1), stride=(2**40, 1)))))
    yield "view-overflow", body(state(("w", tensor(size=(3, 1), stride=(2**62, 1)))))
    yield "stride-negative", body(state(("w", tensor(stride=(3, -1)))))
    yield "offset-negative", body(state(("w", tensor(size=(1,), stride=(1,), offset=-1))))
    yield "offset-huge", body(state(("w", tensor(size=(1,), stride=(1,), offset=2**63 - 1))))
    yield "offset-beyond-64-bits", body(state(("w", tensor(offset=2**64))))
    yield "size-negative", body(state(("w", tensor(size=(-2, 3)))))
    yield "size-overflow", body(state(("w", tensor(size=(2**32, 2**32)))))
    yield "size-overflow-in-bytes", body(state(("w", tensor(size=(2**61, 1)))))
    shape = tuple_(text("2")) + tuple_(integer(1))
    yield "size-text", body(state(("w", REBUILD + b"(" + storage() + integer(0) + shape + b"\x89" + ORDERED + b"tR")))
    yield "size-beyond-64-bits", body(state(("w", tensor(size=(2**80, 1)))))
    yield "rank-9", body(state(("w", tensor(size=(1,) * 9, stride=(1,) * 9))))
    yield "rank-unlike-strides", body(state(("w", tensor(size=(2, 3), stride=(1,)))))
    yield "view-overlapping", body(state(("w", tensor(size=(2, 3), stride=(1, 1)))))
    yield "view-overlapping-rows", body(state(("w", tensor(size=(2, 3), stride=(2, 1)))))
    yield "view-expanded-to-1g", body(state(("w", tensor(size=(2**28, 3), stride=(0, 1)))))


def bad_archives():
    good = zip_archive(parts())
    yield "empty", b""
    yield "one-byte", b"P"
    yield "text", b"<html>404</html>"
    yield "git-lfs-pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n"
    yield "truncated-in-data", good[:400]
    yield "truncated-by-one", good[:-1]
    yield "trailing-bytes", good + b"\0"
    yield "comment", zip_archive(parts(), comment=b"hello")
    yield "only-local-header", b"PK\3\4" + b"\0" * 30
    yield "compressed", zip_archive(parts(method=8))
    yield "encrypted", zip_archive(parts(flags=0x801))
    yield "doubled", zip_archive(parts() + [Entry("archive/data/0", DATA)])
    yield "doubled-pickle", zip_archive(parts() + [Entry("archive/data.pkl", program(name("os", "system")))])
    yield "overlapping", overlapping()
    yield "bad-checksum-of-data", zip_archive(parts(checksum=1))
    yield "bad-checksum-of-pickle", zip_archive([Entry("archive/data.pkl", GOOD, checksum=1)] + parts()[1:])
    for field, value in [("path", b"archive/data/1"), ("flags", 0), ("method", 8), ("checksum", 1), ("size", 23),
                         ("compressed", 23), ("signature", b"PK\3\5")]:
        yield f"local-{field}-differs", zip_archive(parts(local={field: value}))
    yield "sizes-differ", zip_archive(parts(compressed=23))
    yield "entry-beyond-directory", zip_archive(parts(offset=10**6))
    yield "entry-data-beyond-directory", zip_archive(parts(size=10**6))
    yield "directory-begins-late", zip_archive(parts(), offset=10)
    yield "directory-4g", zip_archive(parts(), size=0xFFFFFFFF, offset=0xFFFFFFFF)
    yield "directory-damaged", good.replace(b"PK\1\2", b"PK\1\3", 1)
    yield "directory-count-low", zip_archive(parts(), count=2)
    yield "directory-count-high", zip_archive(parts(), count=4)
    yield "several-disks", zip_archive(parts(), end_changes=dict(disk=1))
    wide = lambda **changes: zip_archive(parts(), wide=True, wide_changes=changes)
    yield "zip64-offset-differs", wide(offset=2**63)
    yield "zip64-offset-overflow", zip_archive(parts(), wide=True, wide_changes=dict(offset=2**63),
                                               end_changes=dict(offset=0xFFFFFFFF))
    yield "zip64-size-overflow", zip_archive(parts(), wide=True, wide_changes=dict(size=2**64 - 1, offset=1),
                                             end_changes=dict(size=0xFFFFFFFF, offset=0xFFFFFFFF))
    yield "zip64-sum-overflow", zip_archive(parts(), wide=True, wide_changes=dict(size=2**63 - 1, offset=2**63 - 1),
                                            end_changes=dict(size=0xFFFFFFFF, offset=0xFFFFFFFF))
    yield "zip64-count-differs", wide(count=4)
    yield "zip64-place-overflow", wide(place=2**64 - 1)
    yield "zip64-place-outside", wide(place=2**40)
    yield "zip64-length", wide(length=45)
    extra = lambda *numbers: struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
    yield "zip64-entry-size-overflow", zip_archive(parts(size=0xFFFFFFFF, extra=extra(2**63)))
    yield "zip64-entry-sum-overflow", zip_archive(parts(size=0xFFFFFFFF, extra=extra(2**63 - 1, 2**63 - 1)))
    yield "zip64-entry-offset-overflow", zip_archive(parts(offset=0xFFFFFFFF, extra=extra(2**64 - 1)))
    yield "zip64-entry-offset-far", zip_archive(parts(offset=0xFFFFFFFF, extra=extra(2**63 - 1)))
    yield "zip64-entry-without-number", zip_archive(parts(size=0xFFFFFFFF))
    yield "zip64-entry-twice", zip_archive(parts(extra=extra(24) + extra(24)))
    yield "extra-cut", zip_archive(parts(extra=b"FB\x10\0"))
    yield "local-extra-cut", zip_archive(parts(local_extra=b"FB"))
    for label, path in [("nul", "archive/data/0\0"), ("parent", "archive/../data"), ("absolute", "/archive/x"),
                        ("backslash", "archive\\x"), ("newline", "archive/\n"), ("empty", ""), ("folder", "archive/x/"),
                        ("latin", b"archive/\xff")]:
        yield f"entry-name-{label}", zip_archive(parts() + [Entry(path, b"")])
    yield "no-entries", zip_archive([Entry("archive/version", b"3\n")])
    yield "no-pickle", zip_archive(parts()[1:])
    yield "big-endian", zip_archive(parts() + [Entry("archive/byteorder", b"big")])
    yield "format-version", zip_archive(parts()[:2] + [Entry("archive/version", b"11\n")])
    yield "format-version-text", zip_archive(parts()[:2] + [Entry("archive/version", b"three")])
    yield "torchscript", zip_archive(parts() + [Entry("archive/constants.pkl", program(b")"))])


def overlapping():
    """Two entries over the same bytes: the second's local header lies in the first's data."""
    inner = b"PK\3\4" + struct.pack("<H", 0) + Entry("archive/data/1", DATA).header() + struct.pack("<HH", 14, 0)
    inner += b"archive/data/1" + DATA
    outer = Entry("archive/data/0", inner)
    first = parts()[:1]
    begin = len(first[0].data) + 30 + len(first[0].path)
    hidden = Entry("archive/data/1", DATA)
    whole = zip_archive(first + [outer])
    cut = whole.index(b"PK\1\2")
    directory = whole[cut:-22] + b"PK\1\2" + struct.pack("<HH", 0, 0) + hidden.header()
    directory += struct.pack("<HHHHHII", 14, 0, 0, 0, 0, 0, begin + 30 + 14) + hidden.path
    return whole[:cut] + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 3, 3, len(directory), cut, 0)


def bad_legacy():
    good = legacy()
    yield "legacy-magic", legacy(magic=program(integer(0x1950A86A20F9469CFC6D)))
    yield "legacy-plain-pickle", pickle.dumps({"w": [1.0]}, protocol=2)
    yield "legacy-version", legacy(version=program(b"M" + struct.pack("<H", 1002)))
    yield "legacy-version-none", legacy(version=program(b"N"))
    yield "legacy-big-endian", legacy(little=b"\x89")
    yield "legacy-os-system", legacy(name("os", "system") + tuple_(text("echo pwned")) + b"R")
    yield "legacy-os-system-as-magic", legacy(magic=program(name("os", "system") + tuple_(text("echo pwned")) + b"R"))
    yield "legacy-keys-no-list", legacy(listed=program(b"}"))
    yield "legacy-keys-integers", legacy(listed=program(b"]K\0a"))
    yield "legacy-keys-twice", legacy(keys=("0", "0"), data=(struct.pack("<q", 6) + DATA) * 2)
    yield "legacy-keys-unknown", legacy(keys=("0", "1"))
    yield "legacy-keys-missing", legacy(keys=(), data=b"")
    yield "legacy-count-negative", legacy(data=struct.pack("<q", -6) + DATA)
    yield "legacy-count-overflow", legacy(data=struct.pack("<q", 2**62) + DATA)
    yield "legacy-count-over-file", legacy(data=struct.pack("<q", 7) + DATA)
    yield "legacy-count-unlike-pickle", legacy(data=struct.pack("<q", 5) + DATA[:20])
    yield "legacy-truncated-data", good[:-1]
    yield "legacy-truncated-count", good[: -len(DATA) - 1]
    yield "legacy-truncated-pickle", good[:120]
    yield "legacy-trailing-bytes", good + b"\0"
    yield "legacy-view-beyond", legacy(state(("w", tensor(offset=1))))


def write_bad():
    folder = ROOT / "bad"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for cases in [bad_pickles(), bad_dictionaries(), bad_archives(), bad_legacy()]:
        for label, data in cases:
            path = folder / f"{label}.bin"
            assert not path.exists(), label
            path.write_bytes(data)


# --- What must load.


def write_good():
    import json
    import zipfile

    import safetensors.torch
    import torch

    folder = ROOT / "good"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def expect(label, path=None):
        """What torch reads, beside the file."""
        loaded = torch.load(path or folder / f"{label}.bin", map_location="cpu", weights_only=False)
        tensors = {key: value.detach().contiguous().clone() for key, value in loaded.items() if torch.is_tensor(value)}
        safetensors.torch.save_file(tensors, folder / f"{label}.safetensors", METADATA)

    def save(label, object, **options):
        torch.save(object, folder / f"{label}.bin", **options)
        expect(label)

    old = dict(_use_new_zipfile_serialization=False)
    torch.manual_seed(1)
    noise = torch.randn(2, 3, dtype=torch.float64)
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
    types = {str(kind).removeprefix("torch."): (noise * 3).to(kind) for kind in kinds}
    for kind in [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]:
        types[str(kind).removeprefix("torch.")] = torch.tensor([torch.iinfo(kind).min, 7, torch.iinfo(kind).max], dtype=kind)
    types |= {"bool": torch.tensor([True, False]), "scalar": torch.tensor(0.1), "empty": torch.zeros(0, 4)}
    types["\u00e9 \u4e2d \U0001f600"] = torch.tensor([2.5, float("inf"), float("nan"), -0.0])
    save("zip-types", types)
    save("legacy-types", types, **old)
    save("zip-protocol-4", types, pickle_protocol=4)
    save("legacy-protocol-4", types, pickle_protocol=4, **old)

    base = torch.arange(60.0).reshape(3, 4, 5)
    tied = torch.randn(4, 3)
    views = {
        "transposed": torch.randn(5, 7).t(),
        "permuted": base.permute(2, 0, 1),
        "row": base[1],
        "column": base[:, 2, 3],
        "stepped": torch.arange(20, dtype=torch.int64)[3::4],
        "block": torch.randn(6, 6).half()[1:4, 2:5],
        "expanded": torch.arange(3.0).expand(4, 3),
        "position_ids": torch.arange(9).expand((1, -1)),
        "transposed_bytes": torch.arange(12, dtype=torch.uint8).reshape(3, 4).t(),
        "transposed_doubles": torch.arange(12, dtype=torch.float64).reshape(3, 4).t(),
        "empty_view": base[1:1],
        "decoder.weight": tied,
        "embeddings.weight": tied,
    }
    save("zip-views", views)
    save("legacy-views", views, **old)

    location = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:0"
    save("zip-cuda", {"w": torch.randn(3), "v": torch.ones(2)})
    save("legacy-cuda", {"w": torch.randn(3), "v": torch.ones(2)}, **old)
    torch.serialization.location_tag = location

    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2), torch.nn.BatchNorm1d(2))
    save("zip-module", module.state_dict())
    save("legacy-module", module.state_dict(), **old)
    parameter = torch.nn.Parameter(torch.randn(2))
    parameter.note = "attributes make torch call another function"
    save("zip-parameters", {"p": torch.nn.Parameter(torch.randn(2, 2)), "q": parameter})
    save("zip-extras", {"epoch": 3, "w": torch.ones(2), "big": 2**40, "huge": 2**100, "minus": -(2**40), "rate": 0.5,
                        "name": "bert", "none": None, "flag": True, "list": [1, [2]], "dict": {"a": {}}, "tuple": (1, 2, 3, 4),
                        "bytes": "x" * 5000})
    save("zip-nothing", {})
    # What Python 2 left: byte strings, and an OrderedDict that gets its items as an argument.
    short = lambda value: b"U" + bytes([len(value)]) + value.encode()
    id = b"(" + short("storage") + name("torch", "FloatStorage") + short("94") + short("cuda:0") + integer(6) + b"NtQ"
    items = b"](](" + short("w") + REBUILD + b"(" + id + b"K\0K\2K\3\x86K\3K\1\x86\x89" + name("collections", "OrderedDict")
    items += b"]\x85RtRee"
    (folder / "legacy-python-2.bin").write_bytes(
        legacy(name("collections", "OrderedDict") + items + b"\x85R}" + short("_metadata") + ORDERED + b"sb",
               listed=program(b"]" + short("94") + b"a")))
    expect("legacy-python-2")
    # The same archive as other tools write it: sizes in front of the data, and Zip64 numbers where none is needed.
    for label, wide in [("zip-repacked", False), ("zip-zip64", True)]:
        with zipfile.ZipFile(folder / "zip-views.bin") as source, zipfile.ZipFile(folder / f"{label}.bin", "w") as target:
            for info in source.infolist():
                with target.open(zipfile.ZipInfo(info.filename), "w", force_zip64=wide) as out:
                    out.write(source.read(info))
        expect(label)
    (folder / "zip-zip64-directory.bin").write_bytes(zip_archive(
        parts(size=0xFFFFFFFF, compressed=0xFFFFFFFF, extra=struct.pack("<HHQQ", 1, 16, 24, 24),
              local=dict(size=24, compressed=24)), wide=True,
        end_changes=dict(count=0xFFFF, size=0xFFFFFFFF, offset=0xFFFFFFFF)))
    expect("zip-zip64-directory")

    sharded = folder / "sharded"
    sharded.mkdir()
    shards = [{"a": torch.randn(2), "b": torch.randn(3).t()}, {"c": torch.randn(2, 2).half()}]
    names = [f"pytorch_model-{i + 1:05}-of-00002.bin" for i in range(2)]
    for shard, path in zip(shards, names):
        torch.save(shard, sharded / path)
    weights = {key: path for shard, path in zip(shards, names) for key in shard}
    (sharded / "pytorch_model.bin.index.json").write_text(
        json.dumps({"metadata": {"total_size": 28}, "weight_map": weights}, indent=2) + "\n")
    safetensors.torch.save_file(shards[0] | shards[1], folder / "sharded.safetensors", METADATA)


if __name__ == "__main__":
    write_bad()
    if "--good" in sys.argv[1:]:
        write_good()
