// An operation that asks several nodes at once and knows each answer by its question.
#pragma once

#include <kvilt/cluster/coordinator.hpp>
#include <kvilt/cluster/operation.hpp>
#include <kvilt/cluster/position.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// What is asked is sent when the call that asks has been made to its end: where answers come in the call of send(),
// they do not pile up in one another's calls.
template <class Coordinator_>
class Letters : public Operation {
public:
    using Coordinator = Coordinator_;

    explicit Letters(Coordinator& coordinator)
        : Operation(coordinator.next_operation()), coordinator_(coordinator), era_(coordinator.era()) {}

    void start() final {
        begin();
        deliver();
    }

    void reply(const Message& message) final {
        coordinator_.heed(message);
        const auto question = answered(message.operation, message.from);
        if (!question) return;
        bytes_ += message.bytes();
        std::optional<Standing> standing;
        if (!message.error) standing = Standing::read(message.context);
        if (standing)
            take(*question, message, *standing);
        else
            refused(*question, message.error.value_or(Errc::corruption), message.payload);
        deliver();
    }

    // Whatever has not been answered is not waited for any more.
    void retry() final {
        const auto open = std::exchange(open_, {});
        for (const Question& question : open) lost(question);
        deliver();
    }

    std::uint64_t bytes() const noexcept { return bytes_; } // of all its messages, both ways

protected:
    enum class Purpose : std::uint8_t {
        canvass, // who leads, or who stands where
        vote,
        lead,
        request, // what the operation is for
        confirm, // does its term stand, and is it there
        follow,
        missing,
        supply,
        recall,  // what did the asking node, which has lost its memory, perhaps promise
        promise, // to itself, so that it is not promised twice
        erased,  // what a follower has that its leader may have forgotten
        look,
        forget,
    };
    struct Question {
        std::uint64_t tag = 0;
        NodeId node = no_node;
        Purpose purpose = Purpose::request;
        std::uint64_t round = 0; // of what, the operation knows
    };

    virtual void begin() = 0;
    virtual void take(const Question& question, const Message& reply, const Standing& standing) = 0;
    virtual void refused(const Question& question, Errc code, Bytes why) = 0;
    virtual void lost(const Question& question) = 0;

    // What `message` borrows outlives the operation, but for context and payload where they are given here.
    struct Owned {
        std::string context{};
        std::string payload{};
    };
    void ask(NodeId node, Purpose purpose, std::uint64_t round, Message message, Owned owned = {}) {
        const Question question{tag(++asked_ % phases), node, purpose, round};
        message.operation = question.tag;
        message.era = era_;
        outbox_.push_back({message, std::move(owned), question});
        open_.push_back(question);
    }

    bool waits_for(Purpose purpose, std::uint64_t round) const noexcept {
        for (const Question& question : open_)
            if (question.purpose == purpose && question.round == round) return true;
        return false;
    }

    Coordinator& coordinator() const noexcept { return coordinator_; }

    // There was a fence since it began.
    bool is_fenced() const noexcept { return coordinator_.era() > era_; }
    // What has been answered before counts for nothing any more.
    void enter_present_era() noexcept { era_ = coordinator_.era(); }

    // False: no reply will come.
    virtual bool send(Message& message, NodeId to) { return coordinator_.send(message, to, *this); }

private:
    struct Letter {
        Message message;
        Owned owned;
        Question question;
    };

    std::optional<Question> answered(std::uint64_t tag, NodeId from) {
        for (auto at = open_.begin(); at != open_.end(); ++at) {
            if (at->tag != tag || at->node != from) continue;
            const Question question = *at;
            open_.erase(at);
            return question;
        }
        return std::nullopt;
    }

    void deliver() {
        if (std::exchange(delivering_, true)) return;
        while (!outbox_.empty()) {
            Letter letter = std::move(outbox_.front());
            outbox_.pop_front();
            if (!letter.owned.context.empty()) letter.message.context = letter.owned.context;
            if (!letter.owned.payload.empty()) letter.message.payload = letter.owned.payload;
            bytes_ += letter.message.bytes();
            if (send(letter.message, letter.question.node)) continue;
            if (const auto question = answered(letter.question.tag, letter.question.node)) lost(*question);
        }
        delivering_ = false;
    }

    Coordinator& coordinator_;
    std::uint64_t era_;
    std::uint32_t asked_ = 0;
    std::deque<Letter> outbox_{};
    std::vector<Question> open_{};
    bool delivering_ = false;
    std::uint64_t bytes_ = 0;
};

} // namespace kvilt::cluster
