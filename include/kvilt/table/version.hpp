// The runs as they stand at one moment.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/table/compaction.hpp>
#include <kvilt/table/concept.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace kvilt::table {

// A file as reads choose it: its span of keys, with eight bytes of each end at hand. Lives as long as its reader.
template <class Reader>
struct Choice {
    explicit Choice(const Reader& file_reader)
        : reader(&file_reader), first(file_reader.file().key_first), last(file_reader.file().key_last),
          first_head(coding::head(first)), last_head(coding::head(last)),
          sequence_lowest(file_reader.file().sequence_lowest) {}

    bool ends_below(Bytes key, std::uint64_t head) const noexcept {
        return last_head != head ? last_head < head : last < key;
    }
    bool begins_above(Bytes key, std::uint64_t head) const noexcept {
        return first_head != head ? first_head > head : first > key;
    }

    const Reader* reader;
    Bytes first;
    Bytes last;
    std::uint64_t first_head;
    std::uint64_t last_head;
    Sequence sequence_lowest;
};

// The first of a run's files that ends at or above `key`.
template <class Reader>
const Choice<Reader>* first_reaching(std::span<const Choice<Reader>> run, Bytes key, std::uint64_t head) noexcept {
    const Choice<Reader>* at = run.data();
    if (run.size() <= 1) return at + (run.size() == 1 && at->ends_below(key, head) ? 1 : 0);
    return std::partition_point(at, at + run.size(), [&](const auto& file) { return file.ends_below(key, head); });
}

// A key, what is worked out of it once, and the sequence to read at.
struct Wanted {
    Wanted() = default;
    Wanted(Bytes wanted_key, Sequence newest) noexcept
        : key(wanted_key), at(newest), hash(hash_key(wanted_key)), head(coding::head(wanted_key)) {}

    Bytes key{};
    Sequence at = 0;
    std::uint64_t hash = 0;
    std::uint64_t head = 0;
};

// Immutable and thread-safe. Shares its files with the versions before and after it; the last one closes them.
template <class Reader>
class Version {
public:
    using File = std::pair<TableFile, std::shared_ptr<Reader>>;

    Version(std::vector<File> files, const Shape& shape) {
        std::sort(files.begin(), files.end(),
                  [](const File& a, const File& b) { return newer_or_lower(a.first, b.first); });
        for (File& file : files) {
            if (runs_.empty() || runs_.back().level != file.first.level || runs_.back().run != file.first.run)
                runs_.push_back({file.first.level, file.first.run, files_.size(), files_.size()});
            ++runs_.back().end;
            choices_.emplace_back(*file.second);
            files_.push_back(std::move(file.first));
            readers_.push_back(std::move(file.second));
        }
        debt_bytes_ = picker(shape).debt_bytes();
    }

    std::size_t runs() const noexcept { return runs_.size(); }
    const RunBounds& bounds(std::size_t run) const noexcept { return runs_[run]; }
    std::span<const Choice<Reader>> choices(std::size_t run) const noexcept {
        return {choices_.data() + runs_[run].begin, runs_[run].end - runs_[run].begin};
    }
    const std::vector<TableFile>& files() const noexcept { return files_; } // newest run first, by key within a run
    const std::shared_ptr<Reader>& reader(std::size_t file) const noexcept { return readers_[file]; }
    std::uint64_t debt_bytes() const noexcept { return debt_bytes_; }
    Picker picker(const Shape& shape) const { return Picker(shape, files_, runs_); }

    // Runs are asked from new to old, and the first that has a version at or below `at` decides. What each of them will
    // touch is fetched ahead, so that runs cost their misses side by side.
    template <class Found>
    Result<bool> find(Bytes key, Sequence at, Found& found) const {
        return find_from(0, {key, at}, found);
    }

    // find() in steps, of which many can be taken side by side: each reads what the one before has fetched. `key` and
    // the version outlive it.
    class Search {
    public:
        Search() = default; // of nothing
        Search(const Version& version, Bytes key, Sequence at) noexcept : version_(&version), wanted_(key, at) {
            choose();
        }

        // False: find() meets nothing more that is not at hand.
        bool step() noexcept {
            if (reader_ == nullptr || here_) return false;
            here_ = reader_->prefetch_entry(wanted_.hash);
            if (!here_) {
                ++run_;
                choose();
            }
            return true;
        }

        template <class Found>
        Result<bool> find(Found& found) {
            if (reader_ == nullptr) return false;
            auto hit = reader_->find(wanted_.key, wanted_.hash, wanted_.at, found);
            if (!hit || *hit || run_ + 1 == version_->runs()) return hit;
            return version_->find_from(run_ + 1, wanted_, found);
        }

    private:
        // The next run that may have the key.
        void choose() noexcept {
            for (reader_ = nullptr; run_ < version_->runs_.size(); ++run_) {
                reader_ = version_->candidate(run_, wanted_);
                if (reader_ == nullptr) continue;
                reader_->prefetch(wanted_.hash);
                return;
            }
        }

        const Version* version_ = nullptr;
        Wanted wanted_{};
        std::size_t run_ = 0;
        const Reader* reader_ = nullptr;
        bool here_ = false; // it seems to be in the run, and its entry is fetched
    };

private:
    const Reader* candidate(std::size_t run, const Wanted& wanted) const noexcept {
        const auto files = choices(run);
        const Choice<Reader>* file = first_reaching(files, wanted.key, wanted.head);
        if (file == files.data() + files.size()) return nullptr;
        return file->begins_above(wanted.key, wanted.head) || file->sequence_lowest > wanted.at ? nullptr
                                                                                                : file->reader;
    }

    template <class Found>
    Result<bool> find_from(std::size_t run, const Wanted& wanted, Found& found) const {
        constexpr std::size_t ahead = 8;
        std::array<const Reader*, ahead> readers;
        while (run < runs_.size()) {
            std::size_t count = 0;
            for (; run < runs_.size() && count < ahead; ++run) {
                const Reader* reader = candidate(run, wanted);
                if (reader == nullptr) continue;
                if (count != 0) reader->prefetch(wanted.hash);
                readers[count++] = reader;
            }
            for (std::size_t next = 0; next < count; ++next) {
                auto hit = readers[next]->find(wanted.key, wanted.hash, wanted.at, found);
                if (!hit || *hit) return hit;
            }
        }
        return false;
    }

    std::vector<RunBounds> runs_;
    std::vector<Choice<Reader>> choices_;
    std::vector<TableFile> files_;
    std::vector<std::shared_ptr<Reader>> readers_;
    std::uint64_t debt_bytes_ = 0;
};

} // namespace kvilt::table
