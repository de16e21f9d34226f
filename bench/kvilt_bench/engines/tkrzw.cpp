// Tkrzw: its hash, which keeps no order, and its B+ tree over a hash of pages. Both on its parallel memory-mapped file.
#ifdef KVILT_BENCH_TKRZW

#include "all.hpp"
#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <tkrzw_dbm_hash.h>
#include <tkrzw_dbm_tree.h>
#include <tkrzw_file_mmap.h>
#include <utility>

namespace bench {
namespace {

using tkrzw::DBM;
using tkrzw::Status;

void must(const Status& status, const char* call) {
    if (status != Status::SUCCESS)
        throw std::runtime_error(std::string("Tkrzw, ") + call + ": " + tkrzw::ToString(status));
}

// The library's processors for these two are private to it.
struct Setter final : DBM::RecordProcessor {
    std::string_view ProcessFull(std::string_view, std::string_view) override { return value; }
    std::string_view ProcessEmpty(std::string_view) override { return value; }

    std::string_view value{};
};

struct Visitor final : DBM::RecordProcessor {
    explicit Visitor(Sum& met) : sum(met) {}
    std::string_view ProcessFull(std::string_view key, std::string_view value) override {
        sum.add(key, value);
        return NOOP;
    }

    Sum& sum;
};

// One for all threads: the database locks by itself.
class TkrzwSession : public Session {
public:
    TkrzwSession(DBM& database, bool again) : database_(database), again_(again) {}

    void put(Bytes key, Bytes value) override { must(database_.Set(key, value), "Set"); }
    void put_synced(Bytes key, Bytes value) override {
        put(key, value);
        must(database_.Synchronize(true), "Synchronize");
    }
    void put_batch(std::span<const Entry> entries) override {
        setters_.resize(std::max(setters_.size(), entries.size()));
        pairs_.clear();
        for (std::size_t n = 0; n < entries.size(); ++n) {
            setters_[n].value = entries[n].value;
            pairs_.emplace_back(entries[n].key, &setters_[n]);
        }
        must(database_.ProcessMulti(pairs_, true), "ProcessMulti");
    }
    void remove(Bytes key) override {
        const Status status = database_.Remove(key);
        if (status != Status::NOT_FOUND_ERROR) must(status, "Remove");
    }

    bool get(Bytes key, std::string& value) override {
        const Status status = database_.Get(key, &value);
        if (status == Status::NOT_FOUND_ERROR) return false;
        must(status, "Get");
        return true;
    }
    // get_many stays a loop: GetMulti is one too, and makes a map besides.

    void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) override {
        if (!database_.IsOrdered()) throw std::logic_error("Tkrzw's hash keeps no order: it has no scan");
        const bool forward = direction == Direction::forward;
        // Made anew: while one is open, every write tells it of pages that split.
        const auto at = database_.MakeIterator();
        if (forward)
            must(from.empty() ? at->First() : at->Jump(from), "First, Jump");
        else if (again_ && (from.empty() || !reaches(*at, from)))
            to_last(*at);
        else
            must(from.empty() ? at->Last() : at->JumpLower(from, true), "Last, JumpLower");
        Visitor visitor(sum);
        for (std::size_t n = 0; n < count; ++n) {
            const Status status = at->Process(&visitor, false);
            if (status == Status::NOT_FOUND_ERROR) return; // behind the last
            must(status, "Process");
            must(forward ? at->Next() : at->Previous(), "Next, Previous");
        }
    }

private:
    static bool reaches(DBM::Iterator& at, Bytes key) {
        must(at.Jump(key), "Jump");
        const Status status = at.Get();
        if (status != Status::NOT_FOUND_ERROR) must(status, "Get");
        return status == Status::SUCCESS;
    }

    // Opened again, a tree of 1.0.25 takes another page for its last. So the last key is felt for, byte after byte: it
    // is the greatest at or behind which there is an entry.
    static void to_last(DBM::Iterator& at) {
        std::string key;
        while (reaches(at, key + '\0')) {
            int low = 0;
            for (int high = 256; high - low > 1;) {
                const int middle = (low + high) / 2;
                (reaches(at, key + static_cast<char>(middle)) ? low : high) = middle;
            }
            key += static_cast<char>(low);
        }
        must(at.Jump(key), "Jump");
    }

    DBM& database_;
    bool again_; // it was there before it was opened
    std::vector<Setter> setters_{};
    std::vector<std::pair<std::string_view, DBM::RecordProcessor*>> pairs_{};
};

template <class Database>
class Tkrzw : public Engine {
public:
    Tkrzw(const std::string& path, const typename Database::TuningParameters& tuning)
        : again_(std::filesystem::exists(path)), database_(std::make_unique<tkrzw::MemoryMapParallelFile>()) {
        must(database_.OpenAdvanced(path, true, tkrzw::File::OPEN_DEFAULT, tuning), "OpenAdvanced");
    }
    // An error that comes this late can only be told: whoever reads the file again will meet it.
    ~Tkrzw() override { static_cast<void>(database_.Close()); }

    std::unique_ptr<Session> session() override { return std::make_unique<TkrzwSession>(database_, again_); }

    void settle() override { must(database_.Synchronize(false), "Synchronize"); }
    void compact() override {
        must(database_.Rebuild(), "Rebuild");
        settle();
    }

private:
    bool again_;
    Database database_;
};

constexpr std::size_t key_bytes = 16;
constexpr std::size_t page_bytes = 8130; // the tree's default

std::size_t data_bytes(const EngineOptions& options) { return options.entries * (key_bytes + options.value_bytes); }

void tune(tkrzw::HashDBM::TuningParameters& tuning, const EngineOptions& options) {
    tuning.update_mode = tkrzw::HashDBM::UPDATE_IN_PLACE;
    tuning.record_comp_mode = options.compressed ? tkrzw::HashDBM::RECORD_COMP_LZ4 : tkrzw::HashDBM::RECORD_COMP_NONE;
}

std::unique_ptr<Engine> open_hash(const EngineOptions& options) {
    tkrzw::HashDBM::TuningParameters tuning;
    tune(tuning, options);
    tuning.num_buckets = static_cast<std::int64_t>(std::max<std::size_t>(options.entries * 2, 1024));
    // Four bytes address 32 GiB in units of eight; what is overwritten by something longer is left behind.
    constexpr std::size_t four_bytes_max = std::size_t{8} << 30;
    tuning.offset_width = data_bytes(options) <= four_bytes_max ? 4 : 5;
    return std::make_unique<Tkrzw<tkrzw::HashDBM>>(options.directory + "/data.tkh", tuning);
}

std::unique_ptr<Engine> open_tree(const EngineOptions& options) {
    tkrzw::TreeDBM::TuningParameters tuning;
    tune(tuning, options);
    // Filled at random, a page is two thirds full, and each record costs some twenty bytes more in memory.
    const std::size_t pages = (data_bytes(options) + options.entries * 20) / (page_bytes / 2) + 1024;
    tuning.num_buckets = static_cast<std::int64_t>(pages * 2);
    tuning.max_page_size = page_bytes;
    const std::size_t cached = options.memory_bytes_max == 0
                                   ? pages * 2
                                   : std::max<std::size_t>(options.memory_bytes_max / (page_bytes * 2), 64);
    tuning.max_cached_pages = static_cast<std::int32_t>(cached);
    return std::make_unique<Tkrzw<tkrzw::TreeDBM>>(options.directory + "/data.tkt", tuning);
}

} // namespace

std::vector<Candidate> tkrzw_candidates() {
    const std::string version = std::string("Tkrzw ") + tkrzw::PACKAGE_VERSION;
    Description hash{
        .name = "tkrzw-hash",
        .version = version,
        .settings =
            "HashDBM, MemoryMapParallelFile, two buckets an entry, updates in place, no checksums (its default)",
        .after_kill = "every put that has returned; of a batch that has not, perhaps a part",
        .after_power = "what was synced, if nothing was put since; else pages reach the device in any order",
        .ordered = false};
    Description tree{.name = "tkrzw-tree",
                     .version = version,
                     .settings = "TreeDBM, MemoryMapParallelFile, pages of 8,130 bytes, all of them cached",
                     .after_kill = "what was there at the last sync: changed pages stay in the process",
                     .after_power =
                         "what was synced, if nothing was put since; else pages reach the device in any order",
                     .by_name = true}; // a killed process loses too much to be compared with
    return {{std::move(hash), open_hash}, {std::move(tree), open_tree}};
}

} // namespace bench

#endif
