// A hash table that remembers what was used: the memtable of caches. docs/policies/memtable.md
#pragma once

#include <kvilt/memtable/hash_index.hpp>
#include <kvilt/memtable/options.hpp>

namespace kvilt::memtable {

// CLOCK, the hand being the reclaimed segment: find() marks a record, keep() spares what is marked once and takes the
// mark off. Overwriting keeps the mark of the key. Itself it evicts nothing.
// Provides: evicting (threads_many with threads::Many). Needs: nothing.
template <ThreadsTag Tag = threads::One>
struct Cache {
    using Threads = Tag;
    using Options = memtable::Options;

    static constexpr Slot slot = Slot::memtable;
    static constexpr std::string_view name = "memtable::Cache";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides =
        Capabilities{Capability::evicting} | (Tag::many ? Capabilities{Capability::threads_many} : Capabilities{});
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options& options) { return validate_options(options); }

    class Index : public detail::HashIndex<Threads, true> {
    public:
        Index(const Options&, Epochs<Threads>& epochs) : detail::HashIndex<Threads, true>(epochs) {}

        // The writer's: whether the segment of `head`, about to be reclaimed, must give it a new place. False for what
        // is no longer the head of its key.
        bool keep(LogRecord* head) { return this->take_mark(head); }

    private:
        using detail::HashIndex<Threads, true>::take_mark;
    };
};

static_assert(MemTablePolicy<Cache<>> && MemTablePolicy<Cache<threads::Many>>);

} // namespace kvilt::memtable
