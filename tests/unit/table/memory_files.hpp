// A file system in memory for the tests of table files: damage is an assignment to a byte.
#pragma once

#include <kvilt/env/environment.hpp>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

namespace kvilt::test {

using Content = std::shared_ptr<std::string>;

// What was asked of mappings, and what they say: whether something was not in memory.
struct Advised {
    std::size_t will_need = 0;
    bool in_memory = true;
};

struct Written {
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
};

class MemoryMapping final : public Mapping {
public:
    // A copy of exact size: what reads past the end is seen by the sanitizer.
    MemoryMapping(Bytes content, Advised& advised)
        : advised_(advised), data_(static_cast<char*>(::operator new(content.size(), std::align_val_t{64}))),
          bytes_(content.size()) {
        if (bytes_ > 0) std::memcpy(data_, content.data(), bytes_);
    }
    ~MemoryMapping() override { ::operator delete(data_, std::align_val_t{64}); }
    char* data() const noexcept override { return data_; }
    std::size_t bytes() const noexcept override { return bytes_; }
    bool advise(Advice advice, std::size_t, std::size_t) const noexcept override {
        if (advice != Advice::will_need) return false;
        ++advised_.will_need;
        return !advised_.in_memory;
    }

private:
    Advised& advised_;
    char* data_;
    std::size_t bytes_;
};

class MemoryFile final : public File {
public:
    MemoryFile(Content content, std::vector<Written>& writes, Advised& advised)
        : content_(std::move(content)), writes_(writes), advised_(advised) {}
    Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t count) const override {
        if (offset >= content_->size()) return std::size_t{0};
        return content_->copy(to, count, static_cast<std::size_t>(offset));
    }
    Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
        writes_.push_back({offset, bytes.size()});
        if (content_->size() < offset + bytes.size()) content_->resize(static_cast<std::size_t>(offset) + bytes.size());
        content_->replace(static_cast<std::size_t>(offset), bytes.size(), bytes);
        return {};
    }
    Result<void> sync() override { return {}; }
    Result<std::uint64_t> size() const override { return content_->size(); }
    Result<void> resize(std::uint64_t bytes) override {
        content_->resize(static_cast<std::size_t>(bytes));
        return {};
    }
    Result<void> reserve(std::uint64_t) override { return {}; }
    Result<std::unique_ptr<Mapping>> map(MapMode) override {
        return std::make_unique<MemoryMapping>(*content_, advised_);
    }
    Result<void> close() override { return {}; }

private:
    Content content_;
    std::vector<Written>& writes_;
    Advised& advised_;
};

class MemoryFiles final : public FileSystem {
public:
    std::map<std::string, Content> files{};
    std::vector<Written> writes{};
    Advised advised{};

    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        const auto at = files.find(path);
        if (mode == OpenMode::create) {
            if (at != files.end()) return failure(Errc::exists, "open", path);
            files[path] = std::make_shared<std::string>();
        } else if (at == files.end()) {
            return failure(Errc::not_found, "open", path);
        }
        return std::make_unique<MemoryFile>(files[path], writes, advised);
    }
    Result<void> remove(const std::string& path) override {
        if (files.erase(path) == 0) return failure(Errc::not_found, "remove", path);
        return {};
    }
    Result<void> rename(const std::string&, const std::string&) override { return unsupported(); }
    Result<void> link(const std::string&, const std::string&) override { return unsupported(); }
    Result<bool> exists(const std::string& path) const override { return files.contains(path); }
    Result<std::vector<std::string>> list(const std::string&) const override { return unsupported(); }
    Result<void> create_directory(const std::string&) override { return {}; }
    Result<void> sync_directory(const std::string&) override { return {}; }
    Result<std::unique_ptr<DirectoryLock>> lock(const std::string&, LockMode) override { return unsupported(); }

private:
    static std::unexpected<Error> unsupported() { return failure(Errc::io, "memory files"); }
};

} // namespace kvilt::test
