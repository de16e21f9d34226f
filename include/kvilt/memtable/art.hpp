// An adaptive radix tree of record pointers: the ordered memtable. docs/policies/memtable.md
#pragma once

#include <kvilt/memtable/art_index.hpp>
#include <kvilt/memtable/options.hpp>

namespace kvilt::memtable {

// 20 to 55 bytes of index per key; several times faster than comparing trees and skip lists.
// Provides: ordered_keys, versions (threads_many with threads::Many). Needs: nothing.
template <ThreadsTag Tag = threads::One>
struct Art {
    using Threads = Tag;
    using Options = memtable::Options;

    static constexpr Slot slot = Slot::memtable;
    static constexpr std::string_view name = "memtable::Art";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides = Capabilities{Capability::ordered_keys, Capability::versions} |
                                             (Tag::many ? Capabilities{Capability::threads_many} : Capabilities{});
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options& options) { return validate_options(options); }

    class Index : public detail::ArtIndex<Threads> {
    public:
        Index(const Options&, Epochs<Threads>& epochs) : detail::ArtIndex<Threads>(epochs) {}
    };
};

static_assert(MemTablePolicy<Art<>> && MemTablePolicy<Art<threads::Many>>);

} // namespace kvilt::memtable
