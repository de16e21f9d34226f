// A message between nodes that keeps its bytes: what is under way in a simulated network.
// docs/testing.md
#pragma once

#include <kvilt/core/message.hpp>

#include <string>

namespace kvilt::sim {

// Not copyable: the message refers to the bytes beside it.
class OwnedMessage {
public:
    explicit OwnedMessage(const Message& message)
        : message_(message), key_(message.key), context_(message.context), payload_(message.payload) {
        message_.key = key_;
        message_.context = context_;
        message_.payload = payload_;
        if (message.cell) set_cell(*message.cell);
    }
    OwnedMessage(const OwnedMessage&) = delete;
    OwnedMessage& operator=(const OwnedMessage&) = delete;

    const Message& message() const noexcept { return message_; }

    // For those who plant faults. What they point it at must live as long.
    Message& message() noexcept { return message_; }
    void set_cell(const Cell& cell) {
        std::string stamp(cell.stamp);
        std::string value(cell.value);
        stamp_ = std::move(stamp);
        value_ = std::move(value);
        message_.cell = Cell{cell.kind, stamp_, value_};
    }
    void set_context(Bytes context) {
        context_ = std::string(context);
        message_.context = context_;
    }

private:
    Message message_;
    std::string key_;
    std::string context_;
    std::string payload_;
    std::string stamp_{};
    std::string value_{};
};

} // namespace kvilt::sim
