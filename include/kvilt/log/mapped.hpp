// The log whose segments are shared mappings of its files: a commit is a few stores.
// docs/policies/log.md
#pragma once

#include <kvilt/log/segment_log.hpp>

namespace kvilt::log {

namespace detail {

class MappedMemory {
public:
    static constexpr const char* policy = "log::Mapped";
    static constexpr bool appends = false;

    Result<void> create(File& file, std::size_t) { return map(file, MapMode::write); }
    Result<void> load(File& file, std::size_t, bool read_only) {
        return map(file, read_only ? MapMode::copy : MapMode::write);
    }
    char* data() const noexcept { return data_; }

    Result<void> append(File&, std::size_t, std::size_t) noexcept { return {}; }
    Result<void> flush(File&) noexcept { return {}; }
    void renewed(std::size_t) noexcept {}

    // To write a page back the system takes the right to store to it from every thread, one page at a time, and each
    // time interrupts them: in a virtual machine that was a quarter of the time of overwriting under threads::Many. So
    // what is written is taken out of the page table before, all at once; with what was prepared behind it.
    void will_sync(std::size_t begin, std::size_t end) const noexcept {
        if (end - begin >= rests_bytes_min) mapping_->advise(Mapping::Advice::rests, begin, mapping_->bytes() - begin);
    }

    // A page that is stored to for the first time costs the writer a fault, of about two microseconds in a virtual
    // machine.
    void will_append(std::size_t begin, std::size_t end) const noexcept {
        mapping_->advise(Mapping::Advice::will_write, begin, end - begin);
    }

    Result<Stored> stored(File&, std::size_t end) const { return Stored{.copy = {}, .bytes = {data(), end}}; }

private:
    static constexpr std::size_t rests_bytes_min = 64 << 10;

    Result<void> map(File& file, MapMode mode) {
        KVILT_TRY_ASSIGN(mapping, file.map(mode));
        mapping_ = std::move(mapping);
        data_ = mapping_->data();
        return {};
    }

    std::unique_ptr<Mapping> mapping_;
    char* data_ = nullptr;
};

} // namespace detail

// Survives a killed process without a system call per commit, and power loss from sync() on. A file system with
// honest shared mappings is needed: on a network or user-space one take log::Written.
// Provides: durable, syncs. Needs: nothing.
struct Mapped {
    using Options = detail::FileOptions;
    static constexpr Slot slot = Slot::log;
    static constexpr std::string_view name = "log::Mapped";
    static constexpr std::string_view format = "log/1";
    static constexpr Capabilities provides{Capability::durable, Capability::syncs, Capability::survives_process};
    static constexpr Capabilities needs{};
    static constexpr bool survives_process = true;
    static Result<void> validate(const Options& options) { return options.validate("log::Mapped"); }

    template <ThreadsTag Threads>
    using Log = detail::SegmentLog<Threads, detail::MappedMemory>;
};

static_assert(LogPolicy<Mapped>);

} // namespace kvilt::log
