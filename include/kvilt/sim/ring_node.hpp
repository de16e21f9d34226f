// One node of a simulated ring: the member that ships, its disk that may lose what was not synced, its wrong clock.
// docs/testing.md
#pragma once

#include <kvilt/cluster/member.hpp>
#include <kvilt/env/memory.hpp>
#include <kvilt/sim/detector.hpp>
#include <kvilt/sim/node_clock.hpp>
#include <kvilt/sim/ring_network.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::sim {

// What a ring is opened with.
template <class Ring>
struct RingSetting {
    engine::EngineOptions<typename Ring::P> engine{};
    typename Ring::Partition::Options partition{};
    typename Ring::Replication::Options replication{};
    typename Ring::Conflict::Options conflict{};
};

// For one thread. Everything in the setting and the context outlives it.
template <class Ring>
class RingNode final : public Station {
public:
    using P = typename Ring::P;
    using Member = cluster::Member<Ring>;
    using Engine = engine::Engine<P>;

    struct Context {
        const RingSetting<Ring>& setting;
        const typename Ring::Placed& placed;
        RingNetwork& network;
        typename Ring::Time* shared_time;
        std::uint64_t seed;
    };

    RingNode(NodeId self, const Context& context)
        : self_(self), context_(context), clock_(context.network.links().queue()),
          detector_(context.network.links(), mix(context.seed, 0xde7)) {
        context_.network.attach(self, *this);
    }

    NodeId self() const noexcept { return self_; }
    bool lives() const noexcept { return member_ != nullptr; }
    bool answers() const noexcept { return answers_; }
    Member& member() noexcept { return *member_; }
    NodeClock& clock() noexcept { return clock_; }
    Detector& detector() noexcept { return detector_; }
    MemoryWorld& world() noexcept { return *world_; }

    // ---- lives

    // With an empty disk. `whole`: as every node of a new ring is.
    Result<void> begin(bool whole) {
        world_ = std::make_unique<MemoryWorld>(
            MemoryWorld::Options{.seed = mix(context_.seed, ++disks_), .file_bytes_max = 64_MiB});
        KVILT_TRY(open(true));
        if (whole) KVILT_TRY(member_->memory().set_whole());
        answers_ = whole;
        return {};
    }

    // With what is on its disk. It answers if that is whole. Errc::corruption: damaged.
    Result<void> restart() {
        KVILT_TRY(open(false));
        KVILT_TRY_ASSIGN(whole, member_->memory().whole());
        answers_ = whole;
        return {};
    }

    // It has gathered what it is to have.
    Result<void> become_whole() {
        KVILT_TRY(member_->memory().set_whole());
        answers_ = true;
        return {};
    }

    // Power is lost: what it was doing is not answered, and its disk has what was synced and some of the rest.
    void crash(const CrashChoice& choice) {
        auto calls = std::exchange(calls_, {});
        answers_ = false;
        for (auto& [number, call] : calls) {
            call->operation.reset();
            call->done(nullptr);
        }
        auto world = world_->crash(choice);
        member_.reset();
        world_ = std::move(world);
    }

    // Damages a byte that was there when this life began, and so is known to have been durable: what can be found, and
    // is not taken for a torn tail. False if there is none. To be followed by a crash: the running engine may have read
    // it before.
    Result<bool> flip(Draws& draws) {
        KVILT_TRY_ASSIGN(names, world_->files().list("node"));
        std::vector<std::pair<std::string, std::uint64_t>> files;
        for (const std::string& name : names)
            if (const auto found = at_birth_.find(name); found != at_birth_.end()) {
                KVILT_TRY_ASSIGN(now, world_->contents("node/" + name));
                if (now.starts_with(found->second)) files.emplace_back("node/" + name, found->second.size());
            }
        if (files.empty()) return false;
        const auto& [where, length] = files[draws.below(files.size())];
        const std::uint64_t offset = draws.below(length);
        const auto mask = static_cast<unsigned char>(1u << draws.below(8));
        KVILT_TRY(world_->flip(where, offset, mask));
        return true;
    }

    // ---- its own operations

    struct Patience {
        std::uint64_t retry_us = 20'000;
        std::uint64_t expire_us = 60'000;
    };

    // Starts it. done(Op*) is called once, after it: null if the node dies before.
    template <class Op, class Done>
    void launch(std::unique_ptr<Op> operation, const Patience& patience, Done done) {
        Op* const raw = operation.get();
        auto call = std::make_shared<Call>();
        call->operation = std::move(operation);
        call->done = [raw, done = std::move(done)](cluster::Operation* finished) {
            done(finished == nullptr ? nullptr : raw);
        };
        const std::uint64_t number = raw->number();
        calls_.emplace(number, call);
        Network& links = context_.network.links();
        call->retry = links.after(self_, patience.retry_us,
                                  [this, number] { act(number, [](cluster::Operation& of) { of.retry(); }); });
        call->expire = links.after(self_, patience.expire_us,
                                   [this, number] { act(number, [](cluster::Operation& of) { of.expire(); }); });
        act(number, [](cluster::Operation& of) { of.start(); });
    }

    // ---- messages

    void receive(const Message& request, ReplySink& sink) override {
        if (answers_) member_->receive(request, sink);
    }

    void hear(const Message& reply) override {
        act(cluster::Operation::number_of(reply), [&](cluster::Operation& of) { of.reply(reply); });
    }

private:
    struct Call {
        std::unique_ptr<cluster::Operation> operation{};
        std::function<void(cluster::Operation*)> done{};
        EventQueue::Timer retry{};
        EventQueue::Timer expire{};
    };

    template <class Act>
    void act(std::uint64_t number, Act what) {
        const auto found = calls_.find(number);
        if (found == calls_.end()) return;
        const std::shared_ptr<Call> call = found->second;
        what(*call->operation);
        if (!call->operation->done()) return;
        calls_.erase(number);
        EventQueue& queue = context_.network.links().queue();
        queue.cancel(call->retry);
        queue.cancel(call->expire);
        call->done(call->operation.get());
    }

    Result<void> open(bool fresh) {
        engine::EngineOptions<P> options = context_.setting.engine;
        options.create = fresh;
        Environment environment = world_->environment();
        environment.clock = &clock_;
        KVILT_TRY_ASSIGN(engine, Engine::open(std::move(options), "node", environment));
        if (!fresh) KVILT_TRY(remember_files());
        const cluster::RingContext<Ring> context{
            context_.placed,           context_.network, environment,         context_.setting.replication,
            context_.setting.conflict, &detector_,       context_.shared_time};
        KVILT_TRY_ASSIGN(member, Member::open(self_, std::move(engine), context));
        member_ = std::move(member);
        return fresh ? remember_files() : Result<void>{};
    }

    // What is behind a later synced frame, at the latest when the node is whole.
    Result<void> remember_files() {
        at_birth_.clear();
        KVILT_TRY_ASSIGN(names, world_->files().list("node"));
        for (const std::string& name : names) {
            KVILT_TRY_ASSIGN(text, world_->contents("node/" + name));
            text.resize(text.find_last_not_of('\0') + 1);
            if (!text.empty()) at_birth_[name] = std::move(text);
        }
        return {};
    }

    NodeId self_;
    Context context_;
    NodeClock clock_;
    Detector detector_;
    std::uint64_t disks_ = 0;
    std::unique_ptr<MemoryWorld> world_{};
    std::unique_ptr<Member> member_{}; // in the world
    bool answers_ = false;
    std::map<std::string, std::string> at_birth_{};          // its files when this life began
    std::map<std::uint64_t, std::shared_ptr<Call>> calls_{}; // refer to the member
};

} // namespace kvilt::sim
