// Ordered reads over one snapshot: memtables and runs merged, one version a key, tombstones left out.
#pragma once

#include <kvilt/core/merge.hpp>
#include <kvilt/core/range.hpp>
#include <kvilt/engine/state.hpp>

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace kvilt::engine {

// A generation as it was at one sequence: a record a key, a Source for Merge.
template <class P>
class GenerationCursor {
public:
    GenerationCursor(const Generation<P>& generation, Sequence at) : cursor_(generation.index), at_(at) {}

    void seek(Bytes key) {
        cursor_.seek(key);
        skip_unseen(true);
    }
    void seek_first() {
        cursor_.seek_first();
        skip_unseen(true);
    }
    void next() {
        cursor_.next();
        skip_unseen(true);
    }
    void seek_before(Bytes key) {
        cursor_.seek_before(key);
        skip_unseen(false);
    }
    void seek_last() {
        cursor_.seek_last();
        skip_unseen(false);
    }
    void previous() {
        cursor_.previous();
        skip_unseen(false);
    }
    bool valid() const noexcept { return valid_; }
    const Record& record() const noexcept { return record_; }
    Result<void> status() const { return {}; }

private:
    void skip_unseen(bool forwards) {
        for (valid_ = false; cursor_.valid(); forwards ? cursor_.next() : cursor_.previous()) {
            const LogRecord* const seen = cursor_.record()->visible(at_);
            if (seen == nullptr) continue;
            record_ = seen->record();
            valid_ = true;
            return;
        }
    }

    typename P::Index::Cursor cursor_;
    Sequence at_;
    Record record_{};
    bool valid_ = false;
};

template <class P>
struct ScanSourceOf {
    using type = GenerationCursor<P>;
};

// A generation or a run.
template <class P>
    requires P::tables
struct ScanSourceOf<P> {
    using RunCursor = typename TablesOf<P>::type::Cursor;

    class type {
    public:
        explicit type(GenerationCursor<P> cursor) : cursor_(std::move(cursor)) {}
        explicit type(RunCursor cursor) : cursor_(std::move(cursor)) {}

        void seek(Bytes key) {
            with([key](auto& cursor) { cursor.seek(key); });
        }
        // The same in three steps: see table/concept.hpp.
        void aim(Bytes key) {
            if (auto* run = std::get_if<RunCursor>(&cursor_)) run->aim(key);
        }
        void near(Bytes key) {
            if (auto* run = std::get_if<RunCursor>(&cursor_))
                run->near(key);
            else
                seek(key);
        }
        void land(Bytes key) {
            if (auto* run = std::get_if<RunCursor>(&cursor_)) run->land(key);
        }
        void seek_first() {
            with([](auto& cursor) { cursor.seek_first(); });
        }
        void next() {
            with([](auto& cursor) { cursor.next(); });
        }
        void seek_before(Bytes key) {
            with([key](auto& cursor) { cursor.seek_before(key); });
        }
        void seek_last() {
            with([](auto& cursor) { cursor.seek_last(); });
        }
        void previous() {
            with([](auto& cursor) { cursor.previous(); });
        }
        const Record* look_ahead(bool forwards) {
            if (auto* run = std::get_if<RunCursor>(&cursor_)) return run->look_ahead(forwards);
            return nullptr;
        }
        bool valid() const {
            return with([](const auto& cursor) { return cursor.valid(); });
        }
        const Record& record() const {
            return with([](const auto& cursor) -> const Record& { return cursor.record(); });
        }
        Result<void> status() const {
            return with([](const auto& cursor) -> Result<void> { return cursor.status(); });
        }

    private:
        template <class Use>
        decltype(auto) with(Use use) {
            if (auto* run = std::get_if<RunCursor>(&cursor_)) return use(*run);
            return use(*std::get_if<GenerationCursor<P>>(&cursor_));
        }
        template <class Use>
        decltype(auto) with(Use use) const {
            if (auto* run = std::get_if<RunCursor>(&cursor_)) return use(*run);
            return use(*std::get_if<GenerationCursor<P>>(&cursor_));
        }

        std::variant<RunCursor, GenerationCursor<P>> cursor_;
    };
};

// Sees the commit order up to one sequence for as long as it lives, whatever is written, flushed or compacted
// meanwhile. Movable, for one thread at a time; ends before the store does.
template <class P>
class Scan {
public:
    // Reads at `at`, which is registered already, or at now.
    Scan(State<P>& state, Range range, std::optional<Sequence> at) : state_(&state), range_(std::move(range)) {
        auto [pin, view] = state.epochs.pin_long(state.view);
        pin_ = std::move(pin);
        view_ = view;
        snapshot_ = Registration(state, at);
        at_ = snapshot_.at();
        if constexpr (counts_reads<P>)
            if (view_->tables->runs() > 1) reads_ = Reads(state);
    }

    void reverse() noexcept { reverse_ = !reverse_; }

    // To the first, then each next pair. False at the end and after an error: see status().
    bool next() {
        reads_.step();
        return reverse_ ? next_backwards() : next_forwards();
    }

    Bytes key() const noexcept { return reverse_ ? Bytes(key_) : record_->key; }
    Bytes value() const noexcept { return reverse_ ? Bytes(value_) : record_->cell.value; }
    Cell cell() const noexcept { return {Kind::put, reverse_ ? Bytes(stamp_) : record_->cell.stamp, value()}; }
    Result<void> status() const { return merge_.status(); }

private:
    using Source = typename ScanSourceOf<P>::type;

    static constexpr bool records_stay() {
        if constexpr (P::tables)
            return TablesOf<P>::type::records_stay;
        else
            return true;
    }
    // What outlives a step of the merge.
    using Held = std::conditional_t<records_stay(), Bytes, std::string>;

    // Neighbours in order are told apart by their ends.
    static bool same(Bytes a, Bytes b) noexcept {
        if (a.size() != b.size()) return false;
        if (a.size() >= 8 && coding::load<std::uint64_t>(a.data() + a.size() - 8) !=
                                 coding::load<std::uint64_t>(b.data() + b.size() - 8))
            return false;
        return a == b;
    }

    class Registration {
    public:
        Registration() = default;
        Registration(State<P>& state, std::optional<Sequence> at) : state_(&state) {
            if (at) state.snapshots.add(*at);
            at_ = at ? *at : state.snapshots.take(state.published);
        }
        Registration(Registration&& other) noexcept : state_(std::exchange(other.state_, nullptr)), at_(other.at_) {}
        Registration& operator=(Registration&& other) noexcept {
            std::swap(state_, other.state_);
            std::swap(at_, other.at_);
            return *this;
        }
        ~Registration() {
            if (state_ != nullptr) state_->snapshots.release(at_);
        }
        Sequence at() const noexcept { return at_; }

    private:
        State<P>* state_ = nullptr;
        Sequence at_ = 0;
    };

    // What a scan of several runs was worth, told at its end in look-ups: with each further run to seek in costs as
    // much as eight, and eight steps as much as one.
    class Reads {
    public:
        Reads() = default;
        explicit Reads(State<P>& state) noexcept : state_(&state) {}
        Reads(Reads&& other) noexcept : state_(std::exchange(other.state_, nullptr)), steps_(other.steps_) {}
        Reads& operator=(Reads&& other) noexcept {
            std::swap(state_, other.state_);
            std::swap(steps_, other.steps_);
            return *this;
        }
        ~Reads() {
            if (state_ != nullptr) typename Epochs<typename P::Threads>::Pin(state_->epochs).count(8 + steps_ / 8);
        }
        void step() noexcept { ++steps_; }

    private:
        State<P>* state_ = nullptr;
        std::uint64_t steps_ = 0;
    };
    struct NoReads {
        void step() noexcept {}
    };

    std::size_t sources_max() const {
        const std::size_t generations = 1 + view_->frozen.size();
        if constexpr (P::tables)
            return generations + view_->tables->runs();
        else
            return generations;
    }

    void open_sources() {
        std::vector<Source> sources;
        sources.reserve(sources_max());
        const auto add = [&](const Generation<P>* generation) {
            if (generation->index.count() != 0) sources.emplace_back(GenerationCursor<P>(*generation, at_));
        };
        add(view_->active);
        for (const Generation<P>* generation : view_->frozen) add(generation);
        if constexpr (P::tables)
            for (std::size_t run = 0; run < view_->tables->runs(); ++run)
                sources.emplace_back(typename TablesOf<P>::type::Cursor(*state_->tables, *view_->tables, run));
        merge_ = Merge<Source>(std::move(sources));
        opened_ = true;
    }

    bool next_forwards() {
        if (!opened_) {
            open_sources();
            merge_.seek(range_.from);
        } else {
            pass(record_->key);
        }
        for (; merge_.valid(); pass(record_->key)) {
            record_ = &merge_.record();
            if (!range_.before_end(record_->key)) return false;
            while (record_->sequence > at_) { // a version of this key from after the snapshot
                merge_.next();
                if (!merge_.valid()) return false;
                record_ = &merge_.record();
                if (!range_.before_end(record_->key)) return false;
            }
            if (record_->cell.kind == Kind::put) return true;
        }
        return false;
    }

    // Beyond all versions of `key`, whose bytes may go with the step.
    void pass(Bytes key) {
        if constexpr (!P::tables)
            merge_.next();
        else {
            key_ = key;
            do merge_.next();
            while (merge_.valid() && same(merge_.record().key, key_));
        }
    }

    // Versions come oldest first: the last one at or below the snapshot decides, and by then the merge has moved on.
    bool next_backwards() {
        if (!opened_) {
            open_sources();
            if (range_.to)
                merge_.seek_before(*range_.to);
            else
                merge_.seek_last();
        }
        while (merge_.valid()) {
            key_ = merge_.record().key;
            if (Bytes(key_) < range_.from) return false;
            bool live = false;
            do {
                const Record& record = merge_.record();
                if (record.sequence <= at_) {
                    live = record.cell.kind == Kind::put;
                    if (live) value_ = record.cell.value;
                    if (live && P::Conflict::stamp_bytes != 0) stamp_ = record.cell.stamp;
                }
                merge_.previous();
            } while (merge_.valid() && same(merge_.record().key, key_));
            if (!merge_.status()) return false;
            if (live) return true;
        }
        return false;
    }

    State<P>* state_;
    typename Epochs<typename P::Threads>::LongPin pin_;
    const View<P>* view_ = nullptr;
    Registration snapshot_;
    [[no_unique_address]] std::conditional_t<counts_reads<P>, Reads, NoReads> reads_{};
    Sequence at_ = 0;
    Range range_;
    Merge<Source> merge_{{}};
    const Record* record_ = nullptr; // the merge's, while it stands
    Held key_{};
    Held value_{};
    Held stamp_{};
    bool reverse_ = false;
    bool opened_ = false;
};

} // namespace kvilt::engine
