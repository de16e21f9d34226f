// Point reads: active index, frozen indexes, tables from new to old; the first hit decides.
#pragma once

#include <kvilt/engine/state.hpp>

#include <optional>

namespace kvilt::engine {

// Any thread, inside an epoch pin.
template <class P>
class Reader {
public:
    explicit Reader(const State<P>& state) : state_(state) {}

    // Calls `use(const Record&)` with the newest record of `key` at or below `at` and returns true; false if there is
    // none. Tombstones are records.
    template <class Use>
    Result<bool> find(Bytes key, Sequence at, Use&& use) const {
        if constexpr (!P::tables) {
            const LogRecord* head = state_.active->index.find(key);
            const LogRecord* record = head == nullptr ? nullptr : head->visible(at);
            if (record == nullptr) return false;
            use(record->record());
            return true;
        } else {
            return find_in(state_.seen(), key, at, std::forward<Use>(use));
        }
    }

    // The newest published record. The sequence is loaded behind the view: whatever was dropped in building the view's
    // tables is hidden from this sequence by something newer. A chain may have been cut behind a head that is newer
    // than the sequence: then there is a newer sequence to read at.
    template <class Use>
    Result<bool> find_newest(Bytes key, Use&& use) const {
        if constexpr (!P::tables) {
            for (;;) {
                const Sequence at = state_.published.load(std::memory_order_acquire);
                const LogRecord* head = state_.active->index.find(key);
                if (head == nullptr) return false;
                if (const LogRecord* record = head->visible(at)) [[likely]] {
                    use(record->record());
                    return true;
                }
            }
        } else {
            return find_newest_in(state_.seen(), key, std::forward<Use>(use));
        }
    }

private:
    template <class Use>
    Result<bool> find_in(const View<P>& view, Bytes key, Sequence at, Use&& use) const {
        const auto use_chain = [&](const Generation<P>& generation) {
            const LogRecord* head = generation.index.find(key);
            const LogRecord* record = head == nullptr ? nullptr : head->visible(at);
            if (record != nullptr) use(record->record());
            return record != nullptr;
        };
        if (use_chain(*view.active)) return true;
        for (const Generation<P>* generation : view.frozen)
            if (use_chain(*generation)) return true;
        return find_in_tables(view, key, at, use);
    }

    template <class Use>
    Result<bool> find_newest_in(const View<P>& view, Bytes key, Use&& use) const {
        for (;;) {
            const Sequence at = state_.published.load(std::memory_order_acquire);
            bool cut = false;
            const auto use_chain = [&](const Generation<P>& generation) {
                const LogRecord* head = generation.index.find(key);
                if (head == nullptr) return false;
                const LogRecord* record = head->visible(at);
                if (record != nullptr)
                    use(record->record());
                else if (head->older() == nullptr)
                    return false; // its first version here, not published yet; a chain that was cut keeps two
                else
                    cut = true;
                return true;
            };
            bool found = use_chain(*view.active);
            for (std::size_t i = 0; !found && i < view.frozen.size(); ++i) found = use_chain(*view.frozen[i]);
            if (found && cut) [[unlikely]]
                continue;
            if (found) return true;
            return find_in_tables(view, key, at, use);
        }
    }

    template <class Use>
    Result<bool> find_in_tables(const View<P>& view, Bytes key, Sequence at, Use& use) const {
        typename TablesOf<P>::type::Found found;
        KVILT_TRY_ASSIGN(hit, state_.tables->find(*view.tables, key, at, found));
        if (hit) use(found.record);
        return hit;
    }

    const State<P>& state_;
};

} // namespace kvilt::engine
