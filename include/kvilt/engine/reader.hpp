// Point reads: active index, frozen indexes, tables from new to old; the first hit decides.
#pragma once

#include <kvilt/engine/side_by_side.hpp>
#include <kvilt/engine/state.hpp>

#include <array>
#include <cassert>
#include <optional>
#include <span>

namespace kvilt::engine {

// Any thread. What is found stays as long as the pin.
template <class P>
class Reader {
public:
    using Pin = typename Epochs<typename P::Threads>::Pin;

    explicit Reader(const State<P>& state) : state_(state) {}

    // Calls `use(const Record&)` with the newest record of `key` at or below `at` and returns true; false if there is
    // none. Tombstones are records.
    template <class Use>
    Result<bool> find(const Pin& pin, Bytes key, Sequence at, Use&& use) const {
        if constexpr (!P::tables) {
            const LogRecord* head = state_.active->index.find(key);
            const LogRecord* record = head == nullptr ? nullptr : head->visible(at);
            if (record == nullptr) return false;
            use(record->record());
            return true;
        } else {
            return find_in(pin, state_.seen(), key, at, std::forward<Use>(use));
        }
    }

    // The same with the newest published record.
    template <class Use>
    Result<bool> find_newest(const Pin& pin, Bytes key, Use&& use) const {
        if constexpr (!P::tables) {
            const LogRecord* record = newest_in(*state_.active, key);
            if (record == nullptr) return false;
            use(record->record());
            return true;
        } else {
            return find_newest_in(pin, state_.seen(), key, std::forward<Use>(use));
        }
    }

    // The same for several keys, side_by_side_max at most, whose look-ups wait for memory together. use(n, record) for
    // each key that has one, in their order.
    template <class Use>
    Result<void> find_newest_of(const Pin& pin, std::span<const Bytes> keys, Use&& use) const {
        assert(keys.size() <= side_by_side_max);
        Heads heads{};
        if constexpr (!P::tables) {
            look_in(*state_.active, keys, heads);
            for (std::size_t n = 0; n < keys.size(); ++n)
                if (heads[n] != nullptr) use(n, heads[n]->record());
            return {};
        } else {
            const View<P>& view = state_.seen();
            look_in(*view.active, keys, heads);
            for (const Generation<P>* generation : view.frozen) look_in(*generation, keys, heads);
            using Search = typename VersionOf<P>::type::Search;
            const Sequence at = state_.published.load(std::memory_order_acquire);
            std::array<Search, side_by_side_max> searches;
            std::uint64_t searched = 0;
            for (std::size_t n = 0; n < keys.size(); ++n) {
                if (heads[n] != nullptr) continue;
                searches[n] = Search(*view.tables, keys[n], at);
                ++searched;
            }
            count(pin, view, searched);
            descend(std::span(searches).first(keys.size()));
            for (std::size_t n = 0; n < keys.size(); ++n) {
                if (heads[n] != nullptr) {
                    use(n, heads[n]->record());
                    continue;
                }
                KVILT_TRY(use_found([&](auto& found) { return searches[n].find(found); },
                                    [&](const Record& record) { use(n, record); }));
            }
            return {};
        }
    }

private:
    using Heads = std::array<const LogRecord*, side_by_side_max>;

    // Fills in the newest published record of each key that has none yet.
    void look_in(const Generation<P>& generation, std::span<const Bytes> keys, Heads& heads) const {
        using Descent = typename DescentOf<typename P::Index>::type;
        std::array<Descent, side_by_side_max> descents;
        for (std::size_t n = 0; n < keys.size(); ++n)
            if (heads[n] == nullptr) descents[n] = Descent(generation.index, keys[n]);
        descend(std::span(descents).first(keys.size()));
        for (std::size_t n = 0; n < keys.size(); ++n) {
            if (heads[n] != nullptr) continue;
            heads[n] = descents[n].record();
            if (heads[n] != nullptr && heads[n]->sequence() > state_.published.load(std::memory_order_acquire))
                heads[n] = newest_in(generation, keys[n]);
        }
    }

    template <class Use>
    Result<bool> find_in(const Pin& pin, const View<P>& view, Bytes key, Sequence at, Use&& use) const {
        const auto use_chain = [&](const Generation<P>& generation) {
            const LogRecord* head = generation.index.find(key);
            const LogRecord* record = head == nullptr ? nullptr : head->visible(at);
            if (record != nullptr) use(record->record());
            return record != nullptr;
        };
        if (use_chain(*view.active)) return true;
        for (const Generation<P>* generation : view.frozen)
            if (use_chain(*generation)) return true;
        return find_in_tables(pin, view, key, at, use);
    }

    // A head that is published is the newest. Behind one that is not, the record before it is, and stays where it is
    // for as long; afterwards the chain may be cut, but for what snapshots see, which is older.
    [[gnu::always_inline]] const LogRecord* newest_in(const Generation<P>& generation, Bytes key) const {
        for (;;) {
            const LogRecord* head = generation.index.find(key);
            if (head == nullptr) return nullptr;
            const Sequence at = state_.published.load(std::memory_order_acquire);
            if (head->sequence() <= at) [[likely]]
                return head;
            const LogRecord* former = head->visible(at);
            if (state_.published.load(std::memory_order_acquire) < head->sequence()) return former;
        }
    }

    // The view was loaded before: in its tables nothing is newer than what is published now.
    template <class Use>
    [[gnu::always_inline]] Result<bool> find_newest_in(const Pin& pin, const View<P>& view, Bytes key,
                                                       Use&& use) const {
        const Sequence at = state_.published.load(std::memory_order_acquire);
        if (pin.note() >= hits_max / 2) {
            if (find_in_memtables(pin, view, key, use)) return true;
        } else if (view.active->index.count() != 0 || !view.frozen.empty()) {
            return find_approaching_tables(pin, view, key, at, use);
        }
        return find_in_tables(pin, view, key, at, use);
    }

    // A thread's note counts its keys that were found in memtables, up to so many; each that was not takes one away.
    static constexpr std::uint8_t hits_max = 15;

    // Fetches what a look into the tables waits for while it looks into the memtables. Keys that are not in these take
    // 0.7 of the time so, keys that are take twice: it is for threads whose last keys mostly were not.
    // docs/decisions/0024-tables-are-approached-beside-memtables.md
    template <class Use>
    [[gnu::noinline]] Result<bool> find_approaching_tables(const Pin& pin, const View<P>& view, Bytes key, Sequence at,
                                                           Use& use) const {
        typename VersionOf<P>::type::Search search(*view.tables, key, at);
        if (find_in_memtables(pin, view, key, use)) return true;
        count(pin, view, 1);
        return use_found([&](auto& found) { return search.find(found); }, use);
    }

    [[gnu::noinline]] const LogRecord* newest_frozen(const View<P>& view, Bytes key) const {
        const LogRecord* record = nullptr;
        for (std::size_t i = 0; record == nullptr && i < view.frozen.size(); ++i)
            record = newest_in(*view.frozen[i], key);
        return record;
    }

    template <class Use>
    [[gnu::always_inline]] bool find_in_memtables(const Pin& pin, const View<P>& view, Bytes key, Use& use) const {
        const LogRecord* record = newest_in(*view.active, key);
        if (record == nullptr && !view.frozen.empty()) record = newest_frozen(view, key);
        std::uint8_t& hits = pin.note();
        if (record == nullptr) {
            if (hits > 0) --hits;
            return false;
        }
        if (hits < hits_max) ++hits;
        use(record->record());
        return true;
    }

    template <class Use>
    Result<bool> find_in_tables(const Pin& pin, const View<P>& view, Bytes key, Sequence at, Use& use) const {
        count(pin, view, 1);
        return use_found([&](auto& found) { return state_.tables->find(*view.tables, key, at, found); }, use);
    }

    // Whether `find` finds a record in tables; what holds its bytes lives until `use` returns.
    template <class Find, class Use>
    static Result<bool> use_found(Find find, Use&& use) {
        typename TablesOf<P>::type::Found found;
        KVILT_TRY_ASSIGN(hit, find(found));
        if (hit) use(found.record);
        return hit;
    }

    static void count(const Pin& pin, const View<P>& view, std::uint64_t reads) noexcept {
        if constexpr (counts_reads<P>)
            if (view.tables->runs() > 1) pin.count(reads);
    }

    const State<P>& state_;
};

} // namespace kvilt::engine
