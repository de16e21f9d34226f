// The bytes of one file in the memory world: those that power loss leaves, and those that are seen now.
#pragma once

#include <kvilt/env/memory_image.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

namespace kvilt::memory {

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

// What is seen now lies in an image of fixed address once the file was opened, so that mappings are pointers into it
// and stores through them are found by comparison with the durable pages.
// Beyond the length the image is zero.
class Content {
public:
    explicit Content(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

    std::uint64_t bytes() const noexcept { return bytes_; }
    std::size_t bytes_max() const noexcept { return bytes_max_; }
    char* address() { return image().data(); }

    std::size_t read(std::uint64_t offset, char* to, std::size_t count) {
        if (offset >= bytes_) return 0;
        count = static_cast<std::size_t>(std::min<std::uint64_t>(count, bytes_ - offset));
        device_copy(to, address() + offset, count);
        return count;
    }

    // As File::data_from(), by whole pages.
    std::uint64_t data_from(std::uint64_t offset) {
        const auto zero = [this](std::uint64_t page) {
            return device_equal(address() + page * page_bytes, zero_page.data(), page_bytes);
        };
        while (offset < bytes_ && zero(offset / page_bytes)) offset = (offset / page_bytes + 1) * page_bytes;
        return offset;
    }

    // How many bytes found space, of which `pages_free` is left. The caller sees to bytes_max.
    std::size_t write(std::uint64_t offset, Bytes bytes, std::uint64_t pages_free) {
        const std::uint64_t end = offset + bytes.size();
        std::uint64_t fits = offset;
        while (fits < end && take_space(fits / page_bytes, pages_free)) fits = (fits / page_bytes + 1) * page_bytes;
        fits = std::min(fits, end);
        const auto count = static_cast<std::size_t>(fits - offset);
        if (count == 0) return 0;
        set_bytes(std::max(bytes_, fits));
        std::memcpy(address() + offset, bytes.data(), count);
        dirty(offset, count);
        return count;
    }

    void resize(std::uint64_t bytes) {
        if (bytes < bytes_) {
            std::memset(address() + bytes, 0, static_cast<std::size_t>(bytes_ - bytes));
            dirty(bytes, static_cast<std::size_t>(bytes_ - bytes));
            space_.resize(std::min(space_.size(), pages_for(bytes)));
        }
        set_bytes(bytes);
    }

    // False, and nothing has changed, if the space does not suffice.
    bool reserve(std::uint64_t bytes, std::uint64_t pages_free) {
        const std::size_t pages = pages_for(bytes);
        std::vector<bool> space = space_;
        space.resize(std::max(space.size(), pages));
        const auto missing = std::count(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(pages), false);
        if (static_cast<std::uint64_t>(missing) > pages_free) return false;
        std::fill_n(space.begin(), pages, true);
        space_ = std::move(space);
        set_bytes(std::max(bytes_, bytes));
        return true;
    }

    std::uint64_t pages_taken() const noexcept {
        return static_cast<std::uint64_t>(std::count(space_.begin(), space_.end(), true));
    }

    // Makes all durable but what a failed sync has made the kernel forget. False if stores through a mapping went where
    // no space was reserved and none is left.
    bool sync(std::uint64_t pages_free) {
        for (std::size_t page = 0; page < pages_for(bytes_); ++page) {
            if (!same(page)) {
                const Page seen = now(page);
                if (is_forgotten(page, seen)) continue;
                if (seen != zero_page && !take_space(page, pages_free)) return false;
                set_page(durable_, page, seen);
            }
            forgotten_.erase(page);
        }
        durable_.resize(pages_for(bytes_));
        durable_bytes_ = bytes_;
        return true;
    }

    // A sync has failed: what was dirty counts as clean, though the device has not got it.
    void forget() {
        for (std::size_t page = 0; page < pages_for(bytes_); ++page)
            if (!same(page)) forgotten_[page] = now(page);
    }

    // These bytes were written, perhaps with what they held before: their pages are for the next sync again.
    void dirty(std::uint64_t offset, std::size_t count) {
        const auto first = forgotten_.lower_bound(static_cast<std::size_t>(offset / page_bytes));
        forgotten_.erase(first, forgotten_.lower_bound(pages_for(offset + count)));
    }

    // The file after power loss. Asked of the length, if it is not durable, with no sector; then of each sector that
    // is not: has it reached the device?
    template <class Ask>
    std::shared_ptr<Content> crashed(Ask ask) const {
        auto left = std::make_shared<Content>(bytes_max_);
        const bool grown = bytes_ != durable_bytes_ && ask(std::optional<std::uint64_t>{});
        left->bytes_ = left->durable_bytes_ = grown ? bytes_ : durable_bytes_;
        left->durable_ = durable_;
        for (std::size_t page = 0; page < pages_for(bytes_); ++page)
            if (!same(page)) set_page(left->durable_, page, mixed(page, ask));
        cut(left->durable_, left->bytes_);
        left->cold_ = left->durable_;
        left->space_ = space_;
        left->space_.resize(pages_for(left->bytes_));
        return left;
    }

    // The kernel writes some of what is dirty before it is asked to. Asks as crashed() does, but not of what it forgot.
    template <class Ask>
    void write_back(Ask ask) {
        if (bytes_ != durable_bytes_ && ask(std::optional<std::uint64_t>{})) {
            if (bytes_ < durable_bytes_) cut(durable_, bytes_);
            durable_bytes_ = bytes_;
        }
        for (std::size_t page = 0; page < pages_for(bytes_); ++page)
            if (!same(page) && !is_forgotten(page, now(page))) set_page(durable_, page, mixed(page, ask));
    }

    // The file as another process sees it: nothing lost, nothing made safe.
    std::shared_ptr<Content> copied() const {
        auto copy = std::make_shared<Content>(bytes_max_);
        copy->bytes_ = bytes_;
        copy->durable_bytes_ = durable_bytes_;
        copy->durable_ = durable_;
        copy->cold_ = durable_;
        copy->cold_.resize(pages_for(bytes_));
        for (std::size_t page = 0; page < pages_for(bytes_); ++page)
            if (!same(page)) set_page(copy->cold_, page, now(page));
        copy->forgotten_ = forgotten_;
        copy->space_ = space_;
        return copy;
    }

    // Damage at rest: to what is seen and to what is durable.
    void flip(std::uint64_t offset, char mask) {
        const auto page = static_cast<std::size_t>(offset / page_bytes);
        const auto at = static_cast<std::size_t>(offset % page_bytes);
        address()[offset] = static_cast<char>(address()[offset] ^ mask);
        Page content = page_at(durable_, page);
        content[at] = static_cast<char>(content[at] ^ mask);
        if (offset < durable_bytes_) set_page(durable_, page, content);
        dirty(offset, 1);
    }

private:
    void set_bytes(std::uint64_t bytes) noexcept {
        bytes_ = bytes;
        if (image_) image_->reach(static_cast<std::size_t>(bytes));
    }

    Image& image() {
        if (!image_) {
            image_ = std::make_unique<Image>(bytes_max_);
            image_->reach(std::max(static_cast<std::size_t>(bytes_), cold_.size() * page_bytes));
            for (std::size_t page = 0; page < cold_.size(); ++page)
                if (cold_[page]) std::memcpy(image_->data() + page * page_bytes, cold_[page]->data(), page_bytes);
            cold_.clear();
        }
        return *image_;
    }

    Page now(std::size_t page) const {
        if (!image_) return page_at(cold_, page);
        Page copy; // NOLINT: filled at once
        device_copy(copy.data(), image_->data() + page * page_bytes, page_bytes);
        return copy;
    }

    bool same(std::size_t page) const {
        const Page& kept = page_at(durable_, page);
        if (image_) return device_equal(image_->data() + page * page_bytes, kept.data(), page_bytes);
        const Page& cold = page_at(cold_, page);
        return &cold == &kept || cold == kept;
    }

    // The durable page with those of its changed sectors that `ask` lets through.
    template <class Ask>
    Page mixed(std::size_t page, Ask& ask) const {
        const Page seen = now(page);
        Page result = page_at(durable_, page);
        for (std::size_t at = 0; at < page_bytes; at += sector_bytes)
            if (std::memcmp(result.data() + at, seen.data() + at, sector_bytes) != 0 &&
                ask(std::optional<std::uint64_t>{(page * page_bytes + at) / sector_bytes}))
                std::memcpy(result.data() + at, seen.data() + at, sector_bytes);
        return result;
    }

    bool is_forgotten(std::size_t page, const Page& seen) const {
        const auto found = forgotten_.find(page);
        return found != forgotten_.end() && found->second == seen;
    }

    bool take_space(std::uint64_t page, std::uint64_t& pages_free) {
        if (page >= space_.size()) space_.resize(static_cast<std::size_t>(page) + 1);
        if (space_[static_cast<std::size_t>(page)]) return true;
        if (pages_free == 0) return false;
        --pages_free;
        return space_[static_cast<std::size_t>(page)] = true;
    }

    static void cut(PageTable& table, std::uint64_t bytes) {
        table.resize(pages_for(bytes));
        if (const auto tail = static_cast<std::size_t>(bytes % page_bytes); tail != 0) {
            Page last = page_at(table, table.size() - 1);
            std::memset(last.data() + tail, 0, page_bytes - tail);
            set_page(table, table.size() - 1, last);
        }
    }

    std::size_t bytes_max_;
    std::uint64_t bytes_ = 0;
    std::uint64_t durable_bytes_ = 0;
    PageTable durable_;
    PageTable cold_;                        // what is seen, until there is an image
    std::unique_ptr<Image> image_;          // what is seen, once the file was opened
    std::map<std::size_t, Page> forgotten_; // seen as clean, not durable
    std::vector<bool> space_;               // pages that have their place on the device
};

} // namespace kvilt::memory
