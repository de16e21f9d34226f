// The files of one run, read as one sorted sequence.
#pragma once

#include <kvilt/table/reads.hpp>
#include <kvilt/table/version.hpp>

#include <optional>
#include <span>

namespace kvilt::table {

// A source for Merge. `files` are disjoint, by key; they and their readers outlive the cursor. One file is open at a
// time. May change direction. For one thread at a time.
template <class Reader>
class RunCursor {
public:
    explicit RunCursor(std::span<const Choice<Reader>> files, reads::CacheUse use = reads::CacheUse::fill)
        : files_(files), use_(use) {}
    template <class Tables>
    RunCursor(const Tables&, const Version<Reader>& version, std::size_t run) : files_(version.choices(run)) {}

    void seek(Bytes key) {
        aim(key);
        near(key);
        land(key);
    }
    // See TableReader::Cursor.
    void aim(Bytes key) {
        if (open(place_of(first_reaching(files_, key, coding::head(key))))) cursor_->aim(key);
    }
    void near(Bytes key) {
        if (cursor_) cursor_->near(key);
    }
    void land(Bytes key) {
        if (!cursor_) return;
        cursor_->land(key);
        go_on();
    }
    void seek_first() {
        if (!open(0)) return;
        cursor_->seek_first();
        go_on();
    }
    void next() {
        cursor_->next();
        go_on();
    }

    void seek_before(Bytes key) {
        const Choice<Reader>* end = std::partition_point(files_.data(), files_.data() + files_.size(),
                                                         [key](const auto& file) { return file.first < key; });
        if (!open(place_of(end) - 1)) return;
        cursor_->seek_before(key);
        go_back();
    }
    void seek_last() {
        if (!open(files_.size() - 1)) return;
        cursor_->seek_last();
        go_back();
    }
    void previous() {
        cursor_->previous();
        go_back();
    }

    const Record* look_ahead(bool forwards) noexcept { return cursor_->look_ahead(forwards); }

    bool valid() const noexcept { return cursor_ && cursor_->valid(); }
    const Record& record() const { return cursor_->record(); } // stays until the cursor moves
    Result<void> status() const {
        if (!cursor_) return {};
        return cursor_->status();
    }

private:
    std::size_t place_of(const Choice<Reader>* file) const noexcept {
        return static_cast<std::size_t>(file - files_.data());
    }

    // False beyond either end (-1 wraps): the cursor is then closed.
    bool open(std::size_t place) {
        if (place >= files_.size()) {
            cursor_.reset();
            return false;
        }
        if (!cursor_ || place_ != place) cursor_.emplace(*files_[place].reader, use_);
        place_ = place;
        return true;
    }

    [[gnu::always_inline]] void go_on() {
        if (!cursor_->valid()) [[unlikely]]
            enter_next();
    }
    [[gnu::always_inline]] void go_back() {
        if (!cursor_->valid()) [[unlikely]]
            enter_previous();
    }
    [[gnu::noinline]] void enter_next() {
        while (!cursor_->valid() && cursor_->status() && place_ + 1 < files_.size()) {
            open(place_ + 1);
            cursor_->seek_first();
        }
    }
    [[gnu::noinline]] void enter_previous() {
        while (!cursor_->valid() && cursor_->status() && place_ != 0) {
            open(place_ - 1);
            cursor_->seek_last();
        }
    }

    std::span<const Choice<Reader>> files_;
    reads::CacheUse use_ = reads::CacheUse::fill;
    std::size_t place_ = 0;
    std::optional<typename Reader::Cursor> cursor_{};
};

} // namespace kvilt::table
