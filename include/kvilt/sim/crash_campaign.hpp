// Power loss and death of the process at every call that is made to a world in memory.
// docs/testing.md
#pragma once

#include <kvilt/env/memory.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::sim {

// One way to die at one crash point.
struct Death {
    std::uint64_t point = 0; // counts the crash points of a campaign from 1
    std::uint64_t draw = 0;  // of the seed, the point and the way: for what the judge leaves to chance
    bool power_lost = true;  // false: only the process died
    std::string place{};     // "before call 17 (sync store/log-000001), half of the unsynced kept"
    // The world that it leaves; may be asked for more than once while the death is judged.
    std::function<std::unique_ptr<MemoryWorld>()> world{};
};

// Watches a world in which a workload runs, and lets it die before every call and wherever the workload says so; the
// workload itself goes on unharmed. Each death is handed to a judge, who opens what is left and says what is wrong with
// it. Ends with the first complaint. Outlives the watched world, or is told to leave it. For one thread.
class CrashCampaign {
public:
    struct Options {
        std::uint64_t seed = 1;
        std::uint64_t every = 1; // one of so many points is died at, by chance
        std::uint64_t only = 0;  // this point alone; 0: all
    };
    // Returns an empty string, or a sentence.
    using Judge = std::function<std::string(const Death&)>;

    CrashCampaign(const Options& options, Judge judge) : options_(options), judge_(std::move(judge)) {}
    CrashCampaign(const CrashCampaign&) = delete;
    CrashCampaign& operator=(const CrashCampaign&) = delete;

    void watch(MemoryWorld& world) {
        world.on_call([this, &world](const Call& call) {
            if (!call.done)
                visit(world, [&call] {
                    return "before call " + std::to_string(call.number) + " (" + name_of(call.kind) + " " + call.path +
                           ")";
                });
        });
    }
    static void leave(MemoryWorld& world) { world.on_call({}); }

    // A crash point between two calls, such as behind a commit that makes none.
    void point(const MemoryWorld& world, const std::string& place) {
        visit(world, [&place] { return place; });
    }

    // What the judge said, with the place; empty: nothing.
    const std::string& broken() const noexcept { return broken_; }
    std::uint64_t broken_point() const noexcept { return broken_.empty() ? 0 : points_; }
    std::uint64_t points() const noexcept { return points_; }
    std::uint64_t deaths() const noexcept { return deaths_; }

private:
    template <class Place>
    void visit(const MemoryWorld& world, Place place) {
        if (!broken_.empty()) return;
        ++points_;
        const std::uint64_t draw = mix(options_.seed, points_);
        if (options_.only == 0 ? draw % options_.every == 0 : options_.only == points_) die(world, place(), draw);
    }

    void die(const MemoryWorld& world, const std::string& place, std::uint64_t draw) {
        const std::vector<Unsynced> unsynced = world.unsynced();
        const auto lose_power = [&](std::uint64_t way, const CrashChoice& choice, const char* name) {
            judge(place + ", " + name, mix(draw, way), true, [&world, &choice] { return world.crash(choice); });
        };
        lose_power(1, CrashChoice::nothing_unsynced(), "nothing unsynced kept");
        if (unsynced.empty()) return; // all other worlds are this one
        lose_power(2, CrashChoice::everything(), "everything kept");
        lose_power(3, CrashChoice::seeded(draw, 50), "half of the unsynced kept");
        lose_power(4, CrashChoice::seeded(draw, 95), "most of the unsynced kept");
        lose_power(5, journal(unsynced, draw), "names kept in order");
        judge(place + ", only the process died", mix(draw, 6), false, [&world] { return world.kill(); });
    }

    template <class MakeWorld>
    void judge(const std::string& place, std::uint64_t draw, bool power_lost, MakeWorld make) {
        if (!broken_.empty()) return;
        ++deaths_;
        const Death death{points_, draw, power_lost, place, make};
        if (std::string complaint = judge_(death); !complaint.empty()) broken_ = complaint + "; died " + death.place;
    }

    // The changes of names up to some moment, as of a file system that keeps a journal, and half of the rest.
    static CrashChoice journal(const std::vector<Unsynced>& unsynced, std::uint64_t draw) {
        std::vector<std::uint64_t> changes{0};
        for (const Unsynced& item : unsynced)
            if (item.kind == Unsynced::Kind::name) changes.push_back(item.number + 1);
        return CrashChoice::names_before(changes[draw % changes.size()], CrashChoice::seeded(draw, 50));
    }

    Options options_;
    Judge judge_;
    std::uint64_t points_ = 0;
    std::uint64_t deaths_ = 0;
    std::string broken_{};
};

} // namespace kvilt::sim
