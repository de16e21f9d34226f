// The log that gathers commits and writes them by the block.
// docs/policies/log.md
#pragma once

#include <kvilt/log/pages_memory.hpp>
#include <kvilt/log/segment_log.hpp>

#include <mutex>

namespace kvilt::log {

namespace detail {

// Gathers a copy of what is appended: records get their links later, while another thread may be flushing.
template <ThreadsTag Threads>
class BufferedMemory : public PagesMemory {
public:
    static constexpr const char* policy = "log::Buffered";
    static constexpr std::size_t block_bytes = 64_KiB;

    Result<void> append(File& file, std::size_t from, std::size_t count) {
        const std::lock_guard lock(mutex_);
        if (from == 0) start();
        block_.append(data() + from, count);
        return block_.size() < block_bytes ? Result<void>{} : write(file);
    }

    Result<void> flush(File& file) {
        const std::lock_guard lock(mutex_);
        return block_.empty() ? Result<void>{} : write(file);
    }

    void will_sync(std::size_t, std::size_t) const noexcept {}
    void will_append(std::size_t, std::size_t) const noexcept {}
    void renewed(std::size_t end) noexcept {
        const std::lock_guard lock(mutex_);
        block_.clear();
        written_ = end;
    }

    Result<Stored> stored(File& file, std::size_t end) const {
        const std::lock_guard lock(mutex_);
        return PagesMemory::stored(file, std::min(end, loaded_ ? end : written_));
    }

private:
    void start() noexcept {
        block_.clear();
        written_ = 0;
        loaded_ = false;
    }

    Result<void> write(File& file) {
        KVILT_TRY(file.write_at(written_, block_));
        written_ += block_.size();
        block_.clear();
        return {};
    }

    mutable typename Threads::Mutex mutex_;
    std::string block_;       // appended and not yet written
    std::size_t written_ = 0; // where it goes
    bool loaded_ = true;      // from a file: nothing is ever appended
};

} // namespace detail

// What has not been written when the process dies is lost, as a torn tail is: a prefix survives.
// Provides: durable, syncs. Needs: nothing.
struct Buffered {
    using Options = detail::FileOptions;
    static constexpr Slot slot = Slot::log;
    static constexpr std::string_view name = "log::Buffered";
    static constexpr std::string_view format = "log/1";
    static constexpr Capabilities provides{Capability::durable, Capability::syncs};
    static constexpr Capabilities needs{};
    static constexpr bool survives_process = false;
    static Result<void> validate(const Options& options) { return options.validate("log::Buffered"); }

    template <ThreadsTag Threads>
    using Log = detail::SegmentLog<Threads, detail::BufferedMemory<Threads>>;
};

static_assert(LogPolicy<Buffered>);

} // namespace kvilt::log
