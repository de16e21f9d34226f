// Several records of one node's engine, written as one: all of them or none survive a crash.
#pragma once

#include <kvilt/engine/engine.hpp>

#include <mutex>
#include <vector>

namespace kvilt::cluster {

// As Batch, but for keys of the engine, which are longer than those of a user. Owns copies.
class Together {
public:
    void add(Bytes stored_key, const Cell& cell) {
        grows_ |= !cell.value.empty();
        append(stored_key, cell);
    }
    void remove(Bytes stored_key) { append(stored_key, {.kind = Kind::tombstone}); }
    // As Engine::note.
    void note(Bytes stored_key, Bytes value) { append(stored_key, {.kind = Kind::put, .value = value}); }

    Bytes bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }
    std::size_t count() const noexcept { return count_; }
    bool grows() const noexcept { return grows_; } // the data: it has a cell with a value

private:
    void append(Bytes stored_key, const Cell& cell) {
        const Record record{.key = stored_key, .cell = cell};
        const std::size_t at = bytes_.size();
        bytes_.resize(at + LogRecord::bytes_for(record));
        LogRecord::write(bytes_.data() + at, record);
        ++count_;
    }

    std::vector<char> bytes_{};
    std::size_t count_ = 0;
    bool grows_ = false;
};

// Readers see them when it returns; they are as safe as the log makes every write.
template <class P>
Result<void> write_together(engine::Engine<P>& engine, const Together& records) {
    auto& state = engine.state();
    const Bytes body = records.bytes();
    if (body.size() > batch_bytes_max)
        return failure(Errc::invalid_argument, "write", "more than 2 GiB were to be written as one");
    for (;;) {
        {
            std::unique_lock lock(state.writer);
            KVILT_TRY_ASSIGN(ready, engine.writer().prepare(body.size(), records.grows()));
            if (ready) {
                KVILT_TRY_ASSIGN(end, engine.writer().append(FrameKind::records, body.size(), records.count(),
                                                             [&](char* at, Sequence first) {
                                                                 engine::Writer<P>::copy_numbered(at, body, first);
                                                             }));
                lock.unlock();
                return engine.after_commit(end, body.size() + Frame::header_bytes, {});
            }
        }
        if constexpr (P::tables) KVILT_TRY(engine.upkeep().make_way());
    }
}

} // namespace kvilt::cluster
