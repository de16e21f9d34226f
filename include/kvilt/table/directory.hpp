// The table files of one directory: their numbers, and what makes, opens, links and removes them.
#pragma once

#include <kvilt/table/builder.hpp>
#include <kvilt/table/concept.hpp>
#include <kvilt/table/reader.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kvilt::table {

// The number in a name that table_name() gives; any other name is not ours.
inline std::optional<std::uint64_t> number_of(Bytes name) {
    constexpr Bytes prefix = "table-";
    constexpr std::uint64_t number_max = std::uint64_t{1} << 56;
    if (!name.starts_with(prefix)) return std::nullopt;
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    if (parsed.ec != std::errc{} || number > number_max || table_name(number) != name) return std::nullopt;
    return number;
}

// For one maintaining thread, apart from `link` and `path`.
template <class Filter, class Compression, class Reads, ThreadsTag Threads>
class Directory {
public:
    using Builder = TableBuilder<Filter, Compression>;
    using Reader = TableReader<Filter, Compression, Reads, Threads>;
    using Cache = typename Reader::Cache;

    Directory(TableContext context, TableFileOptions options, std::shared_ptr<Cache> cache)
        : context_(std::move(context)), options_(options), cache_(std::move(cache)) {}

    // Starts numbers above all that were ever seen here, and finds the files that no manifest knows.
    Result<void> claim(const std::vector<TableFile>& live) {
        std::vector<std::uint64_t> known;
        for (const TableFile& file : live) {
            known.push_back(file.number);
            number_last_ = std::max({number_last_, file.number, file.run});
        }
        std::sort(known.begin(), known.end());
        KVILT_TRY_ASSIGN(names, files().list(context_.directory));
        for (const std::string& name : names) {
            const auto number = number_of(name);
            if (!number || std::binary_search(known.begin(), known.end(), *number)) continue;
            number_last_ = std::max(number_last_, *number);
            if (!context_.read_only) leftovers_.push_back(*number);
        }
        return {};
    }

    // What cannot be removed is found again at the next opening.
    void remove_leftovers() {
        for (const std::uint64_t number : leftovers_) remove(number);
        leftovers_.clear();
    }

    // For a file or a run; never given twice.
    std::uint64_t take_number() noexcept { return ++number_last_; }

    Result<Builder> create() { return Builder::create(context_, take_number(), options_); }

    Result<std::shared_ptr<Reader>> open(const TableFile& file) const {
        auto reader = Reader::open(context_, file, cache_);
        if (!reader && reader.error() == Errc::not_found)
            return failure(Errc::corruption, "open table",
                           path(file.number) + " is missing, but the manifest counts on it: restore it from a copy");
        return reader;
    }

    void remove(std::uint64_t number) { static_cast<void>(files().remove(path(number))); }
    Result<void> sync() { return files().sync_directory(context_.directory); }

    // Finished files wait here for the version that takes them up.
    void keep(std::shared_ptr<Reader> reader) {
        const std::uint64_t number = reader->file().number;
        waiting_.emplace(number, std::move(reader));
    }
    std::shared_ptr<Reader> take(std::uint64_t number) {
        const auto found = waiting_.find(number);
        if (found == waiting_.end()) return nullptr;
        auto reader = std::move(found->second);
        waiting_.erase(found);
        return reader;
    }

    // One more name for the file in another directory; a synced copy where that cannot be.
    Result<void> link(std::uint64_t number, const std::string& to_directory) const {
        const std::string to = to_directory + "/" + table_name(number);
        const auto linked = files().link(path(number), to);
        if (linked) return {};
        if (linked.error() == Errc::exists) return linked;
        return copy(path(number), to);
    }

    std::string path(std::uint64_t number) const { return context_.directory + "/" + table_name(number); }
    FileSystem& files() const noexcept { return *context_.environment.files; }
    const std::shared_ptr<Cache>& cache() const noexcept { return cache_; }

private:
    Result<void> copy(const std::string& from_path, const std::string& to_path) const {
        KVILT_TRY_ASSIGN(from, files().open(from_path, OpenMode::read));
        KVILT_TRY_ASSIGN(to, files().open(to_path, OpenMode::create));
        std::string buffer(1_MiB, '\0');
        for (std::uint64_t offset = 0;;) {
            KVILT_TRY_ASSIGN(count, from->read_at(offset, buffer.data(), buffer.size()));
            if (count != 0) KVILT_TRY(to->write_at(offset, Bytes(buffer).substr(0, count)));
            if (count < buffer.size()) break;
            offset += count;
        }
        KVILT_TRY(to->sync());
        return to->close();
    }

    TableContext context_;
    TableFileOptions options_;
    std::shared_ptr<Cache> cache_;
    std::uint64_t number_last_ = 0;
    std::vector<std::uint64_t> leftovers_;
    std::map<std::uint64_t, std::shared_ptr<Reader>> waiting_;
};

} // namespace kvilt::table
