// A world in memory that is as strict as a machine may be: power loss keeps what was synced and, of the rest, what a
// test chooses. Calls fail when told to; time and background work stand still until a test moves them.
#pragma once

#include <kvilt/env/environment.hpp>
#include <kvilt/env/manual_clock.hpp>
#include <kvilt/env/manual_executor.hpp>
#include <kvilt/env/memory_file_system.hpp>
#include <kvilt/env/seeded_random.hpp>

namespace kvilt {

// Files keep what is durable and what is seen; File::sync makes a file's bytes and length durable, sync_directory the
// names of a directory, create_directory the directories that it makes. Nothing else is ever durable.
//
// A failed sync makes the kernel take dirty pages of 4 KiB for clean: they are seen until power is lost, and a later
// sync that succeeds does not save them unless they were written to since. A store through a mapping of the value that
// was there already is not noticed: advise(Advice::will_write) tells that it is coming.
//
// Thread-safe. Must outlive the stores that live in it; its open files and mappings may outlive it.
class MemoryWorld {
public:
    struct Options {
        std::uint64_t seed = 1;
        std::uint64_t capacity_bytes = memory::unlimited; // see set_capacity
        std::size_t file_bytes_max = 1_GiB;               // address space of each open file
        ManualExecutor::Mode workers = ManualExecutor::Mode::on_demand;
    };

    MemoryWorld() : MemoryWorld(Options{}) {}
    explicit MemoryWorld(const Options& options)
        : options_(options), executor_(clock_, options.workers), random_(options.seed) {
        disk_->capacity_bytes = options.capacity_bytes;
        disk_->file_bytes_max = options.file_bytes_max;
    }

    // Its executor may be replaced by another, for real threads.
    Environment environment() noexcept {
        return {.files = &files_, .clock = &clock_, .executor = &executor_, .random = &random_};
    }
    FileSystem& files() noexcept { return files_; }
    ManualClock& clock() noexcept { return clock_; }
    ManualExecutor& executor() noexcept { return executor_; }
    std::size_t run_pending() { return executor_.run_pending(); }

    // ---- Death. Each makes a new world and leaves this one as it is: what still lives here is a ghost, which may go
    // on and be destroyed without harm. Faults, hooks and locks stay behind. May be called by a hook. A choice must not
    // call the world.

    // The world after power loss: what is durable, and of the rest what `choice` says.
    std::unique_ptr<MemoryWorld> crash(const CrashChoice& choice) const {
        return next([&choice](const memory::Tree& tree) { return tree.crashed(choice); });
    }

    // The world after this process alone has died: nothing is lost, and nothing is safer than it was.
    std::unique_ptr<MemoryWorld> kill() const {
        return next([](const memory::Tree& tree) { return tree.copied(); });
    }

    // What a kernel does at any time of itself: writes to the device some of what is dirty, lengths and sectors only.
    // Later stores to the same sectors may be lost again without these.
    void write_back(const CrashChoice& choice) {
        const std::lock_guard lock(disk_->mutex);
        disk_->tree.write_back(choice);
    }

    // What power loss could keep or lose now, in the order in which crash() asks.
    std::vector<Unsynced> unsynced() const {
        std::vector<Unsynced> items;
        const std::lock_guard lock(disk_->mutex);
        static_cast<void>(disk_->tree.crashed(CrashChoice([&items](const Unsynced& item) {
            items.push_back(item);
            return false;
        })));
        return items;
    }

    // ---- Faults.

    void inject(Fault fault) {
        const std::lock_guard lock(disk_->mutex);
        disk_->faults.add(std::move(fault));
    }
    void clear_faults() {
        const std::lock_guard lock(disk_->mutex);
        disk_->faults.clear();
    }

    // The disk is full when the pages of all files, removed but open ones included, would take more.
    void set_capacity(std::uint64_t bytes) {
        const std::lock_guard lock(disk_->mutex);
        disk_->capacity_bytes = bytes;
    }

    // ---- Calls.

    std::uint64_t calls() const {
        const std::lock_guard lock(disk_->mutex);
        return disk_->calls;
    }
    std::uint64_t calls(CallKind kind) const {
        const std::lock_guard lock(disk_->mutex);
        return disk_->calls_of[static_cast<std::size_t>(kind)];
    }

    // Told of each call before and after it, on the caller's thread and outside all locks; what it throws goes to the
    // caller. May look at the world, crash it and set faults for calls to come. Empty: none.
    void on_call(std::function<void(const Call&)> hook) {
        auto shared = hook ? std::make_shared<const memory::Disk::Hook>(std::move(hook)) : nullptr;
        const std::lock_guard lock(disk_->mutex);
        disk_->hook.swap(shared); // the former one is destroyed outside the lock
    }

    // ---- Files at rest, without a call being counted. Errc::not_found, or io for a directory.

    Result<std::string> contents(const std::string& path) const {
        return with_file("contents", path, [](memory::Content& content) {
            std::string bytes(static_cast<std::size_t>(content.bytes()), '\0');
            content.read(0, bytes.data(), bytes.size());
            return bytes;
        });
    }

    // The file holds these bytes, durably, as if it had never held others. Makes it if it is not there.
    Result<void> replace(const std::string& path, Bytes bytes) {
        {
            const std::lock_guard lock(disk_->mutex);
            if (!disk_->tree.find(path)) KVILT_TRY(create_durable(path));
        }
        KVILT_TRY_ASSIGN(fits, with_file("replace", path, [bytes](memory::Content& content) {
                             if (bytes.size() > content.bytes_max()) return false;
                             content.resize(0);
                             content.write(0, bytes, memory::unlimited);
                             return content.sync(memory::unlimited);
                         }));
        if (!fits) return detail::os_failure("replace", path, EFBIG);
        return {};
    }

    // Cuts the file as damage does: durably.
    Result<void> truncate(const std::string& path, std::uint64_t bytes) {
        KVILT_TRY_ASSIGN(text, contents(path));
        return replace(path,
                       Bytes(text).substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes, text.size()))));
    }

    // Flips the bits of `mask` in one byte, in what is seen and what is durable alike.
    Result<void> flip(const std::string& path, std::uint64_t offset, unsigned char mask) {
        KVILT_TRY_ASSIGN(inside, with_file("flip", path, [=](memory::Content& content) {
                             if (offset >= content.bytes()) return false;
                             content.flip(offset, static_cast<char>(mask));
                             return true;
                         }));
        if (!inside) return failure(Errc::invalid_argument, "flip", path + " is shorter: flip a byte inside it");
        return {};
    }

    // Space that files take, in whole pages.
    std::uint64_t used_bytes() const {
        const std::lock_guard lock(disk_->mutex);
        return disk_->pages_taken() * memory::page_bytes;
    }

private:
    template <class Make>
    std::unique_ptr<MemoryWorld> next(Make make) const {
        const std::lock_guard lock(disk_->mutex);
        Options options = options_;
        options.seed = mix(options.seed, disk_->calls);
        options.capacity_bytes = disk_->capacity_bytes;
        auto world = std::make_unique<MemoryWorld>(options);
        world->disk_->tree = make(disk_->tree);
        world->clock_.set_wall_us(clock_.wall_us());
        return world;
    }

    template <class Act>
    auto with_file(const char* operation, const std::string& path, Act act) const
        -> Result<decltype(act(std::declval<memory::Content&>()))> {
        const std::lock_guard lock(disk_->mutex);
        const memory::NodePtr node = disk_->tree.find(path);
        if (!node) return detail::os_failure(operation, path, ENOENT);
        if (node->is_directory()) return detail::os_failure(operation, path, EISDIR);
        return act(*node->content);
    }

    Result<void> create_durable(const std::string& path) {
        const std::size_t slash = path.rfind('/');
        const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
        const memory::NodePtr directory = disk_->tree.find(parent);
        if (!directory || !directory->is_directory()) return detail::os_failure("replace", path, ENOENT);
        auto file = std::make_shared<memory::Node>();
        file->content = std::make_shared<memory::Content>(disk_->file_bytes_max);
        memory::Tree::make_durable(*directory, path.substr(slash + 1), file);
        return {};
    }

    Options options_;
    std::shared_ptr<memory::Disk> disk_ = std::make_shared<memory::Disk>();
    memory::MemoryFileSystem files_{disk_};
    ManualClock clock_;
    ManualExecutor executor_;
    SeededRandom random_;
};

} // namespace kvilt
