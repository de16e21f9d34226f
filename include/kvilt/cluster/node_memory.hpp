// What a node must remember of itself from one life to the next, in its own engine.
#pragma once

#include <kvilt/cluster/stored_key.hpp>
#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/engine/engine.hpp>

#include <mutex>
#include <optional>
#include <string>

namespace kvilt::cluster {

//   incarnation   the number of the life: stamps of a former one may have been lost with power
//   closed        1 after an orderly end, in which nothing is lost: the next life goes on as the same
//   digests       of what is stored, where the life has ended in order: DigestTree::text
//   era           of the last fence
//   time          at or above every time that was ever stored here
//   whole         1 once it has all copies that it is home of; a life that was to gather them and did not end well has
//                 none, and must not answer
// Thread-safe under threads::Many. Each number is as safe as the records that were written behind it: they are in one
// log.
template <class P>
class NodeMemory {
public:
    explicit NodeMemory(engine::Engine<P>& engine) : engine_(engine) {}

    // Begins a life, which power loss does not take back where the log can sync. `random` numbers lives that nothing
    // outlasts, and the first on a disk: there may have been another in its place.
    Result<void> open(Random& random) {
        KVILT_TRY_ASSIGN(life, read("incarnation"));
        KVILT_TRY_ASSIGN(era, read("era"));
        KVILT_TRY_ASSIGN(time, read("time"));
        era_.store(era);
        time_.store(time);
        KVILT_TRY_ASSIGN(closed, read("closed"));
        goes_on_ = P::on_disk && closed == 1;
        const std::uint64_t fresh = (random.next() >> 34) + 1; // with room to count on below 2^31
        first_borrowed_ = random.next() >> 34;
        incarnation_ = static_cast<std::uint32_t>(life == 0 || !P::on_disk ? fresh : life + 1 - closed);
        KVILT_TRY(write("closed", 0));
        return write_safely("incarnation", incarnation_);
    }

    // The former life had an orderly end: what it left says all about what is here.
    bool goes_on() const noexcept { return goes_on_; }

    // Nothing is stamped any more.
    Result<void> end() { return write_safely("closed", 1); }

    // At or above the number of writes that this engine has ever taken.
    std::uint64_t writes() const noexcept { return engine_.state().published.load(); }

    Result<bool> whole() const {
        KVILT_TRY_ASSIGN(number, read("whole"));
        return number == 1;
    }
    // And everything before it is durable.
    Result<void> set_whole() { return write_safely("whole", 1); }

    std::uint32_t incarnation() const noexcept { return incarnation_; }
    std::uint64_t era() const noexcept { return era_.load(std::memory_order_acquire); }
    std::uint64_t time() const noexcept { return time_.load(std::memory_order_acquire); }

    // Of the message that asks for a write: that it is from before a fence is judged with the write, under the writer
    // lock. Whoever judged earlier might be held up until the fence has gone by, and all that follows it.
    Result<void> admit(std::uint64_t era) const {
        if (era >= this->era()) return {};
        return failure(Errc::unavailable, "serve", "the message is from before a fence");
    }

    // Durable, before anything of the new era may be.
    Result<void> set_era(std::uint64_t era) {
        const std::lock_guard lock(mutex_);
        if (era <= era_.load()) return {};
        KVILT_TRY(write_safely("era", era));
        era_.store(era, std::memory_order_release);
        return {};
    }

    // Before a cell of this time is written. Once for each `step` of it, so that it costs nothing.
    Result<void> reach(std::uint64_t time, std::uint64_t step) {
        if (time <= time_.load(std::memory_order_acquire)) [[likely]]
            return {};
        return step_to(time, step);
    }

    // A life for one write alone: in the upper half of the numbers, used once.
    Result<std::uint32_t> next_borrowed_life() {
        const std::lock_guard lock(mutex_);
        KVILT_TRY_ASSIGN(before, read("borrowed"));
        const std::uint64_t borrowed = before == 0 ? first_borrowed_ + 1 : before + 1;
        KVILT_TRY(write_safely("borrowed", borrowed));
        return std::uint32_t{1} << 31 | static_cast<std::uint32_t>(borrowed);
    }

    // Other numbers of this node's, by name; 0 where there is none yet.
    Result<std::uint64_t> read(Bytes name) const {
        std::uint64_t number = 0;
        KVILT_TRY(engine_.view(StoredKey::own(name), std::nullopt, [&](Bytes value) {
            if (value.size() == sizeof number) number = coding::load<std::uint64_t>(value.data());
        }));
        return number;
    }

    Result<std::string> read_text(Bytes name) const {
        std::string text;
        KVILT_TRY(engine_.view(StoredKey::own(name), std::nullopt, [&](Bytes value) { text = value; }));
        return text;
    }
    Result<void> write_text(Bytes name, Bytes text) { return engine_.put(StoredKey::own(name), text, {}); }

    Result<void> write_safely(Bytes name, std::uint64_t number) {
        KVILT_TRY(write(name, number));
        return make_durable();
    }

    // Everything in the engine, as far as its composition can.
    Result<void> make_durable() {
        if constexpr (P::durable)
            return engine_.sync();
        else if constexpr (P::on_disk)
            return engine_.flush();
        else
            return {};
    }

private:
    Result<void> step_to(std::uint64_t time, std::uint64_t step) {
        const std::lock_guard lock(mutex_);
        if (time <= time_.load()) return {};
        KVILT_TRY(write("time", time + step));
        time_.store(time + step, std::memory_order_release);
        return {};
    }

    Result<void> write(Bytes name, std::uint64_t number) {
        char text[sizeof number];
        coding::store(text, number);
        return engine_.note(StoredKey::own(name), {text, sizeof text});
    }

    engine::Engine<P>& engine_;
    std::uint32_t incarnation_ = 0;
    bool goes_on_ = false;
    std::uint64_t first_borrowed_ = 0;
    typename P::Threads::template Atomic<std::uint64_t> era_{0};
    typename P::Threads::template Atomic<std::uint64_t> time_{0};
    [[no_unique_address]] typename P::Threads::Mutex mutex_{};
};

} // namespace kvilt::cluster
