// A hash table of record pointers: the fastest put and get, no order. docs/policies/memtable.md
#pragma once

#include <kvilt/memtable/hash_index.hpp>
#include <kvilt/memtable/options.hpp>

namespace kvilt::memtable {

// 11 to 22 bytes of index per key. Over tables it is sorted at the flush. Scans are not to be had.
// Provides: versions (threads_many with threads::Many). Needs: nothing.
template <ThreadsTag Tag = threads::One>
struct Hash {
    using Threads = Tag;
    using Options = memtable::Options;

    static constexpr Slot slot = Slot::memtable;
    static constexpr std::string_view name = "memtable::Hash";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides =
        Capabilities{Capability::versions} | (Tag::many ? Capabilities{Capability::threads_many} : Capabilities{});
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options& options) { return validate_options(options); }

    class Index : public detail::HashIndex<Threads, false> {
    public:
        Index(const Options&, Epochs<Threads>& epochs) : detail::HashIndex<Threads, false>(epochs) {}

    private:
        using detail::HashIndex<Threads, false>::take_mark;
    };
};

static_assert(MemTablePolicy<Hash<>> && MemTablePolicy<Hash<threads::Many>>);

} // namespace kvilt::memtable
