// One request of a client or of a repair, as a state machine of messages: the same in one process and in a simulation.
#pragma once

#include <kvilt/core/message.hpp>
#include <kvilt/core/result.hpp>

#include <optional>
#include <utility>

namespace kvilt::cluster {

// start(), then replies in any order, doubled, late or never; retry() when some have been long in coming; expire() when
// no more are waited for. Done at the latest then. For one thread at a time. A network that delivers in the same call
// needs start(), retry() and expire() one after the other.
class Operation : public ReplySink {
public:
    explicit Operation(std::uint64_t number) : number_(number) {}
    virtual ~Operation() = default;

    virtual void start() = 0;
    virtual void retry() {}
    virtual void expire() = 0;

    // Of its messages: their lowest bits tell the phases of an operation apart, so that a late reply to one is not
    // taken for a reply to the next, nor one to a repair's step for that to a much later one.
    static constexpr std::uint64_t phases = std::uint64_t{1} << 16;
    static std::uint64_t number_of(const Message& reply) noexcept { return reply.operation / phases; }
    std::uint64_t number() const noexcept { return number_; }

    bool done() const noexcept { return done_; }
    const Result<void>& result() const noexcept { return result_; }

    // Runs it over a network that delivers in the same call.
    const Result<void>& run() {
        start();
        if (!done_) retry();
        if (!done_) expire();
        return result_;
    }

protected:
    std::uint64_t tag(unsigned phase) const noexcept { return number_ * phases + phase; }
    static unsigned phase_of(const Message& reply) noexcept { return static_cast<unsigned>(reply.operation % phases); }

    void finish() {
        if (!std::exchange(done_, true)) finished();
    }
    void finish(Result<void> result) {
        if (std::exchange(done_, true)) return;
        result_ = std::move(result);
        finished();
    }
    void fail(Errc code, const char* operation, std::string why) { finish(failure(code, operation, std::move(why))); }

    // Once, when it is done.
    virtual void finished() {}

private:
    std::uint64_t number_;
    bool done_ = false;
    Result<void> result_{};
};

} // namespace kvilt::cluster
