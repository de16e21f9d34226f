// The log that writes each commit to its file: the portable one.
// docs/policies/log.md
#pragma once

#include <kvilt/log/pages_memory.hpp>
#include <kvilt/log/segment_log.hpp>

namespace kvilt::log {

namespace detail {

class WrittenMemory : public PagesMemory {
public:
    static constexpr const char* policy = "log::Written";

    Result<void> append(File& file, std::size_t from, std::size_t count) {
        return file.write_at(from, {data() + from, count});
    }
    Result<void> flush(File&) noexcept { return {}; }
    void renewed(std::size_t) noexcept {}
    void will_sync(std::size_t, std::size_t) const noexcept {}
    void will_append(std::size_t, std::size_t) const noexcept {}
};

} // namespace detail

// Survives a killed process with one system call per commit, and power loss from sync() on.
// Provides: durable, syncs. Needs: nothing.
struct Written {
    using Options = detail::FileOptions;
    static constexpr Slot slot = Slot::log;
    static constexpr std::string_view name = "log::Written";
    static constexpr std::string_view format = "log/1";
    static constexpr Capabilities provides{Capability::durable, Capability::syncs, Capability::survives_process};
    static constexpr Capabilities needs{};
    static constexpr bool survives_process = true;
    static Result<void> validate(const Options& options) { return options.validate("log::Written"); }

    template <ThreadsTag Threads>
    using Log = detail::SegmentLog<Threads, detail::WrittenMemory>;
};

static_assert(LogPolicy<Written>);

} // namespace kvilt::log
