// One page of a scan over a shard, from as many homes as a read asks.
#pragma once

#include <kvilt/cluster/cell_buffer.hpp>
#include <kvilt/cluster/coordinator.hpp>
#include <kvilt/cluster/homes.hpp>
#include <kvilt/cluster/operation.hpp>
#include <kvilt/cluster/payload.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

struct PageRequest {
    ShardId shard = 0;
    std::string from{}; // the first key, or in reverse the one behind the first; in reverse none: the end
    bool reverse = false;
    std::size_t bytes = 64 * 1024;
};

// The live pairs of a page in its order, and where the next page begins, if there is one.
struct KeyPage {
    std::vector<std::pair<std::string, std::string>> pairs{};
    std::optional<std::string> next{};
};

// Joins what the homes say, up to the key that all of them have reached.
template <class Coordinator>
class PageOperation final : public Operation {
public:
    using C = typename Coordinator::Conflict;
    using R = typename Coordinator::Replication;
    static constexpr std::size_t copies = R::copies;

    PageOperation(Coordinator& coordinator, PageRequest request)
        : Operation(coordinator.next_operation()), coordinator_(coordinator), request_(std::move(request)),
          homes_(coordinator.placed().homes(request_.shard)), era_(coordinator.era()) {}

    void start() override {
        auto plan = R::read_plan(Level::standard, coordinator_.replication());
        if (!plan) return finish(std::unexpected(std::move(plan).error()));
        needed_ = plan->needed;
        ask(needed_);
    }
    void retry() override { ask(copies); }
    void expire() override {
        fail(Errc::unavailable, "scan",
             std::to_string(replies_.size()) + " of " + std::to_string(needed_) + " needed nodes have answered");
    }

    void reply(const Message& message) override {
        coordinator_.heed(message);
        if (done() || homes_.answered_by(message.from, !message.error) == nullptr || message.error) return;
        replies_.push_back({std::string(message.payload), message.number != 0});
        if (replies_.size() == needed_) finish();
    }

    // Once it is done well. `value` of a cell: C::for_each_value.
    using Page = KeyPage;
    template <class ValueOf>
    Result<Page> page(ValueOf value_of) const {
        std::map<std::string, Joined<C>, std::less<>> joined;
        std::optional<std::string> horizon;
        for (const Reply& reply : replies_) {
            Bytes last;
            const bool read = payload::for_each_cell(reply.cells, [&](const payload::Entry& entry) {
                joined[std::string(entry.key)].add(entry.cell);
                last = entry.key;
            });
            if (!read) return failure(Errc::corruption, "scan", "an answer is malformed");
            if (reply.more && (!horizon || (request_.reverse ? last > *horizon : last < *horizon)))
                horizon = std::string(last);
        }
        Page page;
        const auto add = [&](const std::string& key, const Joined<C>& cell) -> Result<void> {
            if (horizon && (request_.reverse ? key < *horizon : key > *horizon)) return {};
            KVILT_TRY_ASSIGN(value, value_of(*cell.cell()));
            if (value) page.pairs.emplace_back(key, std::move(*value));
            return {};
        };
        if (request_.reverse)
            for (auto at = joined.rbegin(); at != joined.rend(); ++at) KVILT_TRY(add(at->first, at->second));
        else
            for (const auto& [key, cell] : joined) KVILT_TRY(add(key, cell));
        if (horizon) page.next = request_.reverse ? *horizon : *horizon + '\0';
        return page;
    }

private:
    using State = typename Homes<copies>::State;

    // So many answers are expected then.
    void ask(std::size_t count) {
        for (auto& place : homes_.places()) {
            if (done() || homes_.count(State::asked) + homes_.count(State::answered) >= count) return;
            if (place.state != State::idle || !coordinator_.alive(place.home)) continue;
            Message page{.kind = MessageKind::page,
                         .era = era_,
                         .operation = tag(0),
                         .number = request_.bytes,
                         .shard = request_.shard,
                         .reverse = request_.reverse,
                         .key = request_.from};
            homes_.ask(place, place.home);
            if (!coordinator_.send(page, place.home, *this) && place.state == State::asked) place.state = State::failed;
        }
    }

    struct Reply {
        std::string cells;
        bool more;
    };

    Coordinator& coordinator_;
    PageRequest request_;
    Homes<copies> homes_;
    std::uint64_t era_;
    std::size_t needed_ = 1;
    std::vector<Reply> replies_{};
};

} // namespace kvilt::cluster
