// What scan() returns: a range to loop over.
#pragma once

#include <kvilt/core/codec.hpp>
#include <kvilt/core/range.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

namespace kvilt {

template <class T>
Result<T> decode_key(Bytes bytes) {
    if constexpr (std::same_as<T, Bytes>)
        return bytes;
    else if constexpr (std::same_as<T, std::string>)
        return std::string(bytes);
    else
        return KeyCodec<T>::decode(bytes);
}

template <class T>
Result<T> decode_value(Bytes bytes) {
    if constexpr (std::same_as<T, Bytes>)
        return bytes;
    else if constexpr (std::same_as<T, std::string>)
        return std::string(bytes);
    else
        return ValueCodec<T>::decode(bytes);
}

// A move-only std::ranges::input_range of std::pair<Key, Value> over one snapshot, taken when it was made. Bytes in a
// pair are valid until the next step. An error of the store throws kvilt::Exception: no silent end. Single pass; for
// one thread at a time; ends before the store does.
template <class Cursor, class Key = Bytes, class Value = Bytes>
class ScanRange {
public:
    explicit ScanRange(Cursor cursor) : cursor_(std::move(cursor)) {}
    ScanRange(ScanRange&&) noexcept = default;
    ScanRange& operator=(ScanRange&&) noexcept = default;

    // The same pairs from the last to the first.
    ScanRange reverse() && {
        cursor_.reverse();
        return std::move(*this);
    }

    class Iterator {
    public:
        using iterator_concept = std::input_iterator_tag;
        using value_type = std::pair<Key, Value>;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        explicit Iterator(ScanRange& range) : range_(&range) { range_->step(); }
        Iterator(Iterator&&) noexcept = default;
        Iterator& operator=(Iterator&&) noexcept = default;

        value_type operator*() const {
            return {range_->template decoded<Key>(decode_key<Key>(range_->cursor_.key())),
                    range_->template decoded<Value>(decode_value<Value>(range_->cursor_.value()))};
        }
        Iterator& operator++() {
            range_->step();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return iterator.done(); }

    private:
        bool done() const { return range_->done_; }

        ScanRange* range_ = nullptr;
    };

    Iterator begin() { return Iterator(*this); }
    std::default_sentinel_t end() const noexcept { return {}; }

    // The visitor's form: visit(key, value) returns Visit or nothing. Errors are returned.
    template <class Visitor>
    Result<void> for_each(Visitor&& visit) {
        while (cursor_.next()) {
            KVILT_TRY_ASSIGN(key, decode_key<Key>(cursor_.key()));
            KVILT_TRY_ASSIGN(value, decode_value<Value>(cursor_.value()));
            if constexpr (std::is_void_v<decltype(visit(std::move(key), std::move(value)))>)
                visit(std::move(key), std::move(value));
            else if (visit(std::move(key), std::move(value)) == Visit::stop)
                return {};
        }
        return cursor_.status();
    }

private:
    void step() {
        done_ = !cursor_.next();
        if (done_)
            if (auto status = cursor_.status(); !status) throw Exception(std::move(status).error());
    }
    template <class T>
    static T decoded(Result<T> result) {
        if (!result) throw Exception(std::move(result).error());
        return std::move(*result);
    }

    Cursor cursor_;
    bool done_ = false;
};

} // namespace kvilt
