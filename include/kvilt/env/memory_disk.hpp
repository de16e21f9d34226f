// What all files of one memory world share: names, space, locks, faults, and the count of calls.
#pragma once

#include <kvilt/env/fault.hpp>
#include <kvilt/env/memory_tree.hpp>
#include <kvilt/env/os_error.hpp>

#include <array>
#include <functional>
#include <mutex>

namespace kvilt::memory {

// Files and mappings share its ownership, and so outlive their world.
struct Disk {
    using Hook = std::function<void(const Call&)>;

    std::mutex mutex;
    Tree tree;
    FaultPlan faults;
    std::shared_ptr<const Hook> hook;
    std::uint64_t calls = 0;
    std::array<std::uint64_t, call_kind_count> calls_of{};
    std::map<NodePtr, int> locks; // readers, or -1: a writer
    std::vector<std::weak_ptr<Node>> opened;
    std::uint64_t capacity_bytes = unlimited;
    std::size_t file_bytes_max = 0;

    // One call of the world: counts it, tells the hook, lets a fault hit or acts under the lock. The hook runs outside
    // the lock and may throw. `spoil(fault)` does what a failing call does all the same.
    template <class Act, class Spoil>
    std::invoke_result_t<Act> perform(Call call, Act act, Spoil spoil) {
        std::optional<Fault> fault;
        std::shared_ptr<const Hook> tell;
        {
            const std::lock_guard lock(mutex);
            call.number = ++calls;
            ++calls_of[static_cast<std::size_t>(call.kind)];
            fault = faults.meet(call.kind, call.path);
            tell = hook;
        }
        if (tell) (*tell)(call);
        auto result = [&]() -> std::invoke_result_t<Act> {
            const std::lock_guard lock(mutex);
            if (!fault) return act();
            spoil(*fault);
            return detail::os_failure(name_of(call.kind), call.path, fault->os_code);
        }();
        if (tell) {
            call.done = true;
            call.failed = !result.has_value();
            (*tell)(call);
        }
        return result;
    }

    template <class Act>
    std::invoke_result_t<Act> perform(Call call, Act act) {
        return perform(std::move(call), std::move(act), [](const Fault&) {});
    }

    // A removed file keeps its space until it is closed.
    std::uint64_t pages_taken() {
        auto nodes = tree.named();
        std::erase_if(opened, [](const auto& node) { return node.expired(); });
        for (const auto& weak : opened)
            if (auto node = weak.lock(); node && node->handles != 0) nodes.insert(std::move(node));
        std::uint64_t taken = 0;
        for (const NodePtr& node : nodes)
            if (node->content) taken += node->content->pages_taken();
        return taken;
    }

    std::uint64_t pages_free() {
        if (capacity_bytes == unlimited) return unlimited;
        const std::uint64_t taken = pages_taken();
        return capacity_bytes / page_bytes - std::min(capacity_bytes / page_bytes, taken);
    }
};

} // namespace kvilt::memory
