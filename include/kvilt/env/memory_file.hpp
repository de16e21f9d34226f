// Files and mappings of the memory world.
#pragma once

#include <kvilt/env/file_system.hpp>
#include <kvilt/env/memory_disk.hpp>

namespace kvilt::memory {

// Keeps a node's space taken while it lives.
class Handle {
public:
    // Under the disk's lock.
    Handle(std::shared_ptr<Disk> disk, NodePtr node) : disk_(std::move(disk)), node_(std::move(node)) {
        ++node_->handles;
        disk_->opened.push_back(node_);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { --node_->handles; }

    Disk& disk() const noexcept { return *disk_; }
    const std::shared_ptr<Disk>& shared_disk() const noexcept { return disk_; }
    const NodePtr& node() const noexcept { return node_; }
    Content& content() const noexcept { return *node_->content; }

private:
    std::shared_ptr<Disk> disk_;
    NodePtr node_;
};

class MemoryMapping final : public Mapping {
public:
    // Under the disk's lock.
    MemoryMapping(const Handle& file, MapMode mode) : handle_(file.shared_disk(), file.node()), mode_(mode) {
        Content& content = handle_.content();
        bytes_ = static_cast<std::size_t>(content.bytes());
        if (bytes_ == 0) return;
        data_ = content.address();
        if (mode == MapMode::copy) {
            copy_ = std::make_unique<Image>(bytes_);
            copy_->reach(bytes_);
            content.read(0, copy_->data(), bytes_);
            data_ = copy_->data();
        }
    }

    char* data() const noexcept override { return data_; }
    std::size_t bytes() const noexcept override { return bytes_; }

    // will_write makes pages dirty, as the write faults that it takes do.
    bool advise(Advice advice, std::size_t offset, std::size_t count) const noexcept override {
        if (advice != Advice::will_write || mode_ != MapMode::write || offset >= bytes_) return false;
        const std::lock_guard lock(handle_.disk().mutex);
        handle_.content().dirty(offset, std::min(count, bytes_ - offset));
        return true;
    }

private:
    Handle handle_;
    MapMode mode_;
    std::unique_ptr<Image> copy_;
    char* data_ = nullptr;
    std::size_t bytes_ = 0;
};

class MemoryFile final : public File {
public:
    // Under the disk's lock.
    MemoryFile(std::shared_ptr<Disk> disk, NodePtr node, std::string path, bool writable)
        : handle_(std::move(disk), std::move(node)), path_(std::move(path)), writable_(writable) {}

    Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t count) const override {
        return perform(CallKind::read, offset, count, [&]() -> Result<std::size_t> {
            if (closed_) return failed("read", EBADF);
            return handle_.content().read(offset, to, count);
        });
    }

    Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
        const auto act = [&]() -> Result<void> {
            if (const int wrong = why_not_write(offset + bytes.size())) return failed("write", wrong);
            if (handle_.content().write(offset, bytes, disk().pages_free()) < bytes.size())
                return failed("write", ENOSPC);
            return {};
        };
        const auto tear = [&](const Fault& fault) {
            if (why_not_write(offset + bytes.size()) == 0)
                handle_.content().write(offset, bytes.substr(0, fault.bytes_done), disk().pages_free());
        };
        return disk().perform(call(CallKind::write, offset, bytes.size()), act, tear);
    }

    Result<void> sync() override {
        const auto act = [&]() -> Result<void> {
            if (closed_) return failed("sync", EBADF);
            if (!handle_.content().sync(disk().pages_free())) return failed("sync", ENOSPC);
            return {};
        };
        return disk().perform(call(CallKind::sync, 0, 0), act, [&](const Fault&) { handle_.content().forget(); });
    }

    // Not among the calls that may fail: what it says is a hint.
    std::uint64_t data_from(std::uint64_t offset) const noexcept override {
        const std::lock_guard lock(disk().mutex);
        return handle_.content().data_from(offset);
    }

    Result<std::uint64_t> size() const override {
        return perform(CallKind::size, 0, 0, [&]() -> Result<std::uint64_t> {
            if (closed_) return failed("size", EBADF);
            return handle_.content().bytes();
        });
    }

    Result<void> resize(std::uint64_t bytes) override {
        return perform(CallKind::resize, 0, bytes, [&]() -> Result<void> {
            if (const int wrong = why_not_write(bytes)) return failed("resize", wrong);
            handle_.content().resize(bytes);
            return {};
        });
    }

    Result<void> reserve(std::uint64_t bytes) override {
        return perform(CallKind::reserve, 0, bytes, [&]() -> Result<void> {
            if (const int wrong = why_not_write(bytes)) return failed("reserve", wrong);
            if (!handle_.content().reserve(bytes, disk().pages_free())) return failed("reserve", ENOSPC);
            return {};
        });
    }

    Result<std::unique_ptr<Mapping>> map(MapMode mode) override {
        return perform(CallKind::map, 0, 0, [&]() -> Result<std::unique_ptr<Mapping>> {
            if (closed_) return failed("map", EBADF);
            if (mode == MapMode::write && !writable_) return failed("map", EACCES);
            return std::make_unique<MemoryMapping>(handle_, mode);
        });
    }

    Result<void> close() override {
        return perform(CallKind::close, 0, 0, [&]() -> Result<void> {
            closed_ = true;
            return {};
        });
    }

private:
    Disk& disk() const noexcept { return handle_.disk(); }
    Call call(CallKind kind, std::uint64_t offset, std::uint64_t bytes) const {
        return {.kind = kind, .path = path_, .offset = offset, .bytes = bytes};
    }
    template <class Act>
    std::invoke_result_t<Act> perform(CallKind kind, std::uint64_t offset, std::uint64_t bytes, Act act) const {
        return disk().perform(call(kind, offset, bytes), act);
    }
    std::unexpected<Error> failed(const char* operation, int os_code) const {
        return detail::os_failure(operation, path_, os_code);
    }
    int why_not_write(std::uint64_t end) const noexcept {
        if (closed_ || !writable_) return EBADF;
        return end > handle_.content().bytes_max() ? EFBIG : 0;
    }

    Handle handle_;
    std::string path_;
    bool writable_;
    bool closed_ = false;
};

} // namespace kvilt::memory
