// Opens the engines of a ring's nodes below one store directory, or wherever the nodes say.
#pragma once

#include <kvilt/cluster/member.hpp>
#include <kvilt/engine/engine.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

template <class Ring>
struct ClusterOptions {
    engine::EngineOptions<typename Ring::P> engine{};
    typename Ring::Partition::Options partition{};
    typename Ring::Replication::Options replication{};
    typename Ring::Conflict::Options conflict{};
};

// The store's directory holds a lock and a manifest with the formats and the layout of the placement; it is written
// when all nodes exist, so a node that is missing later is down, and never a new empty one.
template <class Ring>
class NodesOpening {
public:
    using P = typename Ring::P;
    using Engine = engine::Engine<P>;

    // In memory.
    explicit NodesOpening(const ClusterOptions<Ring>& options)
        requires(!P::on_disk)
        : options_(options.engine), environment_(Environment::system()) {}

    NodesOpening(const ClusterOptions<Ring>& options, const std::string& directory, const Environment& environment)
        requires P::on_disk
        : options_(options.engine), environment_(environment) {
        home_.environment = environment;
        home_.directory = directory;
    }

    const Environment& environment() const noexcept { return environment_; }

    Result<void> begin(const typename Ring::Placed& placed) {
        placed_ = &placed;
        options_ = engine::options_of_one(options_, placed.nodes());
        if constexpr (P::on_disk) {
            KVILT_TRY_ASSIGN(known, engine::open_home(home_, options_));
            known_ = known;
        }
        bool any = false;
        for (std::uint32_t node = 0; node < placed.nodes(); ++node) {
            auto engine = open_engine(NodeId{node}, !known_);
            why_down_.push_back(std::nullopt);
            engines_.push_back(nullptr);
            if (engine) {
                KVILT_TRY_ASSIGN(whole, is_whole(**engine));
                if (whole) {
                    engines_.back() = std::move(*engine);
                    any = true;
                } else {
                    why_down_.back() = not_whole(NodeId{node});
                }
                continue;
            }
            const Errc code = engine.error().code;
            const bool of_this_node = code == Errc::corruption || code == Errc::io || code == Errc::not_found;
            if (!known_ || !of_this_node) return std::unexpected(std::move(engine).error());
            why_down_.back() = std::move(engine).error();
        }
        if (!any) return std::unexpected(*why_down_.front());
        return {};
    }

    std::vector<std::unique_ptr<Engine>> take_engines() noexcept { return std::move(engines_); }
    const std::optional<Error>& why_down(NodeId node) const noexcept { return why_down_[node.number]; }

    // Once all nodes of a new store have begun.
    Result<void> conclude() {
        if constexpr (P::on_disk) {
            if (known_) return {};
            auto made = engine::Manifest::create(home_.environment, home_.directory, {.formats = options_.formats});
            if (!made) return std::unexpected(std::move(made).error());
            home_.manifest = std::move(*made);
            known_ = true;
        }
        return {};
    }

    // `fresh`: makes one, where none may be.
    Result<std::unique_ptr<Engine>> open_engine(NodeId node, bool fresh) const {
        engine::EngineOptions<P> options = options_;
        options.create = fresh;
        if constexpr (P::on_disk)
            return Engine::open(std::move(options), directory_of(node), environment_);
        else
            return Engine::open(std::move(options));
    }

    std::string directory_of(NodeId node) const {
        const std::string& given = placed_->map().nodes()[node].directory;
        if constexpr (P::on_disk) {
            if (given.empty()) return home_.directory + "/node-" + std::to_string(node.number);
        }
        return given;
    }

    static Error not_whole(NodeId node) {
        return {Errc::not_found, 0, "open node",
                "node " + std::to_string(node.number) + " was being rebuilt and is not whole: rebuild it"};
    }

private:
    // Of a new store each node is whole from the beginning.
    Result<bool> is_whole(Engine& engine) const {
        NodeMemory<P> memory(engine);
        if (!known_) KVILT_TRY(memory.set_whole());
        return memory.whole();
    }

    engine::EngineOptions<P> options_;
    Environment environment_;
    [[no_unique_address]] engine::HomeOf<P> home_{};
    const typename Ring::Placed* placed_ = nullptr;
    bool known_ = false;
    std::vector<std::unique_ptr<Engine>> engines_{};
    std::vector<std::optional<Error>> why_down_{};
};

} // namespace kvilt::cluster
