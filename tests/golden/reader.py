"""Reads a kvilt store by docs/formats/ alone, checks every checksum, and prints its pairs: key, tab, value.

reader.py <directory>              prints
reader.py <directory> <expected>   compares with a file and says where they differ

Reads stores at rest, uncompressed. Changes nothing. Recovery is that of a sound store whose process has died: a log
ends at its first frame that is not valid.
"""

import struct
import sys
from pathlib import Path

from xxh3 import M64, u32, u64, xxh3

TOMBSTONE, PUT = 0, 1
RECORDS, SEAL, PART, COPY = range(4)


def need(holds, what):
    if not holds:
        sys.exit(f"reader.py: {what}")


def round_up(n, multiple):
    return -(-n // multiple) * multiple


def mix(a, b=0):
    x = a + 0x9E3779B97F4A7C15 * (b + 1) & M64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & M64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & M64
    return x ^ x >> 31


# ---- docs/formats/frame.md


def log_records(body):
    """(sequence, kind, stamp, key, value, the bytes that are checked) of each record, or None if they are malformed."""
    records, at = [], 0
    while at < len(body):
        if len(body) - at < 24:
            return None
        tag, lengths, value_bytes = struct.unpack_from("<QII", body, at + 8)
        key_bytes, stamp_bytes = lengths >> 15, lengths & 0x7FFF
        data = at + 24 + stamp_bytes + key_bytes + value_bytes
        end = at + round_up(24 + stamp_bytes + key_bytes + value_bytes, 8)
        if end > len(body) or tag & 255 > 1 or any(body[data:end]):
            return None
        stamp_end, key_end = at + 24 + stamp_bytes, at + 24 + stamp_bytes + key_bytes
        key, value = body[stamp_end:key_end], body[key_end:data]
        records.append((tag >> 8, tag & 255, body[at + 24 : stamp_end], key, value, body[at + 8 : end]))
        at = end
    return records


def frames(data, identity, number, at=64):
    """(kind, records, end) of each frame from `at` on, up to the first that is not valid."""
    while at + 16 <= len(data):
        checksum, length, synced = struct.unpack_from("<IIQ", data, at)
        if checksum == 0 or length % 8 or at + 16 + length > len(data) or synced & 7 > COPY:
            return
        records = log_records(data[at + 16 : at + 16 + length])
        if synced & ~7 > number << 32 | at or records is None:
            return
        sum_ = mix(mix(identity, number << 32 | at) ^ synced, length)
        for record in records:
            sum_ = xxh3(record[5], sum_)
        if (sum_ & 0xFFFFFFFF or 1) != checksum:
            return
        at += 16 + length
        yield synced & 7, records, at


def header(data, kind, path):
    """(number, identity) of a log segment or manifest."""
    need(len(data) >= 64 and data[:8] == b"kvilt" + kind, f"{path} has no header")
    need(u64(data, 40) == xxh3(data[:40]) and not any(data[48:64]), f"{path} has a damaged header")
    need(u32(data, 8) == 1, f"{path} is of format version {u32(data, 8)}")
    return u32(data, 12), u64(data, 16)


# ---- docs/formats/manifest.md


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def table_entry(data):
    fields, at = [], 0
    for _ in range(8):
        field, at = varint(data, at)
        fields.append(field)
    keys = []
    for _ in range(2):
        size, at = varint(data, at)
        keys.append(data[at : at + size])
        at += size
    need(at == len(data), "an entry of a table is malformed")
    return dict(zip("number level run bytes entries tombstones lowest highest first last".split(), fields + keys))


class Manifest:
    def __init__(self, directory):
        current = (directory / "CURRENT").read_text()
        name = current.partition(" ")[0]
        need(current == f"{name} {xxh3(name.encode()):016x}\n", f"{directory}/CURRENT is damaged")
        data = (directory / name).read_bytes()
        number, self.identity = header(data, b"man", name)
        need(name == f"manifest-{number:06}", f"{name} is not what its header says")
        self.formats, self.sequence, self.tables, self.sealed, self.unlisted_from, self.freed = {}, 0, {}, {}, 1, set()
        edits = list(frames(data, self.identity, number))
        need(edits and edits[-1][2] == len(data), f"{name} has a damaged frame")
        for _, records, _ in edits:
            self.apply([(record[3].decode(), record[4]) for record in records])

    def apply(self, fields):
        formats = {key[7:]: value.decode() for key, value in fields if key.startswith("format/")}
        self.formats = formats or self.formats
        for key, value in fields:
            if key == "table/remove":
                self.tables.pop(u64(value, 0))
        for key, value in fields:
            if key == "sequence":
                self.sequence = max(self.sequence, u64(value, 0))
            elif key == "table/add":
                table = table_entry(value)
                self.tables[table["number"]] = table
            elif key == "log/unlisted_from":
                self.sealed, self.unlisted_from, self.freed = {}, u64(value, 0), set()
            elif key == "log/sealed":
                self.sealed[u64(value, 0) >> 32] = u64(value, 0) & 0xFFFFFFFF
            elif key == "log/freed" and self.sealed.pop(u64(value, 0), None) is None:
                self.freed.add(u64(value, 0))


# ---- docs/formats/log.md


def log_frames(directory, manifest):
    """The frames that count, in commit order."""
    files = {}
    for path in directory.glob("log-*"):
        data = path.read_bytes()
        number, identity = header(data, b"log", path)
        need(identity == manifest.identity, f"{path} belongs to another store")
        files[number] = data
    counted, expected = [], manifest.unlisted_from
    for number, end in sorted(manifest.sealed.items()):
        found = list(frames(files[number][:end], manifest.identity, number))
        need(found[-1][2] if found else 64 == end, f"segment {number} is damaged")
        need(not found or found[-1][2] == end, f"segment {number} is damaged")
        counted += found
    while expected in files or expected in manifest.freed:
        if expected not in manifest.freed and expected not in manifest.sealed:
            following = files.get(expected + 1)
            data = files[expected][: u32(following, 32)] if following else files[expected]
            found = list(frames(data, manifest.identity, expected))
            counted += found
            if following and (found[-1][2] if found else 64) != u32(following, 32):
                break  # a torn end: everything later is cut
        expected += 1
    return counted


# ---- docs/formats/table.md


def block_entries(body, count, skip):
    heads = len(body) - round_up(10 * count, 8)
    need(heads >= 0 and heads % 8 == 0, "a block is too short for its entries")
    entries, at = [], 0
    offsets = struct.unpack_from(f"<{count}H", body, heads + 8 * count)
    for i in range(count):
        need(offsets[i] * 8 == at, "an entry of a block is not where it should be")
        word, at = varint(body, at)
        value_bytes, at = varint(body, at)
        sequence, at = varint(body, at)
        stamp_bytes, at = varint(body, at) if word & 2 else (0, at)
        key = body[at : at + (word >> 2)]
        at += len(key) + stamp_bytes
        entries.append((key, sequence, word & 1, body[at : at + value_bytes], offsets[i] * 8))
        at = round_up(at + value_bytes, 8)
        head = key[skip : skip + 8]
        head += bytes(8 - len(head))
        need(u64(body, heads + 8 * i) == int.from_bytes(head, "big"), "a head of a block is wrong")
    need(at == heads, "a block has bytes between entries and heads")
    return entries


def in_filter(kind, filter_, hash_, place):
    """Whether a key is there; of a locator, at its newest entry."""
    if kind == 3:
        n, probes = len(filter_) // 64 - 1, u32(filter_, len(filter_) - 64)
        block, x, hit = (hash_ >> 32) * n >> 32, hash_ & 0xFFFFFFFF, True
        for _ in range(probes):
            x = x * 0x9E3779B9 & 0xFFFFFFFF
            hit = hit and filter_[64 * block + (x >> 23) // 8] >> (x >> 23) % 8 & 1
        return hit
    slots, width = {1: (12, 3), 2: (10, 4)}.get(kind, (0, 0))
    buckets = len(filter_) // 64
    at = (hash_ >> 32) * buckets >> 32
    for _ in range(buckets):
        bucket = filter_[64 * at : 64 * at + 64]
        count, overflow = bucket[slots * (2 + width)], bucket[slots * (2 + width) + 1]
        for i in range(count):
            address = 2 * slots + width * i
            if int.from_bytes(bucket[2 * i : 2 * i + 2], "little") == hash_ & 0xFFFF:
                if int.from_bytes(bucket[address : address + width], "little") * 8 == place:
                    return True
        if not overflow:
            break
        at = (at + 1) % buckets
    return kind == 0


def table_entries(directory, table, identity):
    path = directory / f"table-{table['number']:06}"
    data = path.read_bytes()
    foot = len(data) - 96
    need(foot >= 0 and data[foot : foot + 12] == b"kvilttbl\1\0\0\0", f"{path} is no table of version 1")
    need(u64(data, foot + 88) == xxh3(data[foot : foot + 88]), f"{path} has a damaged footer")
    compression, number, own_identity = data[foot + 13], u64(data, foot + 16), u64(data, foot + 24)
    own = (compression, number, own_identity) == (0, table["number"], identity)
    need(own, f"{path} is another file, or compressed")
    sizes = struct.unpack_from("<4Q", data, foot + 32)
    seed, at = mix(identity, number), round_up(sizes[0], 64)
    need(not any(data[sizes[0] : at]), f"{path} has no zeros before the filter")
    sections = []
    for i in range(3):
        section = data[at : at + sizes[i + 1]]
        need(xxh3(section, mix(seed, at)) == u64(data, foot + 64 + 8 * i), f"{path} has a damaged section")
        sections.append(section)
        at += sizes[i + 1]
    need(at == foot and len(data) == table["bytes"], f"{path} has another length")
    filter_, index, properties = sections
    blocks = u32(index, len(index) - 16)
    starts = [u64(index, 16 * i + 8) for i in range(blocks)]
    ends = [(place & (1 << 40) - 1) * 8 for place in starts[1:]] + [sizes[0]]
    entries, places = [], {}
    for place, end in zip(starts, ends):
        start, count, skip = (place & (1 << 40) - 1) * 8, place >> 40 & 0xFFFF, place >> 56
        body_bytes, payload_bytes, same_count, same_skip, packed, zero, checksum = struct.unpack_from(
            "<IIHBBIQ", data, end - 24
        )
        need(checksum == xxh3(data[start : end - 8], mix(seed, start)), f"{path} has a damaged block")
        need((same_count, same_skip, packed, zero) == (count, skip, 0, 0), f"{path}: index and block differ")
        need(body_bytes == payload_bytes == end - 24 - start, f"{path}: a block has another length")
        for key, sequence, kind, value, offset in block_entries(data[start : start + body_bytes], count, skip):
            entries.append((key, sequence, kind, value))
            places.setdefault(key, start + offset)
    order = [(key, -sequence) for key, sequence, _, _ in entries]
    need(order == sorted(set(order)), f"{path} is not sorted")
    tombstones = sum(kind == TOMBSTONE for _, _, kind, _ in entries)
    found = (len(entries), tombstones, min(e[1] for e in entries), max(e[1] for e in entries))
    need(found == struct.unpack_from("<4Q", properties), f"{path} has other properties")
    found += (len(data), entries[0][0], entries[-1][0])
    listed = tuple(table[k] for k in "entries tombstones lowest highest bytes first last".split())
    need(found == listed, f"{path}: the manifest says something else of it")
    for key, place in places.items():
        need(in_filter(data[foot + 12], filter_, xxh3(key), place), f"{path}: its filter has not the key {key}")
    return entries


# ---- A store.


class Shard:
    def __init__(self, directory):
        self.directory, self.manifest = directory, Manifest(directory)
        self.frames = log_frames(directory, self.manifest)

    def highest(self):
        sequences = [record[0] for _, records, _ in self.frames for record in records]
        return max(sequences + [self.manifest.sequence])

    def cut(self, shards):
        """Whether a batch over shards was not whole, so that the log now ends before it."""
        for at, (kind, records, _) in enumerate(self.frames):
            if kind == PART:
                parts = struct.iter_unpack("<QQ", records[0][4])
                if any(shards[shard].highest() < first for shard, first in parts):
                    del self.frames[at:]
                    return True
        return False

    def pairs(self):
        newest = {}

        def offer(key, sequence, kind, value):
            if sequence >= newest.get(key, (0,))[0]:
                newest[key] = (sequence, kind, value)

        for table in self.manifest.tables.values():
            for key, sequence, kind, value in table_entries(self.directory, table, self.manifest.identity):
                offer(key, sequence, kind, value)
        for kind, records, _ in self.frames:
            for sequence, what, _, key, value, _ in records[1:] if kind == PART else records:
                offer(key, sequence, what, value)
        return {key: value for key, (_, kind, value) in newest.items() if kind == PUT}


def read_store(directory):
    if Manifest(directory).formats["partition"] == "single":
        shards = [Shard(directory)]
    else:
        count = len(list(directory.glob("shard-*")))
        shards = [Shard(directory / f"shard-{number}") for number in range(count)]
    while any([shard.cut(shards) for shard in shards]):
        pass
    return {key: value for shard in shards for key, value in shard.pairs().items()}


def text_of(data):
    return "".join(chr(b) if 0x20 < b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in data)


def main():
    pairs = read_store(Path(sys.argv[1]))
    lines = [f"{text_of(key)}\t{text_of(value)}" for key, value in sorted(pairs.items())]
    if len(sys.argv) == 2:
        print("\n".join(lines))
        return
    expected = Path(sys.argv[2]).read_text().splitlines()
    for read, wanted in zip(lines, expected):
        need(read == wanted, f"read      {read}\nexpected  {wanted}")
    need(len(lines) == len(expected), f"{len(lines)} pairs were read, {len(expected)} are expected")
    print(f"{len(lines)} pairs, as expected")


if __name__ == "__main__":
    main()
