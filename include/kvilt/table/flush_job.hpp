// Carries a flush out, a slice at a time.
#pragma once

#include <kvilt/table/run_writer.hpp>

#include <utility>
#include <vector>

namespace kvilt::table {

// Makes a new run at level 0 from a source of all versions: valid(), record(), next(), by key ascending and sequence
// descending; status() where it can fail. The source may be a reference. Outlived by its directory. One call at a time.
template <class Directory, class Source>
class FlushJob {
public:
    using Reader = typename Directory::Reader;

    FlushJob(Directory& directory, const Version<Reader>& version, Source&& source, std::uint64_t file_bytes_max,
             const std::vector<Sequence>& snapshots)
        : directory_(&directory), source_(std::forward<Source>(source)),
          writer_(directory, 0, directory.take_number(), file_bytes_max, snapshots, {version, 0, {}}) {}

    // Takes about `bytes_budget` bytes, a sync at the end of each file aside. True when the outputs are complete and
    // durable. After an error only destruction is left: it removes the outputs.
    Result<bool> step(std::size_t bytes_budget) {
        for (std::size_t spent = 0; source_.valid(); source_.next()) {
            if (spent >= bytes_budget) return false;
            const Record record = source_.record();
            spent += LogRecord::bytes_for(record);
            KVILT_TRY(writer_.add(record));
        }
        if constexpr (requires { source_.status(); }) KVILT_TRY(source_.status());
        KVILT_TRY(writer_.cut());
        KVILT_TRY(directory_->sync());
        edit_.added = writer_.release();
        return true;
    }

    // Once done. Empty if the source was, or nothing in it can be seen.
    TableEdit edit() const { return edit_; }

private:
    Directory* directory_;
    Source source_;
    RunWriter<Directory> writer_;
    TableEdit edit_{};
};

} // namespace kvilt::table
