// Writes that are logged and applied as one.
#pragma once

#include <kvilt/core/codec.hpp>
#include <kvilt/core/record.hpp>

#include <algorithm>
#include <vector>

namespace kvilt {

// Owns copies of its keys and values, in the form in which the log takes them. Of several writes to one key the last
// wins. For one thread at a time; may be applied more than once, and cleared to be used anew. Sizes are checked when
// it is applied.
class Batch {
public:
    template <CodableKey K, CodableValue V>
    void put(const K& key, const V& value) {
        add({.key = KeyBytes<K>(key), .cell = {.kind = Kind::put, .value = ValueBytes<V>(value)}});
    }

    template <CodableKey K>
    void erase(const K& key) {
        add({.key = KeyBytes<K>(key), .cell = {.kind = Kind::tombstone}});
    }

    void clear() noexcept {
        bytes_.clear();
        count_ = 0;
        largest_key_bytes_ = largest_value_bytes_ = 0;
    }

    std::size_t count() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }

    // LogRecords back to back, in order, without sequences; 8-byte aligned.
    Bytes bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

    std::size_t largest_key_bytes() const noexcept { return largest_key_bytes_; }
    std::size_t largest_value_bytes() const noexcept { return largest_value_bytes_; }

    // Visits the records in order.
    template <class Visitor>
    void for_each(Visitor visit) const {
        for (std::size_t at = 0; at < bytes_.size();) {
            const auto* record = reinterpret_cast<const LogRecord*>(bytes_.data() + at);
            visit(*record);
            at += record->bytes();
        }
    }

    // The engine's door: a record with its stamp. An over-long key or value is remembered, not stored.
    void add(const Record& record) {
        largest_key_bytes_ = std::max(largest_key_bytes_, record.key.size());
        largest_value_bytes_ = std::max(largest_value_bytes_, record.cell.value.size());
        if (record.key.size() > key_bytes_max || record.cell.value.size() > value_bytes_max) return;
        const std::size_t at = bytes_.size();
        bytes_.resize(at + LogRecord::bytes_for(record));
        LogRecord::write(bytes_.data() + at, record);
        ++count_;
    }

private:
    std::vector<char> bytes_; // operator new aligns to 16
    std::size_t count_ = 0;
    std::size_t largest_key_bytes_ = 0;
    std::size_t largest_value_bytes_ = 0;
};

} // namespace kvilt
