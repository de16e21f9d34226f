// The contract of the memtable slot: an index from key to the newest record of that key.
// docs/policies/memtable.md
#pragma once

#include <kvilt/core/epoch.hpp>
#include <kvilt/core/policy.hpp>
#include <kvilt/core/record.hpp>

namespace kvilt {

// A memtable policy names its thread tag and its Index. The index owns no record: records lie in log segments, their
// versions chained newest first through LogRecord::older(), of which the index holds the head.
//
// One thread at a time writes (put, replace, erase); under threads::Many any number read at the same time, each inside
// an epoch pin, without locks. The index retires what it replaces through `epochs` (born 0), never frees it at once.
// Its root pointer is loaded with memory_order_seq_cst (see core/epoch.hpp).
//
//   Index(const Options&, Epochs<Threads>&)
//   LogRecord* put(LogRecord* record)          makes `record` the head of its key: sets record->older to the former
//                                              head, publishes, returns the former head or null
//   LogRecord* find(Bytes key) const           the head, or null
//   void replace(LogRecord* head, LogRecord* with)   `head` is the present head of its key, `with` has the same key:
//                                              swaps the pointer, leaves both links alone
//   void erase(LogRecord* head)                the key leaves the index
//   std::size_t count() const                  distinct keys
//   std::size_t bytes_used() const             memory of the index itself
//
// Ordered policies (Capability::ordered_keys) have Index::Cursor, constructed from a const Index&: seek(key) to the
// first key at or above, seek_first(), next(); seek_before(key) to the last key below, seek_last(), previous();
// valid(), record() (the head). A cursor may change direction. While one writer puts, replaces and erases, it sees
// every key that was there all along exactly once and in order; it lives inside one pin.
// Unordered ones have for_each(visit): visit(LogRecord* head) for each key, by the writer.
//
// Where a find waits for memory, an index may have Index::Descent, which is find() in steps: constructed from
// (const Index&, Bytes key); step() reads what the one before has fetched into the caches, and fetches the next; false
// once there is nothing more to fetch; record() is then what find(key) returns. In one pin, of a key that outlives it.
// One that is default constructed has nothing to fetch. See core/descend.hpp.
//
// Evicting policies (Capability::evicting) have bool keep(LogRecord* head): asked when the segment of `head` is to be
// reclaimed; false gives it up. find() is what marks a record as used; peek(key) is find() without the mark.
//
// Laws (laws/memtable.hpp): after any history of put, replace and erase, find and the cursor agree with std::map.
// Models: Art, Hash, SkipList, Cache, Reference.
template <class M>
concept MemTablePolicy =
    Policy<M> && M::slot == Slot::memtable && ThreadsTag<typename M::Threads> &&
    std::constructible_from<typename M::Index, const typename M::Options&, Epochs<typename M::Threads>&> &&
    requires(typename M::Index& index, const typename M::Index& seen, LogRecord* record, Bytes key) {
        { index.put(record) } -> std::same_as<LogRecord*>;
        { seen.find(key) } -> std::same_as<LogRecord*>;
        index.replace(record, record);
        index.erase(record);
        { seen.count() } -> std::convertible_to<std::size_t>;
        { seen.bytes_used() } -> std::convertible_to<std::size_t>;
    };

template <class Index>
concept DescendingIndex =
    std::default_initializable<typename Index::Descent> &&
    std::constructible_from<typename Index::Descent, const Index&, Bytes> && requires(typename Index::Descent descent) {
        { descent.step() } -> std::same_as<bool>;
        { descent.record() } -> std::same_as<LogRecord*>;
    };

} // namespace kvilt
