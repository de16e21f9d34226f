// Several engines in one process, each in its own directory: direct calls to the one whose node owns a key.
// docs/policies/partition.md
#pragma once

#include <kvilt/cluster/merged_scan.hpp>
#include <kvilt/cluster/shard_scan.hpp>
#include <kvilt/cluster/shards_opening.hpp>
#include <kvilt/engine/engine.hpp>
#include <kvilt/partition/concept.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// There is one engine for each node of the partition; here and on disk it is called a shard.
// Thread-safe under threads::Many: writers of different shards go in parallel. A batch over shards holds the writer
// locks of all its shards, taken in the order of their numbers.
template <class P, PartitionPolicy Partition>
class Router final : private engine::Peers {
public:
    using Engine = engine::Engine<P>;
    using WriteOptions = engine::WriteOptions;
    using SnapshotMark = std::vector<Sequence>;
    using Map = typename Partition::Map;
    using ScanCursor = std::conditional_t<scatters<Partition>, MergedScan<P>, ShardScan<P>>;
    using Home = engine::HomeOf<P>;

    static Result<std::unique_ptr<Router>> open(engine::EngineOptions<P> options,
                                                const typename Partition::Options& partition)
        requires(!P::on_disk)
    {
        Map map(partition);
        std::vector<std::unique_ptr<Engine>> shards;
        for (std::size_t shard = 0; shard < map.nodes().size(); ++shard) {
            KVILT_TRY_ASSIGN(engine, Engine::open(engine::options_of_one(options, map.nodes().size())));
            shards.push_back(std::move(engine));
        }
        return std::make_unique<Router>(std::move(map), std::move(shards), Home{});
    }

    static Result<std::unique_ptr<Router>> open(engine::EngineOptions<P> options,
                                                const typename Partition::Options& partition,
                                                const std::string& directory, const Environment& environment)
        requires P::on_disk
    {
        Map map(partition);
        ShardsOpening<P> opening(std::move(options), directory, environment);
        KVILT_TRY_ASSIGN(shards, opening.open(map.nodes()));
        return std::make_unique<Router>(std::move(map), std::move(shards), opening.take_home());
    }

    Router(Map map, std::vector<std::unique_ptr<Engine>> shards, Home home)
        : home_(std::move(home)), map_(std::move(map)), shards_(std::move(shards)) {
        for (auto& shard : shards_) shard->state().peers = this;
    }
    ~Router() {
        for (auto& shard : shards_) shard->upkeep().stop(); // none may call its peers once one has gone
    }

    // ---- writing

    Result<void> put(Bytes key, Bytes value, const WriteOptions& options) {
        return synced(options, [&](const WriteOptions& rest) { return shard_of(key).put(key, value, rest); });
    }
    Result<void> erase(Bytes key, const WriteOptions& options) {
        return synced(options, [&](const WriteOptions& rest) { return shard_of(key).erase(key, rest); });
    }
    Result<bool> compare_and_set(Bytes key, std::optional<Bytes> expected, Bytes desired, const WriteOptions& options) {
        return synced(options, [&](const WriteOptions& rest) {
            return shard_of(key).compare_and_set(key, expected, desired, rest);
        });
    }

    Result<void> apply(const Batch& batch, const WriteOptions& options) {
        KVILT_TRY(Engine::check_batch(batch));
        KVILT_TRY(Engine::check_sync(options));
        std::vector<Part> parts = split(batch);
        if (parts.empty()) return {};
        if (parts.size() == 1)
            return synced(options,
                          [&](const WriteOptions& rest) { return shards_[parts[0].shard]->apply(batch, rest); });
        return synced(options, [&](const WriteOptions& rest) { return apply_parts(parts, rest); });
    }

    // ---- reading

    template <class Use>
    Result<bool> view(Bytes key, const std::optional<SnapshotMark>& at, Use&& use) const {
        const std::size_t shard = place(key);
        return shards_[shard]->view(key, at ? std::optional((*at)[shard]) : std::nullopt, std::forward<Use>(use));
    }

    // The shards one after the other where their keys are in order too; else merged.
    ScanCursor scan(Range range, const std::optional<SnapshotMark>& at) const
        requires(Map::ordered || scatters<Partition>)
    {
        std::vector<engine::Scan<P>> scans;
        const SnapshotMark marks = at ? *at : take_snapshot();
        for (std::size_t shard = 0; shard < shards_.size(); ++shard)
            scans.push_back(shards_[shard]->scan(range, marks[shard]));
        if (!at) release_snapshot(marks);
        return ScanCursor(std::move(scans));
    }

    // A sequence for each shard, taken while no shard is being written.
    SnapshotMark take_snapshot() const {
        const auto locks = lock_all();
        SnapshotMark marks;
        for (const auto& shard : shards_) marks.push_back(shard->take_snapshot());
        return marks;
    }
    void release_snapshot(const SnapshotMark& marks) const noexcept {
        for (std::size_t shard = 0; shard < shards_.size(); ++shard) shards_[shard]->release_snapshot(marks[shard]);
    }

    // ---- upkeep

    Result<void> sync()
        requires P::durable
    {
        return make_durable();
    }
    Result<void> flush()
        requires P::tables
    {
        return each([](Engine& shard) { return shard.flush(); });
    }
    Result<void> compact() {
        return each([](Engine& shard) { return shard.compact(); });
    }
    Result<void> resume()
        requires P::on_disk
    {
        return each([](Engine& shard) { return shard.resume(); });
    }
    Result<void> close() {
        return each([](Engine& shard) { return shard.close(); });
    }

    // No batch over shards falls between the copies of two shards.
    Result<void> checkpoint(const std::string& directory)
        requires P::on_disk
    {
        const std::lock_guard lock(batching_);
        KVILT_TRY(engine::prepare_checkpoint(*home_.environment.files, directory));
        for (std::size_t shard = 0; shard < shards_.size(); ++shard)
            KVILT_TRY(shards_[shard]->checkpoint(shard_directory(directory, shard)));
        auto made = engine::Manifest::create(home_.environment, directory, home_.manifest->state());
        if (!made) return std::unexpected(std::move(made).error());
        return {};
    }

    Result<std::uint64_t> verify() const
        requires P::on_disk
    {
        std::uint64_t bytes = 0;
        for (const auto& shard : shards_) {
            KVILT_TRY_ASSIGN(checked, shard->verify());
            bytes += checked;
        }
        return bytes;
    }

    Stats stats() const {
        Stats sum = shards_.front()->stats();
        for (std::size_t shard = 1; shard < shards_.size(); ++shard) sum.add(shards_[shard]->stats());
        return sum;
    }

private:
    struct Part {
        std::size_t shard;
        Batch records;
    };
    using Logged = typename engine::Writer<P>::Logged;

    std::size_t place(Bytes key) const { return map_.owner(map_.shard_of(key)).number; }
    Engine& shard_of(Bytes key) const { return *shards_[place(key)]; }

    template <class Act>
    Result<void> each(Act act) {
        Result<void> first;
        for (auto& shard : shards_)
            if (auto result = act(*shard); !result && first) first = std::move(result);
        return first;
    }

    // A write that is to survive power loss must not survive what was acknowledged before it on another shard, nor be
    // cut off behind a batch whose other part is lost there.
    template <class Write>
    auto synced(const WriteOptions& options, Write write) -> decltype(write(options)) {
        if (!shards_.front()->syncs(options)) return write(options);
        KVILT_TRY(Engine::check_sync(options));
        auto written = write(WriteOptions{});
        if (!written) return written;
        KVILT_TRY(make_durable());
        return written;
    }

    // Where one shard fails all are read-only: what they took may hang on its part of a batch.
    Result<void> make_durable() override {
        if constexpr (P::durable)
            for (auto& shard : shards_)
                if (auto synced = shard->sync_to(shard->state().log->end()); !synced) {
                    for (auto& other : shards_) (void)other->state().health.poison(synced.error());
                    return synced;
                }
        return {};
    }

    std::vector<std::unique_lock<typename P::Threads::Mutex>> lock_all() const {
        std::vector<std::unique_lock<typename P::Threads::Mutex>> locks;
        for (const auto& shard : shards_) locks.emplace_back(shard->state().writer);
        return locks;
    }

    std::vector<Part> split(const Batch& batch) const {
        std::vector<Part> parts;
        std::vector<std::size_t> part_of(shards_.size(), shards_.size());
        batch.for_each([&](const LogRecord& record) {
            const std::size_t shard = place(record.key());
            if (part_of[shard] == shards_.size()) {
                part_of[shard] = parts.size();
                parts.push_back({shard, {}});
            }
            parts[part_of[shard]].records.add(record.record());
        });
        std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.shard < b.shard; });
        return parts;
    }

    // Every part names all parts with their first sequences: recovery counts a batch if it finds them all.
    Result<void> apply_parts(const std::vector<Part>& parts, const WriteOptions& options) {
        const std::lock_guard lock(batching_);
        const std::size_t descriptor_bytes =
            P::durable ? LogRecord::bytes_for(0, 0, PartDescriptor::bytes_for(parts.size())) : 0;
        for (;;) {
            KVILT_TRY_ASSIGN(blocked, try_apply(parts, descriptor_bytes));
            if (blocked == nullptr) break;
            if constexpr (P::tables) KVILT_TRY(blocked->upkeep().make_way());
        }
        for (const Part& part : parts) {
            Engine& shard = *shards_[part.shard];
            KVILT_TRY(shard.after_commit(shard.state().log->end(), part.records.bytes().size(), options));
        }
        return {};
    }

    // The shard that has no room yet, or null: done.
    Result<Engine*> try_apply(const std::vector<Part>& parts, std::size_t descriptor_bytes) {
        std::vector<std::unique_lock<typename P::Threads::Mutex>> locks;
        for (const Part& part : parts) locks.emplace_back(shards_[part.shard]->state().writer);
        for (const Part& part : parts) {
            Engine& shard = *shards_[part.shard];
            KVILT_TRY_ASSIGN(ready, shard.writer().prepare(descriptor_bytes + part.records.bytes().size()));
            if (!ready) return &shard;
        }
        PartDescriptor descriptor;
        for (const Part& part : parts) descriptor.add(part.shard, shards_[part.shard]->state().published.load() + 1);
        std::vector<Logged> logged;
        for (const Part& part : parts) {
            auto one = log_part(part, descriptor, descriptor_bytes);
            if (!one) return withdraw(parts, logged, std::move(one).error());
            logged.push_back(std::move(*one));
        }
        for (std::size_t part = 0; part < parts.size(); ++part)
            shards_[parts[part].shard]->writer().publish(logged[part]);
        return nullptr;
    }

    Result<Logged> log_part(const Part& part, const PartDescriptor& descriptor, std::size_t descriptor_bytes) {
        engine::State<P>& state = shards_[part.shard]->state();
        const Bytes records = part.records.bytes();
        state.active->has_parts = P::durable;
        return shards_[part.shard]->writer().log_frame(
            P::durable ? FrameKind::part : FrameKind::records, descriptor_bytes + records.size(), part.records.count(),
            [&](char* at, Sequence first) {
                if constexpr (P::durable) LogRecord::write(at, {.cell = {.value = descriptor.bytes()}});
                engine::Writer<P>::copy_numbered(at + descriptor_bytes, records, first);
            });
    }

    // A part stands in a log without its fellows: nothing may be logged behind it, lest it seem to have them.
    std::unexpected<Error> withdraw(const std::vector<Part>& parts, const std::vector<Logged>& logged, Error error) {
        for (std::size_t part = 0; part < parts.size(); ++part) {
            engine::State<P>& state = shards_[parts[part].shard]->state();
            (void)state.health.poison(error);
            if constexpr (P::durable)
                if (part < logged.size()) state.log->withdraw(logged[part].frame.position, error);
        }
        return std::unexpected(std::move(error));
    }

    [[no_unique_address]] Home home_;
    Map map_;
    std::vector<std::unique_ptr<Engine>> shards_;
    [[no_unique_address]] typename P::Threads::Mutex batching_;
};

} // namespace kvilt::cluster
