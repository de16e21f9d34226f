// What every partition says of a list of nodes: whether it can be placed on, and its text in a layout.
#pragma once

#include <kvilt/core/node.hpp>
#include <kvilt/core/result.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace kvilt::partition::detail {

// Capacities count relative to each other; within these bounds sums stay exact enough and finite.
inline constexpr double capacity_min = 1e-9;
inline constexpr double capacity_max = 1e9;
inline constexpr std::size_t place_bytes_max = 255; // of a rack or site, which are stored in the layout

inline std::string text_of(double number) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

// `policy` is a literal. An empty list is legal everywhere.
inline Result<void> check_node_list(const char* policy, const NodeList& nodes) {
    const auto refuse = [&](std::uint32_t number, const std::string& why) {
        return failure(Errc::invalid_option, policy, "node " + std::to_string(number) + " " + why);
    };
    if (nodes.size() > nodes_max)
        return failure(Errc::invalid_option, policy,
                       "nodes are negative, or more than " + std::to_string(nodes_max) +
                           ": each is an engine with its own log and index, so take fewer");
    std::vector<std::string_view> directories;
    std::uint32_t number = 0;
    for (const NodeSpec& node : nodes) {
        if (!(node.capacity >= capacity_min && node.capacity <= capacity_max)) // nor is it when it is not a number
            return refuse(number, "has capacity " + text_of(node.capacity) + ", but must have one from " +
                                      text_of(capacity_min) + " to " + text_of(capacity_max) +
                                      ": state its size relative to the others'");
        if (node.rack.size() > place_bytes_max || node.site.size() > place_bytes_max)
            return refuse(number, "is in a rack or site whose name is longer than 255 bytes: shorten it");
        if (!node.directory.empty()) directories.push_back(node.directory);
        ++number;
    }
    std::sort(directories.begin(), directories.end());
    const auto twice = std::adjacent_find(directories.begin(), directories.end());
    if (twice == directories.end()) return {};
    return failure(Errc::invalid_option, policy,
                   "two nodes have the directory " + std::string(*twice) + ": give each its own");
}

// All but letters, digits and -._~ as %XX.
inline void append_escaped(std::string& to, std::string_view bytes) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    for (const char c : bytes) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        const auto byte = static_cast<unsigned char>(c);
        if (plain)
            to.push_back(c);
        else
            to.append({'%', hex[byte >> 4], hex[byte & 15]});
    }
}

inline bool is_plain(const NodeSpec& node) { return node.capacity == 1 && node.rack.empty() && node.site.empty(); }

// "nodes/3", or "nodes/3:1,2@rack@site,0.5@@site" where one of them is not plain. Directories may change.
inline std::string text_of(const NodeList& nodes) {
    std::string text = "nodes/" + std::to_string(nodes.size());
    if (std::all_of(nodes.begin(), nodes.end(), is_plain)) return text;
    char before = ':';
    for (const NodeSpec& node : nodes) {
        text.push_back(std::exchange(before, ','));
        text += text_of(node.capacity);
        if (node.rack.empty() && node.site.empty()) continue;
        text.push_back('@');
        append_escaped(text, node.rack);
        if (node.site.empty()) continue;
        text.push_back('@');
        append_escaped(text, node.site);
    }
    return text;
}

// Nothing for the nodes that an empty list stands for: a layout then reads as it did before there were lists.
inline std::string text_unless(const NodeList& nodes, std::size_t count_if_none) {
    const bool usual = nodes.size() == count_if_none && std::all_of(nodes.begin(), nodes.end(), is_plain);
    return usual ? "" : text_of(nodes);
}

} // namespace kvilt::partition::detail
