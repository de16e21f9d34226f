// The names of the memory world: those that power loss leaves, and the changes since, in order.
#pragma once

#include <kvilt/env/crash_choice.hpp>
#include <kvilt/env/memory_content.hpp>

#include <atomic>
#include <cerrno>
#include <map>
#include <set>

namespace kvilt::memory {

struct Node;
using NodePtr = std::shared_ptr<Node>;
using Names = std::map<std::string, NodePtr>;

// One change as the directory's device sees it: all of its names, or none. Null: the name goes.
struct NameChange {
    std::uint64_t number = 0; // in the order of the whole world
    std::string what{};
    std::vector<std::pair<std::string, NodePtr>> sets{};

    void apply_to(Names& names) const {
        for (const auto& [name, node] : sets) {
            if (node)
                names[name] = node;
            else
                names.erase(name);
        }
    }
};

// A file has content; a directory has names. `names` is `durable_names` after all of `pending`.
struct Node {
    std::shared_ptr<Content> content{};
    Names names{};
    Names durable_names{};
    std::vector<NameChange> pending{};
    std::atomic<std::uint64_t> handles{0}; // open files and mappings: keep the space of a removed file

    bool is_directory() const noexcept { return content == nullptr; }
};

// Paths are split at `/`; empty parts and `.` mean nothing, so "a" and "/a" are one place. Functions return an errno
// or 0. Not thread-safe.
class Tree {
public:
    NodePtr find(const std::string& path) const {
        NodePtr at = root_;
        for (const std::string& part : parts_of(path)) {
            if (!at || !at->is_directory()) return nullptr;
            at = child_of(*at, part);
        }
        return at;
    }

    int create_file(const std::string& path, std::size_t bytes_max, NodePtr& file) {
        Place place;
        if (const int wrong = locate(path, place)) return wrong;
        if (child_of(*place.directory, place.name)) return EEXIST;
        file = std::make_shared<Node>();
        file->content = std::make_shared<Content>(bytes_max);
        change(*place.directory, "create " + path, {{place.name, file}});
        return 0;
    }

    int remove(const std::string& path) {
        Place place;
        if (const int wrong = locate(path, place)) return wrong;
        const NodePtr node = child_of(*place.directory, place.name);
        if (!node) return ENOENT;
        if (!node->names.empty()) return ENOTEMPTY;
        change(*place.directory, "remove " + path, {{place.name, nullptr}});
        return 0;
    }

    // Directories within their parent only: EXDEV otherwise.
    int rename(const std::string& from, const std::string& to) {
        Place source;
        Place target;
        if (const int wrong = locate(from, source)) return wrong;
        if (const int wrong = locate(to, target)) return wrong;
        const NodePtr node = child_of(*source.directory, source.name);
        const NodePtr replaced = child_of(*target.directory, target.name);
        if (!node) return ENOENT;
        if (node == replaced) return 0;
        if (node->is_directory() && source.directory != target.directory) return EXDEV;
        if (replaced && replaced->is_directory() != node->is_directory())
            return node->is_directory() ? ENOTDIR : EISDIR;
        if (replaced && !replaced->names.empty()) return ENOTEMPTY;
        const std::string what = "rename " + from + " to " + to;
        if (source.directory == target.directory) {
            change(*source.directory, what, {{source.name, nullptr}, {target.name, node}});
        } else {
            change(*target.directory, what + " (arrival)", {{target.name, node}});
            change(*source.directory, what + " (departure)", {{source.name, nullptr}});
        }
        return 0;
    }

    int link(const std::string& from, const std::string& to) {
        const NodePtr node = find(from);
        Place place;
        if (!node) return ENOENT;
        if (node->is_directory()) return EPERM;
        if (const int wrong = locate(to, place)) return wrong;
        if (child_of(*place.directory, place.name)) return EEXIST;
        change(*place.directory, "link " + from + " to " + to, {{place.name, node}});
        return 0;
    }

    // Durable at once, parents included.
    int create_directory(const std::string& path) {
        NodePtr at = root_;
        for (const std::string& part : parts_of(path)) {
            if (!at->is_directory()) return ENOTDIR;
            NodePtr next = child_of(*at, part);
            if (!next) next = std::make_shared<Node>();
            make_durable(*at, part, next);
            at = std::move(next);
        }
        return at->is_directory() ? 0 : ENOTDIR;
    }

    // Puts a name there as if it had always been.
    static void make_durable(Node& directory, const std::string& name, const NodePtr& node) {
        for (NameChange& change : directory.pending)
            std::erase_if(change.sets, [&name](const auto& set) { return set.first == name; });
        std::erase_if(directory.pending, [](const NameChange& change) { return change.sets.empty(); });
        directory.names[name] = directory.durable_names[name] = node;
    }

    static void sync(Node& directory) {
        directory.durable_names = directory.names;
        directory.pending.clear();
    }

    // The tree after power loss. Asks for every change of names in order, then for every file that any name may lead
    // to, its length and its sectors, even if no kept name leads to it: so the order of asking depends on nothing.
    Tree crashed(const CrashChoice& choice) const {
        const auto nodes = all_nodes();
        std::size_t ordinal = 0;
        const auto keeps = [&](Unsynced::Kind kind, const std::string& path, std::uint64_t number) {
            return choice.keeps({.kind = kind, .path = path, .number = number, .ordinal = ordinal++});
        };
        std::map<std::uint64_t, const NameChange*> changes;
        for (const auto& [path, node] : nodes)
            for (const NameChange& change : node->pending) changes[change.number] = &change;
        std::erase_if(changes,
                      [&](const auto& entry) { return !keeps(Unsynced::Kind::name, entry.second->what, entry.first); });
        std::map<const Node*, NodePtr> twins;
        for (const auto& [path, node] : nodes) {
            auto& twin = twins[node.get()] = std::make_shared<Node>();
            if (node->is_directory()) continue;
            twin->content = node->content->crashed([&](std::optional<std::uint64_t> sector) {
                return keeps(sector ? Unsynced::Kind::sector : Unsynced::Kind::length, path,
                             sector.value_or(node->content->bytes()));
            });
        }
        for (const auto& [path, node] : nodes) {
            Names names = node->durable_names;
            for (const NameChange& change : node->pending)
                if (changes.contains(change.number)) change.apply_to(names);
            for (const auto& [name, old] : names) twins[node.get()]->names[name] = twins[old.get()];
            twins[node.get()]->durable_names = twins[node.get()]->names;
        }
        return Tree(twins[root_.get()], next_change_);
    }

    // Lengths and sectors only.
    void write_back(const CrashChoice& choice) {
        std::size_t ordinal = 0;
        for (const auto& [path, node] : all_nodes()) {
            if (node->is_directory()) continue;
            node->content->write_back([&, &file = *node, &where = path](std::optional<std::uint64_t> sector) {
                return choice.keeps({.kind = sector ? Unsynced::Kind::sector : Unsynced::Kind::length,
                                     .path = where,
                                     .number = sector.value_or(file.content->bytes()),
                                     .ordinal = ordinal++});
            });
        }
    }

    Tree copied() const {
        const auto nodes = all_nodes();
        std::map<const Node*, NodePtr> twins{{nullptr, nullptr}};
        for (const auto& [path, node] : nodes) {
            auto& twin = twins[node.get()] = std::make_shared<Node>();
            if (!node->is_directory()) twin->content = node->content->copied();
        }
        for (const auto& [path, node] : nodes) {
            Node& twin = *twins[node.get()];
            for (const auto& [name, old] : node->names) twin.names[name] = twins[old.get()];
            for (const auto& [name, old] : node->durable_names) twin.durable_names[name] = twins[old.get()];
            twin.pending = node->pending;
            for (NameChange& change : twin.pending)
                for (auto& [name, old] : change.sets) old = twins[old.get()];
        }
        return Tree(twins[root_.get()], next_change_);
    }

    // What has a name now.
    std::set<NodePtr> named() const {
        std::set<NodePtr> found;
        add_named(root_, found);
        return found;
    }

    Tree() : root_(std::make_shared<Node>()) {}

private:
    struct Place {
        NodePtr directory;
        std::string name;
    };

    Tree(NodePtr root, std::uint64_t next_change) : root_(std::move(root)), next_change_(next_change) {}

    static std::vector<std::string> parts_of(const std::string& path) {
        std::vector<std::string> parts;
        for (std::size_t at = 0; at < path.size();) {
            const std::size_t end = std::min(path.find('/', at), path.size());
            if (end > at && path.compare(at, end - at, ".") != 0) parts.push_back(path.substr(at, end - at));
            at = end + 1;
        }
        return parts;
    }

    static NodePtr child_of(const Node& directory, const std::string& name) {
        const auto found = directory.names.find(name);
        return found == directory.names.end() ? nullptr : found->second;
    }

    int locate(const std::string& path, Place& place) const {
        auto parts = parts_of(path);
        if (parts.empty()) return EBUSY; // the root
        place.name = std::move(parts.back());
        parts.pop_back();
        place.directory = root_;
        for (const std::string& part : parts) {
            place.directory = child_of(*place.directory, part);
            if (!place.directory) return ENOENT;
            if (!place.directory->is_directory()) return ENOTDIR;
        }
        return 0;
    }

    void change(Node& directory, std::string what, std::vector<std::pair<std::string, NodePtr>> sets) {
        directory.pending.push_back({next_change_++, std::move(what), std::move(sets)});
        directory.pending.back().apply_to(directory.names);
    }

    // Each node once, with the first of its paths that an ordered walk meets.
    std::vector<std::pair<std::string, NodePtr>> all_nodes() const {
        std::vector<std::pair<std::string, NodePtr>> nodes{{"", root_}};
        std::set<const Node*> seen{root_.get()};
        for (std::size_t at = 0; at < nodes.size(); ++at) {
            const auto [path, node] = nodes[at];
            const auto visit = [&](const std::string& name, const NodePtr& child) {
                if (child && seen.insert(child.get()).second)
                    nodes.emplace_back(path.empty() ? name : path + "/" + name, child);
            };
            for (const auto& [name, child] : node->names) visit(name, child);
            for (const auto& [name, child] : node->durable_names) visit(name, child);
            for (const NameChange& change : node->pending)
                for (const auto& [name, child] : change.sets) visit(name, child);
        }
        return nodes;
    }

    static void add_named(const NodePtr& node, std::set<NodePtr>& found) {
        found.insert(node);
        for (const auto& [name, child] : node->names) add_named(child, found);
    }

    NodePtr root_;
    std::uint64_t next_change_ = 0;
};

} // namespace kvilt::memory
