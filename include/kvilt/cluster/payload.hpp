// Lists in the payload of messages.
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/node.hpp>
#include <kvilt/core/record.hpp>

#include <string>
#include <vector>

namespace kvilt::cluster::payload {

// u32 shard | sized key | sized stamp | sized value
struct Entry {
    ShardId shard = 0;
    Bytes key{};
    Cell cell{};
};
inline void append_cell(std::string& to, ShardId shard, Bytes key, const Cell& cell) {
    coding::append(to, shard);
    coding::append_sized(to, key);
    coding::append_sized(to, cell.stamp);
    coding::append_sized(to, cell.value);
}

// u32 shard | sized key | u64 digest of the cell
struct Mark {
    ShardId shard = 0;
    Bytes key{};
    std::uint64_t digest = 0;
};
inline void append_mark(std::string& to, ShardId shard, Bytes key, std::uint64_t digest) {
    coding::append(to, shard);
    coding::append_sized(to, key);
    coding::append(to, digest);
}

// Calls visit(Entry); false if the bytes are malformed.
template <class Visit>
bool for_each_cell(Bytes bytes, Visit visit) {
    coding::Reader reader(bytes);
    while (!reader.rest().empty()) {
        Entry entry;
        entry.shard = reader.fixed<ShardId>();
        entry.key = reader.sized_bytes();
        entry.cell.stamp = reader.sized_bytes();
        entry.cell.value = reader.sized_bytes();
        if (!reader.ok()) return false;
        visit(entry);
    }
    return reader.ok();
}

// Calls visit(Mark); false if the bytes are malformed.
template <class Visit>
bool for_each_mark(Bytes bytes, Visit visit) {
    coding::Reader reader(bytes);
    while (!reader.rest().empty()) {
        Mark mark;
        mark.shard = reader.fixed<ShardId>();
        mark.key = reader.sized_bytes();
        mark.digest = reader.fixed<std::uint64_t>();
        if (!reader.ok()) return false;
        visit(mark);
    }
    return reader.ok();
}

template <class Integer>
std::string numbers(const std::vector<Integer>& list) {
    return {reinterpret_cast<const char*>(list.data()), list.size() * sizeof(Integer)};
}
template <class Integer>
std::vector<Integer> read_numbers(Bytes bytes) {
    std::vector<Integer> list(bytes.size() / sizeof(Integer));
    if (!list.empty()) std::memcpy(list.data(), bytes.data(), list.size() * sizeof(Integer));
    return list;
}

} // namespace kvilt::cluster::payload
