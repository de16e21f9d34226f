// What a request will touch in an engine, on its way into the caches.
#pragma once

#include <kvilt/engine/side_by_side.hpp>
#include <kvilt/engine/state.hpp>

namespace kvilt::engine {

enum class For : std::uint8_t { read, write };

// In steps, to be taken beside those of other engines: see core/descend.hpp. Changes nothing and promises
// nothing. `key` and the engine outlive it.
template <class P>
class Approach {
public:
    Approach(State<P>& state, Bytes key, For) : pin_(state.epochs), descent_(state.active->index, key) {}
    bool step() noexcept { return descent_.step(); }

private:
    typename Epochs<typename P::Threads>::Pin pin_;
    typename DescentOf<typename P::Index>::type descent_;
};

// Of memtable and tables, where the key most likely is: to approach both costs more than it brings.
template <class P>
    requires P::tables
class Approach<P> {
public:
    Approach(State<P>& state, Bytes key, For purpose) : pin_(state.epochs) {
        const View<P>& view = state.seen();
        if (purpose == For::read && view.active->index.count() == 0)
            search_ = Search(*view.tables, key, state.published.load(std::memory_order_acquire));
        else
            descent_ = Descent(view.active->index, key);
    }
    bool step() { return descent_.step() || search_.step(); }

private:
    using Descent = typename DescentOf<typename P::Index>::type;
    using Search = typename VersionOf<P>::type::Search;

    typename Epochs<typename P::Threads>::Pin pin_;
    Descent descent_{};
    Search search_{};
};

} // namespace kvilt::engine
