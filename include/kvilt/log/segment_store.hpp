// The files of a log: found at recovery, created, kept to be used anew, removed.
// docs/formats/log.md
#pragma once

#include <kvilt/log/segment_file.hpp>
#include <kvilt/log/segment_scan.hpp>

#include <map>

namespace kvilt::log::detail {

// For one thread at a time, the writer, but for idle_bytes(), prepare_spare() and remove_freed().
template <ThreadsTag Threads, class Memory>
class SegmentStore {
public:
    using SegmentFilePtr = std::shared_ptr<SegmentFile<Memory>>;
    using Mutex = typename Threads::Mutex;

    SegmentStore(const LogContext& context, const FileOptions& options)
        : context_(context), spare_bytes_max_(options.spare_bytes_max),
          sizes_(options.segment_bytes_min, options.segment_bytes_max, context.segment_bytes_cap) {}

    const LogContext& context() const noexcept { return context_; }
    void limit(std::size_t cap) noexcept {
        const std::lock_guard lock(mutex_);
        sizes_.limit(cap);
    }
    void grow(std::size_t used, std::size_t capacity) noexcept {
        const std::lock_guard lock(mutex_);
        sizes_.grow(used, capacity);
    }
    ~SegmentStore() { remove_freed(); }
    SegmentStore(const SegmentStore&) = delete;
    SegmentStore& operator=(const SegmentStore&) = delete;

    // Of files that hold no segment: spare ones, and those that are to be removed.
    std::size_t idle_bytes() const noexcept {
        return spare_bytes_.load(std::memory_order_relaxed) + freed_bytes_.load(std::memory_order_relaxed);
    }

    struct Recovered {
        struct Segment {
            SegmentNumber number;
            SegmentFilePtr file;
            bool listed;
        };
        LogScan scan{};
        std::vector<Segment> segments{}; // those of the scan
        SegmentNumber next = 1;          // above every number that was ever used
    };

    // Reads what is there and judges it. Files that do not count stay until remove_leftovers().
    Result<Recovered> load(const LogState& state) {
        found_.clear();
        headless_.clear();
        SegmentNumber highest = state.unlisted_from - 1;
        for (const SealedSegment& sealed : state.sealed) highest = std::max(highest, sealed.number);
        for (const SegmentNumber number : state.freed) highest = std::max(highest, number);
        KVILT_TRY_ASSIGN(names, context_.environment.files->list(context_.directory));
        for (const std::string& name : names) {
            const auto number = segment_file_number(name);
            if (!number) {
                if (is_half_renewed(name)) leave(context_.directory + "/" + name);
                continue;
            }
            next_file_ = std::max(next_file_, *number + 1);
            KVILT_TRY(load_file(context_.directory + "/" + name, state, highest));
        }
        // A file without a header may have been any of the next ones.
        highest += static_cast<SegmentNumber>(headless_.size());
        KVILT_TRY_ASSIGN(scan, judge(state));
        Recovered recovered{.scan = std::move(scan), .next = highest + 1};
        for (const LogScan::Segment& segment : recovered.scan.segments) {
            const auto listed = [&](const SealedSegment& one) { return one.number == segment.number; };
            recovered.segments.push_back({segment.number, std::move(found_[segment.number].file),
                                          std::any_of(state.sealed.begin(), state.sealed.end(), listed)});
            found_.erase(segment.number);
        }
        for (const auto& [number, loaded] : found_) leave(loaded.file->path);
        for (const Loaded& loaded : headless_) leave(loaded.file->path);
        found_.clear();
        headless_.clear();
        return recovered;
    }

    // This file holds nothing that counts.
    void leave(std::string path) { leftovers_.push_back(std::move(path)); }

    // Once the manifest says what counts. Whatever cannot be removed is found again at the next opening.
    void remove_leftovers() {
        for (const std::string& path : leftovers_) static_cast<void>(context_.environment.files->remove(path));
        leftovers_.clear();
    }

    // A file with `header` and at least `needed` bytes; one used before if it is of a fitting size. The header is the
    // last thing that is written: if anything fails, no file has it, or that file is removed.
    Result<SegmentFilePtr> take(std::size_t needed, const FileHeader& header) {
        if (auto spare = take_spare(needed, header)) return spare;
        const std::lock_guard making(making_); // of two who make the same file, one waits for the other
        if (auto spare = take_spare(needed, header)) return spare;
        auto created = create(named(needed));
        if (!created && remove_freed() != 0) created = create(named(needed)); // that was room on the device
        if (!created) return created;
        if (auto begun = (*created)->begin(header); !begun) {
            discard(**created);
            return std::unexpected(std::move(begun).error());
        }
        const std::lock_guard lock(mutex_);
        last_ = header.number;
        return created;
    }

    // Makes a file for the segment behind `last`, if there is none yet: whoever makes a name durable waits for the
    // device. Beside the writer, one call at a time. Where it fails, take() will, and says why. No file stays that the
    // writer has outgrown meanwhile: segments would grow as the worker happens to be fast.
    void prepare_spare(SegmentNumber last) {
        const std::lock_guard making(making_);
        SegmentFilePtr file;
        {
            const std::lock_guard lock(mutex_);
            const auto useful = [this](const SegmentFilePtr& spare) { return sizes_.useful(spare->capacity); };
            if (last_ != last || std::any_of(spares_.begin(), spares_.end(), useful) || !has_place(sizes_.wanted()))
                return;
            file = named(0, lock);
        }
        auto created = create(std::move(file));
        if (!created) return;
        (*created)->memory.will_append(0, std::min((*created)->capacity, ready_bytes));
        const auto fits = [&](std::size_t capacity) { return last_ == last && capacity >= sizes_.wanted(); };
        if (!keep(*created, fits)) discard(**created);
    }

    // Kept for take(): two of the present size, within the options' bound. What is not kept waits for remove_freed(),
    // of half as much, for it is memory; beyond that it goes at once.
    void give_back(SegmentFilePtr file) {
        const auto useful = [this](std::size_t capacity) { return sizes_.useful(capacity); };
        if (!file->failed && !file->renewed && keep(file, useful)) return;
        if (!set_aside(file)) discard(*file);
    }

    // But for `keep_bytes` of them at most.
    void drop_spares(std::size_t keep_bytes) {
        const std::lock_guard lock(mutex_);
        while (spare_bytes_.load(std::memory_order_relaxed) > keep_bytes) {
            spare_bytes_.fetch_sub(spares_.back()->capacity);
            set_aside(spares_.back(), lock);
            spares_.pop_back();
        }
    }

    // Removes what was given back and is not kept. Apart from that, because it takes milliseconds: the system frees
    // each page. Any thread, and the best is one that nobody waits for. How many files went.
    std::size_t remove_freed() {
        std::vector<SegmentFilePtr> freed;
        {
            const std::lock_guard lock(mutex_);
            freed.swap(freed_);
        }
        for (SegmentFilePtr& file : freed) {
            discard(*file);
            freed_bytes_.fetch_sub(file->capacity);
            file.reset();
        }
        return freed.size();
    }

private:
    static constexpr std::size_t ready_bytes = 512_KiB; // of a file that is made ahead

    static bool is_half_renewed(std::string_view name) {
        return name.ends_with(renewing) && segment_file_number(name.substr(0, name.size() - std::strlen(renewing)));
    }

    struct Loaded {
        SegmentFilePtr file;
        FileHeader header{};

        FoundSegment found() const {
            return {file->path, header, {file->memory.data(), file->capacity}, file->file.get()};
        }
    };

    Result<void> load_file(std::string path, const LogState& state, SegmentNumber& highest) {
        auto file = std::make_shared<SegmentFile<Memory>>();
        file->path = std::move(path);
        const OpenMode mode = context_.read_only ? OpenMode::read : OpenMode::write;
        KVILT_TRY_ASSIGN(opened, context_.environment.files->open(file->path, mode));
        file->file = std::move(opened);
        KVILT_TRY_ASSIGN(size, file->file->size());
        file->capacity = static_cast<std::size_t>(std::min<std::uint64_t>(size, 0xffff'fff8));
        char first[FileHeader::bytes] = {};
        KVILT_TRY_ASSIGN(count, file->file->read_at(0, first, sizeof first));
        const auto header = FileHeader::read({first, count}, "log");
        if (!header) {
            if (count == sizeof first)
                KVILT_TRY(file->memory.load(*file->file, file->capacity, true));
            else
                file->capacity = 0;
            headless_.push_back({std::move(file)});
            return {};
        }
        KVILT_TRY(check(file->path, *header));
        highest = std::max(highest, header->number);
        if (!state.counts(header->number)) {
            leave(file->path);
            return {};
        }
        KVILT_TRY(file->memory.load(*file->file, file->capacity, context_.read_only));
        keep_later({std::move(file), *header});
        return {};
    }

    Result<void> check(const std::string& path, const FileHeader& header) const {
        if (header.version != segment_format_version)
            return failure(Errc::incompatible, "scan log",
                           path + " is of format version " + std::to_string(header.version) +
                               ", and this program reads version " + std::to_string(segment_format_version));
        if (header.identity != context_.identity)
            return failure(Errc::incompatible, "scan log",
                           path + ": this segment belongs to another store; move it out of the directory");
        return {};
    }

    // Of two files with one number, one is from a rotate that failed behind the header and was tried again: it has no
    // frames.
    void keep_later(Loaded loaded) {
        const auto rank = [this](const Loaded& one) {
            const FoundSegment found = one.found();
            const bool used =
                frame_at(found.bytes, context_.identity, {one.header.number, FileHeader::bytes}).has_value();
            return std::pair{used, one.header.previous_end};
        };
        const auto [place, fresh] = found_.try_emplace(loaded.header.number, loaded);
        if (fresh) return;
        if (rank(place->second) < rank(loaded)) std::swap(place->second, loaded);
        leave(loaded.file->path);
    }

    Result<LogScan> judge(const LogState& state) const {
        std::vector<FoundSegment> found;
        for (const auto& [number, loaded] : found_) found.push_back(loaded.found());
        std::vector<FoundSegment> headless;
        for (const Loaded& loaded : headless_)
            if (loaded.file->capacity > 0) headless.push_back(loaded.found());
        return Judgement(context_.identity, state, found, headless, context_.directory).run();
    }

    // One that is to be made. No name is used twice, whether that succeeds or not.
    SegmentFilePtr named(std::size_t needed) {
        const std::lock_guard lock(mutex_);
        return named(needed, lock);
    }
    SegmentFilePtr named(std::size_t needed, const std::lock_guard<Mutex>&) {
        auto file = std::make_shared<SegmentFile<Memory>>();
        file->path = context_.directory + "/" + segment_file_name(next_file_++);
        file->capacity = sizes_.capacity(needed);
        return file;
    }

    // Of no segment yet. Its header says so before anybody waits for the device: a recovery searches all of a file
    // without one.
    Result<SegmentFilePtr> create(SegmentFilePtr file) {
        KVILT_TRY_ASSIGN(opened, context_.environment.files->open(file->path, OpenMode::create));
        file->file = std::move(opened);
        auto ready = prepare(*file);
        if (ready) return file;
        discard(*file);
        return std::unexpected(std::move(ready).error());
    }
    Result<void> prepare(SegmentFile<Memory>& created) {
        KVILT_TRY(created.file->reserve(created.capacity));
        KVILT_TRY(created.memory.create(*created.file, created.capacity));
        KVILT_TRY(created.begin({.number = 0, .identity = context_.identity}));
        return context_.environment.files->sync_directory(context_.directory);
    }

    template <class Fits>
    bool keep(const SegmentFilePtr& file, Fits fits) {
        const std::lock_guard lock(mutex_);
        if (!has_place(file->capacity) || !fits(file->capacity)) return false;
        spares_.push_back(file);
        spare_bytes_.fetch_add(file->capacity);
        return true;
    }

    bool set_aside(const SegmentFilePtr& file) {
        const std::lock_guard lock(mutex_);
        if (freed_bytes_.load(std::memory_order_relaxed) + file->capacity > spare_bytes_max_ / 2) return false;
        set_aside(file, lock);
        return true;
    }
    void set_aside(const SegmentFilePtr& file, const std::lock_guard<Mutex>&) {
        freed_.push_back(file);
        freed_bytes_.fetch_add(file->capacity);
    }

    // Under mutex_.
    bool has_place(std::size_t capacity) const noexcept {
        return spare_bytes_.load(std::memory_order_relaxed) + capacity <=
               std::min(spare_bytes_max_, 2 * sizes_.wanted());
    }

    // Null: none can be had.
    SegmentFilePtr take_spare(std::size_t needed, const FileHeader& header) {
        while (SegmentFilePtr spare = take_spare(needed, header.number)) {
            if (spare->begin(header)) return spare;
            discard(*spare);
        }
        return nullptr;
    }
    SegmentFilePtr take_spare(std::size_t needed, SegmentNumber number) {
        const std::lock_guard lock(mutex_);
        for (auto spare = spares_.begin(); spare != spares_.end(); ++spare) {
            if ((*spare)->capacity < needed || !sizes_.useful((*spare)->capacity)) continue;
            SegmentFilePtr taken = std::move(*spare);
            spares_.erase(spare);
            spare_bytes_.fetch_sub(taken->capacity);
            last_ = number;
            return taken;
        }
        return nullptr;
    }

    // The name may come back after a power loss; the file then counts for nothing.
    void discard(SegmentFile<Memory>& file) { static_cast<void>(context_.environment.files->remove(file.path)); }

    const LogContext context_;
    const std::size_t spare_bytes_max_;
    Mutex making_;        // held by who makes a file; taken before the next
    mutable Mutex mutex_; // guards the next five
    SegmentSizes sizes_;
    SegmentNumber last_ = 0; // that a file was taken for
    std::uint32_t next_file_ = 1;
    std::vector<SegmentFilePtr> spares_{};
    std::vector<SegmentFilePtr> freed_{}; // until remove_freed()
    typename Threads::template Atomic<std::size_t> spare_bytes_{0};
    typename Threads::template Atomic<std::size_t> freed_bytes_{0};
    std::vector<std::string> leftovers_{};

    std::map<SegmentNumber, Loaded> found_{}; // while loading, as the next
    std::vector<Loaded> headless_{};
};

} // namespace kvilt::log::detail
