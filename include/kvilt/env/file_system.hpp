// Files as the engine sees them. The interfaces are virtual because what is behind them costs a system call.
// Every path is a plain string, `/` between its parts. Errors name the call and the path.
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/result.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kvilt {

enum class OpenMode : std::uint8_t {
    read,   // must exist
    write,  // must exist; read and write
    create, // must not exist; read and write
};

enum class MapMode : std::uint8_t {
    read,  // shared, read-only
    write, // shared: stores reach the file without a call, and the device by File::sync
    copy,  // private: stores stay in this process
};

// A file's bytes in memory. The whole mapping is valid until destruction, also after the file is closed or removed.
class Mapping {
public:
    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    virtual ~Mapping() = default;

    virtual char* data() const noexcept = 0; // aligned to a page at least
    virtual std::size_t bytes() const noexcept = 0;
    Bytes view() const noexcept { return {data(), bytes()}; }

    // `will_need`: begins to read what is not in memory. `random`: nothing is read but what is touched, or needed.
    // `rests`: nothing will be stored there soon, though it may be read; the system may take it out of the process's
    // page table, and put it back when it is touched.
    enum class Advice : std::uint8_t { will_write, will_need, random, sequential, rests };
    // A hint for [offset, offset + count); never fails. False where it is known that nothing was to be done: what will
    // be needed is in memory.
    virtual bool advise(Advice advice, std::size_t offset, std::size_t count) const noexcept = 0;
};

// One open file. Calls on different offsets may come from several threads.
class File {
public:
    File() = default;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    virtual ~File() = default; // closes without a report

    // Fills `to` from `offset`; fewer bytes only at the end of the file.
    virtual Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t count) const = 0;
    // All or an error; extends the file.
    virtual Result<void> write_at(std::uint64_t offset, Bytes bytes) = 0;
    // Bytes, and the file's length, survive power loss when it returns; stores through shared mappings included.
    // After a failure nothing is known about any byte written since the last success.
    virtual Result<void> sync() = 0;
    // A hint: a sync() will come, and what it does for [offset, offset + count) may begin.
    virtual void begin_sync(std::uint64_t offset, std::uint64_t count) const noexcept {
        static_cast<void>(offset);
        static_cast<void>(count);
    }
    // The least offset, from `offset` on, where a byte may be other than zero; the file's length or more if there is
    // none. A hint, for who looks for something in a file that is mostly a hole: `offset` where nothing is known.
    virtual std::uint64_t data_from(std::uint64_t offset) const noexcept { return offset; }
    virtual Result<std::uint64_t> size() const = 0;
    // Cuts, or extends with zeros that may take no space.
    virtual Result<void> resize(std::uint64_t bytes) = 0;
    // Extends to at least `bytes`, with zeros that have their space on the device: later stores cannot meet a full
    // disk.
    virtual Result<void> reserve(std::uint64_t bytes) = 0;
    virtual Result<std::unique_ptr<Mapping>> map(MapMode mode) = 0; // its whole present length
    virtual Result<void> close() = 0;                               // reports what the destructor cannot
};

// Held as long as it lives.
class DirectoryLock {
public:
    DirectoryLock() = default;
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;
    virtual ~DirectoryLock() = default;
};

enum class LockMode : std::uint8_t { shared, exclusive };

// Thread-safe. A change of names (create, rename, remove, link) survives power loss only after sync_directory.
class FileSystem {
public:
    FileSystem() = default;
    FileSystem(const FileSystem&) = delete;
    FileSystem& operator=(const FileSystem&) = delete;
    virtual ~FileSystem() = default;

    virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
    virtual Result<void> remove(const std::string& path) = 0;                        // a file, or an empty directory
    virtual Result<void> rename(const std::string& from, const std::string& to) = 0; // replaces `to`
    virtual Result<void> link(const std::string& from, const std::string& to) = 0;   // a hard link; Errc::exists
    virtual Result<bool> exists(const std::string& path) const = 0;
    virtual Result<std::vector<std::string>> list(const std::string& directory) const = 0; // names, sorted
    // With its parents; existing is fine. What it made survives power loss when it returns.
    virtual Result<void> create_directory(const std::string& path) = 0;
    virtual Result<void> sync_directory(const std::string& path) = 0;
    // Without waiting; Errc::locked names the holder's process where known. Between processes and within one. A shared
    // lock writes nothing and may be had on a directory that cannot be written.
    virtual Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory, LockMode mode) = 0;
};

// For destructors: what cannot be removed stays, and is found as a leftover at the next opening.
inline void remove_if_possible(FileSystem& files, const std::string& path) noexcept {
    try {
        static_cast<void>(files.remove(path));
    } catch (...) { // no memory for the error
    }
}

} // namespace kvilt
