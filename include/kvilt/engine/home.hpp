// The directory of a store: its lock, and a manifest that must be of the same composition.
#pragma once

#include <kvilt/engine/manifest.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::engine {

// What only a store with a directory has.
struct Home {
    Environment environment{};
    std::string directory{};
    std::unique_ptr<DirectoryLock> lock{};
    std::optional<Manifest> manifest{};
};

using Formats = std::vector<std::pair<std::string, std::string>>;

// Which node of the store a directory is of. Compared only where both sides say: a checkpoint lies elsewhere.
inline constexpr const char* node_format = "node";

// A readable difference, not a number: which slot, what was stored, what this program is.
inline Result<void> compare_formats(const Home& home, const Formats& wanted) {
    const Formats& stored = home.manifest->state().formats;
    const auto format_in = [](const Formats& formats, const std::string& slot) -> std::string {
        for (const auto& [name, format] : formats)
            if (name == slot) return "\"" + format + "\"";
        return "nothing";
    };
    std::string difference;
    const auto compare = [&](const std::string& slot) {
        const std::string was = format_in(stored, slot);
        const std::string is = format_in(wanted, slot);
        if (slot == node_format && (was == "nothing" || is == "nothing")) return;
        if (was != is) difference += "; " + slot + " is " + was + " on disk and " + is + " in this program";
    };
    for (const auto& [slot, format] : stored) compare(slot);
    for (const auto& [slot, format] : wanted)
        if (format_in(stored, slot) == "nothing") compare(slot);
    if (difference.empty()) return {};
    return failure(Errc::incompatible, "open store",
                   home.directory + difference + "; open it with the composition that wrote it");
}

// Locks the directory, making it first where `options.create` says so, and reads its manifest. False: there is no store
// yet, and the caller may make one.
template <class Options>
Result<bool> open_home(Home& home, const Options& options) {
    FileSystem& files = *home.environment.files;
    const bool creates = options.create && !options.read_only;
    KVILT_TRY_ASSIGN(there, files.exists(home.directory));
    if (!there && !creates)
        return failure(Errc::not_found, "open store",
                       home.directory + " does not exist; create a store with {.create = true}");
    if (!there) KVILT_TRY(files.create_directory(home.directory));
    KVILT_TRY_ASSIGN(lock, files.lock(home.directory, options.read_only ? LockMode::shared : LockMode::exclusive));
    home.lock = std::move(lock);
    auto manifest = Manifest::read(home.environment, home.directory);
    if (!manifest && manifest.error() == Errc::not_found && creates) return false;
    if (!manifest) return std::unexpected(std::move(manifest).error());
    home.manifest = std::move(*manifest);
    KVILT_TRY(compare_formats(home, options.formats));
    return true;
}

} // namespace kvilt::engine
