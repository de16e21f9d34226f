// The place of a node in a ring: where messages for it arrive, whether it lives or not.
#pragma once

#include <kvilt/cluster/gate.hpp>
#include <kvilt/cluster/member.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace kvilt::cluster {

// A message to a node that does not live is not answered. Messages may come from any thread; lives begin and end one
// at a time.
template <class Ring>
class Seat final : public Endpoint {
public:
    using Threads = typename Ring::Threads;
    using Pass = typename Gate<Threads>::Pass;

    void receive(const Message& request, ReplySink& sink) override {
        if (const Pass pass(gate_); pass) member_->receive(request, sink);
    }

    // A life begins. Others reach it from now on, or with open() later.
    void take(std::unique_ptr<Member<Ring>> member, bool opens = true) {
        member_ = std::move(member);
        why_down_.reset();
        if (opens) gate_.open();
    }
    void open() noexcept { gate_.open(); }
    void close() noexcept { gate_.close(); }

    // It ends; the member is what is left of it, if there was one.
    std::unique_ptr<Member<Ring>> leave() {
        gate_.close();
        return std::move(member_);
    }
    // It cannot begin.
    void stay_down(const Error& why) { why_down_ = why; }

    // Whoever holds a pass through it that is not empty may use member().
    Gate<Threads>& gate() noexcept { return gate_; }

    bool lives() const noexcept { return gate_.is_open(); }
    const std::optional<Error>& why_down() const noexcept { return why_down_; }

    // Calls act(Member&) if it lives.
    template <class Act>
    bool with(Act act) {
        const Pass pass(gate_);
        if (pass) act(*member_);
        return static_cast<bool>(pass);
    }
    // Of those who open and close it, and who hold a pass.
    Member<Ring>* member() noexcept { return member_.get(); }

private:
    Gate<Threads> gate_{};
    std::unique_ptr<Member<Ring>> member_{};
    std::optional<Error> why_down_{};
};

} // namespace kvilt::cluster
