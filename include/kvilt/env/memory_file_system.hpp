// The file system of the memory world.
#pragma once

#include <kvilt/env/memory_file.hpp>

namespace kvilt::memory {

class MemoryDirectoryLock final : public DirectoryLock {
public:
    // Under the disk's lock, with the lock taken.
    MemoryDirectoryLock(std::shared_ptr<Disk> disk, NodePtr directory)
        : disk_(std::move(disk)), directory_(std::move(directory)) {}
    ~MemoryDirectoryLock() override {
        const std::lock_guard lock(disk_->mutex);
        const auto found = disk_->locks.find(directory_);
        if (--found->second <= 0) disk_->locks.erase(found);
    }

private:
    std::shared_ptr<Disk> disk_;
    NodePtr directory_;
};

class MemoryFileSystem final : public FileSystem {
public:
    explicit MemoryFileSystem(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        const CallKind kind = mode == OpenMode::create ? CallKind::create : CallKind::open;
        return perform(kind, path, [&]() -> Result<std::unique_ptr<File>> {
            NodePtr node;
            if (mode == OpenMode::create) {
                if (const int wrong = disk_->tree.create_file(path, disk_->file_bytes_max, node))
                    return detail::os_failure("create", path, wrong);
            } else {
                node = disk_->tree.find(path);
                if (!node) return detail::os_failure("open", path, ENOENT);
                if (node->is_directory()) return detail::os_failure("open", path, EISDIR);
            }
            return std::make_unique<MemoryFile>(disk_, std::move(node), path, mode != OpenMode::read);
        });
    }

    Result<void> remove(const std::string& path) override {
        return change(CallKind::remove, path, path, [&] { return disk_->tree.remove(path); });
    }

    Result<void> rename(const std::string& from, const std::string& to) override {
        return change(CallKind::rename, from, from + " to " + to, [&] { return disk_->tree.rename(from, to); });
    }

    Result<void> link(const std::string& from, const std::string& to) override {
        return change(CallKind::link, from, from + " to " + to, [&] { return disk_->tree.link(from, to); });
    }

    Result<bool> exists(const std::string& path) const override {
        return perform(CallKind::exists, path, [&]() -> Result<bool> { return disk_->tree.find(path) != nullptr; });
    }

    Result<std::vector<std::string>> list(const std::string& directory) const override {
        return perform(CallKind::list, directory, [&]() -> Result<std::vector<std::string>> {
            KVILT_TRY_ASSIGN(node, find_directory("list", directory));
            std::vector<std::string> names;
            for (const auto& [name, child] : node->names) names.push_back(name);
            return names;
        });
    }

    Result<void> create_directory(const std::string& path) override {
        return change(CallKind::create_directory, path, path, [&] { return disk_->tree.create_directory(path); });
    }

    Result<void> sync_directory(const std::string& path) override {
        return perform(CallKind::sync_directory, path, [&]() -> Result<void> {
            KVILT_TRY_ASSIGN(node, find_directory("sync_directory", path));
            Tree::sync(*node);
            return {};
        });
    }

    Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory, LockMode mode) override {
        return perform(CallKind::lock, directory, [&]() -> Result<std::unique_ptr<DirectoryLock>> {
            KVILT_TRY_ASSIGN(node, find_directory("lock", directory));
            int& held = disk_->locks[node];
            if (held == -1 || (held > 0 && mode == LockMode::exclusive))
                return failure(Errc::locked, "lock",
                               directory + "/LOCK is held by this process: close its other store");
            held = mode == LockMode::exclusive ? -1 : held + 1;
            if (mode == LockMode::exclusive && !node->names.contains("LOCK")) {
                auto file = std::make_shared<Node>();
                file->content = std::make_shared<Content>(disk_->file_bytes_max);
                Tree::make_durable(*node, "LOCK", file); // as in the system's world; of no interest to crashes
            }
            return std::make_unique<MemoryDirectoryLock>(disk_, node);
        });
    }

private:
    template <class Act>
    std::invoke_result_t<Act> perform(CallKind kind, const std::string& path, Act act) const {
        return disk_->perform({.kind = kind, .path = path}, act);
    }

    // `act` returns an errno or 0.
    template <class Act>
    Result<void> change(CallKind kind, const std::string& path, const std::string& subject, Act act) {
        return perform(kind, path, [&]() -> Result<void> {
            if (const int wrong = act()) return detail::os_failure(name_of(kind), subject, wrong);
            return {};
        });
    }

    Result<NodePtr> find_directory(const char* operation, const std::string& path) const {
        NodePtr node = disk_->tree.find(path);
        if (!node) return detail::os_failure(operation, path, ENOENT);
        if (!node->is_directory()) return detail::os_failure(operation, path, ENOTDIR);
        return node;
    }

    std::shared_ptr<Disk> disk_;
};

} // namespace kvilt::memory
