// Opens the shards of one store together: a batch over shards counts only if every part of it is there.
#pragma once

#include <kvilt/cluster/part_descriptor.hpp>
#include <kvilt/core/node.hpp>
#include <kvilt/engine/engine.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

inline std::string shard_directory(const std::string& directory, std::size_t shard) {
    return directory + "/shard-" + std::to_string(shard);
}

// One engine for each node, called a shard of the store: it holds all that its node owns. The directory above holds a
// lock and a manifest with the formats and the layout of the partition; it is written when all shards exist, so a shard
// that is missing later is an error and never a new empty one.
template <class P>
    requires P::on_disk
class ShardsOpening {
public:
    using Engine = engine::Engine<P>;

    ShardsOpening(engine::EngineOptions<P> options, std::string directory, const Environment& environment)
        : options_(std::move(options)) {
        home_.environment = environment;
        home_.directory = std::move(directory);
    }

    Result<std::vector<std::unique_ptr<Engine>>> open(const NodeList& nodes) {
        KVILT_TRY_ASSIGN(known, engine::open_home(home_, options_));
        engine::EngineOptions<P> each = engine::options_of_one(options_, nodes.size());
        each.create = !known;
        for (const NodeSpec& node : nodes) {
            auto opening = begin(each, node);
            if (!opening) return std::unexpected(std::move(opening).error());
            shards_.push_back(Shard{std::move(*opening), {}, 0, {}});
        }
        if constexpr (P::durable) KVILT_TRY(agree());
        std::vector<std::unique_ptr<Engine>> engines;
        for (Shard& shard : shards_) {
            KVILT_TRY_ASSIGN(state, shard.opening.finish());
            engines.push_back(std::make_unique<Engine>(std::move(state)));
        }
        if (!known) KVILT_TRY(create_manifest());
        return engines;
    }

    engine::Home take_home() noexcept { return std::move(home_); }

private:
    struct Part {
        LogPosition position;
        Sequence before; // the highest sequence in front of it
        PartDescriptor descriptor;
    };
    struct Shard {
        engine::Opening<P> opening;
        std::vector<Part> parts;
        Sequence highest;
        LogPosition cut;
    };

    // A directory of the user's choice says which node it is of, lest two be exchanged.
    Result<engine::Opening<P>> begin(engine::EngineOptions<P> options, const NodeSpec& node) const {
        if (node.directory.empty())
            return engine::Opening<P>::begin(std::move(options), shard_directory(home_.directory, shards_.size()),
                                             home_.environment);
        options.formats.emplace_back(engine::node_format, std::to_string(shards_.size()));
        return engine::Opening<P>::begin(std::move(options), node.directory, home_.environment);
    }

    // Cutting one log may cut a part that another log relies on, so it is repeated until nothing changes. What was
    // synced stands: a batch's parts are all synced before anything behind one of them is.
    Result<void> agree() {
        for (Shard& shard : shards_) KVILT_TRY(collect(shard));
        for (bool changed = true; changed;) {
            changed = false;
            for (Shard& shard : shards_) {
                KVILT_TRY_ASSIGN(cut, cut_first_broken(shard));
                changed = changed || cut;
            }
        }
        return {};
    }

    Result<void> collect(Shard& shard) {
        shard.highest = shard.opening.flushed();
        return shard.opening.visit([&](const Frame& frame) -> Result<void> {
            bool descriptor = frame.kind == FrameKind::part;
            const Sequence before = shard.highest;
            bool readable = true;
            frame.for_each([&](const LogRecord& record) {
                if (!std::exchange(descriptor, false)) {
                    shard.highest = std::max(shard.highest, record.sequence());
                    return;
                }
                auto parsed = PartDescriptor::parse(record.value());
                readable = parsed && parsed->shard_count_fits(shards_.size());
                if (readable) shard.parts.push_back({frame.position, before, std::move(*parsed)});
            });
            if (readable) return {};
            return failure(Errc::corruption, "open store", "a batch names shards that " + home_.directory + " has not");
        });
    }

    Result<bool> cut_first_broken(Shard& shard) {
        const auto broken = std::find_if(shard.parts.begin(), shard.parts.end(), [&](const Part& part) {
            return !part.descriptor.all_of(
                [&](std::size_t which, Sequence first) { return shards_[which].highest >= first; });
        });
        if (broken == shard.parts.end()) return false;
        shard.opening.truncate(broken->position);
        shard.highest = broken->before;
        shard.parts.erase(broken, shard.parts.end());
        return true;
    }

    Result<void> create_manifest() {
        auto made = engine::Manifest::create(home_.environment, home_.directory, {.formats = options_.formats});
        if (!made) return std::unexpected(std::move(made).error());
        home_.manifest = std::move(*made);
        return {};
    }

    engine::EngineOptions<P> options_;
    engine::Home home_{};
    std::vector<Shard> shards_{};
};

} // namespace kvilt::cluster
