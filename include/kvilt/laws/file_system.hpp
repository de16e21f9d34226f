// The laws of a FileSystem, for any model of it. What power loss keeps is not among them: no model can show that of
// itself.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/env/file_system.hpp>

#include <algorithm>

namespace kvilt::laws {

namespace file_system {

struct Broken {
    std::string law;
};

inline void require(bool holds, const char* law) {
    if (!holds) throw Broken{law};
}

template <class T>
void require_error(const Result<T>& outcome, Errc code, const char* law) {
    if (outcome || outcome.error() != code) throw Broken{law};
}

inline std::string read(const File& file, std::uint64_t offset, std::size_t count) {
    std::string bytes(count, '?');
    bytes.resize(file.read_at(offset, bytes.data(), count).value());
    return bytes;
}

inline std::unique_ptr<File> make(FileSystem& files, const std::string& path, Bytes bytes) {
    auto file = files.open(path, OpenMode::create).value();
    file->write_at(0, bytes).value();
    return file;
}

inline void names(FileSystem& files, const std::string& at) {
    require_error(files.open(at + "/a", OpenMode::read), Errc::not_found, "open of a missing file is not_found");
    require_error(files.open(at + "/a", OpenMode::write), Errc::not_found, "open to write does not create");
    require_error(files.open(at + "/x/a", OpenMode::create), Errc::not_found, "create in no directory is not_found");
    require(!files.exists(at + "/a").value(), "a missing file does not exist");
    make(files, at + "/a", "one")->close().value();
    require(files.exists(at + "/a").value(), "a created file exists");
    require(!files.exists(at + "/a/b").value(), "nothing exists below a file");
    require_error(files.open(at + "/a", OpenMode::create), Errc::exists, "create refuses a name that is taken");
    require(!files.open(at, OpenMode::read), "a directory is not opened as a file");

    make(files, at + "/b", "two");
    const auto old = files.open(at + "/b", OpenMode::read).value();
    files.rename(at + "/a", at + "/b").value();
    require(read(*files.open(at + "/b", OpenMode::read).value(), 0, 9) == "one", "rename replaces its target");
    require(read(*old, 0, 9) == "two", "a replaced file lives while it is open");
    require(files.list(at).value() == std::vector<std::string>{"b"}, "rename takes the old name away");
    require_error(files.rename(at + "/a", at + "/c"), Errc::not_found, "rename of a missing file is not_found");

    files.link(at + "/b", at + "/a").value();
    files.open(at + "/a", OpenMode::write).value()->write_at(0, "1").value();
    require(read(*files.open(at + "/b", OpenMode::read).value(), 0, 9) == "1ne", "a link is the same file");
    require_error(files.link(at + "/b", at + "/a"), Errc::exists, "link refuses a name that is taken");
    require_error(files.link(at + "/z", at + "/y"), Errc::not_found, "link of a missing file is not_found");
    files.rename(at + "/b", at + "/a").value();
    require(files.exists(at + "/b").value(), "rename between links of one file does nothing");

    make(files, at + "/a.10", "");
    make(files, at + "/B", "");
    require(files.list(at).value() == std::vector<std::string>{"B", "a", "a.10", "b"}, "list is sorted as bytes");
    require_error(files.list(at + "/none"), Errc::not_found, "list of a missing directory is not_found");
    for (const char* name : {"/a", "/b", "/a.10", "/B"}) files.remove(at + name).value();
    require(files.list(at).value().empty(), "remove takes names away");
    require_error(files.remove(at + "/a"), Errc::not_found, "remove of a missing file is not_found");
}

inline void directories(FileSystem& files, const std::string& at) {
    files.create_directory(at + "/x/y/z").value();
    files.create_directory(at + "/x/y/z").value();
    require(files.list(at + "/x").value() == std::vector<std::string>{"y"}, "directories come with their parents");
    const auto file = make(files, at + "/x/y/z/f", "kept");
    files.sync_directory(at + "/x/y/z").value();
    require(!files.create_directory(at + "/x/y/z/f"), "a directory is not created over a file");
    require(!files.create_directory(at + "/x/y/z/f/g"), "a directory is not created below a file");
    require(!files.remove(at + "/x/y"), "a directory with names in it is not removed");
    require_error(files.sync_directory(at + "/none"), Errc::not_found, "sync of a missing directory is not_found");
    files.rename(at + "/x/y", at + "/x/w").value();
    require(read(*files.open(at + "/x/w/z/f", OpenMode::read).value(), 0, 9) == "kept", "directories are renamed");
    files.create_directory(at + "/x/empty").value();
    require(!files.rename(at + "/x/empty", at + "/x/w"), "a directory with names in it is not replaced");
    require(!files.rename(at + "/x/w/z/f", at + "/x/empty"), "a file does not replace a directory");
    files.rename(at + "/x/w", at + "/x/empty").value();
    files.rename(at + "/x/empty", at + "/x/w").value();
    files.remove(at + "/x/w/z/f").value();
    for (const char* name : {"/x/w/z", "/x/w", "/x"}) files.remove(at + name).value();
    require(read(*file, 0, 9) == "kept", "a removed file lives while it is open");
}

inline void bytes(FileSystem& files, const std::string& at) {
    const auto file = make(files, at + "/f", "0123456789");
    require(read(*file, 8, 5) == "89", "a read is short at the end only");
    require(read(*file, 10, 5).empty() && read(*file, 99, 5).empty(), "a read behind the end is empty");
    file->write_at(4, "").value();
    file->write_at(5'000, "x").value();
    require(file->size().value() == 5'001, "a write extends the file");
    require(read(*file, 9, 4'992) == "9" + std::string(4'990, '\0') + "x", "a hole reads as zeros");
    file->resize(3).value();
    require(file->size().value() == 3 && read(*file, 0, 9) == "012", "resize cuts");
    file->resize(6).value();
    require(read(*file, 0, 9) == std::string("012\0\0\0", 6), "resize extends with zeros");
    file->reserve(2).value();
    require(file->size().value() == 6, "reserve never cuts");
    file->reserve(70'000).value();
    require(file->size().value() == 70'000 && read(*file, 0, 70'000) == "012" + std::string(69'997, '\0'),
            "reserve keeps what is there and extends with zeros");
    require(file->data_from(1) == 1 && file->data_from(70'000) >= 70'000, "a look for data finds it, and no more");
    file->begin_sync(0, 1'000'000); // promises nothing, and may reach beyond the end
    file->sync().value();
    const auto reader = files.open(at + "/f", OpenMode::read).value();
    require(read(*reader, 0, 3) == "012", "two open files are one file");
    require(!reader->write_at(0, "x") && !reader->resize(0), "a file opened to read is not written");
    require(!reader->map(MapMode::write), "a file opened to read has no shared writable mapping");
    reader->close().value();
    files.remove(at + "/f").value();
}

inline void mappings(FileSystem& files, const std::string& at) {
    auto file = make(files, at + "/f", "");
    require(file->map(MapMode::read).value()->bytes() == 0, "an empty file has an empty mapping");
    file->reserve(10'000).value();
    const auto shared = file->map(MapMode::write).value();
    const auto seen = files.open(at + "/f", OpenMode::read).value()->map(MapMode::read).value();
    const auto own = file->map(MapMode::copy).value();
    require(shared->bytes() == 10'000 && seen->bytes() == 10'000 && own->bytes() == 10'000,
            "a mapping spans the present length");
    require(reinterpret_cast<std::uintptr_t>(shared->data()) % 4096 == 0, "a mapping starts at a page");
    require(seen->view() == std::string(10'000, '\0'), "reserved space maps as zeros");
    for (const auto advice : {Mapping::Advice::will_write, Mapping::Advice::will_need, Mapping::Advice::random,
                              Mapping::Advice::sequential, Mapping::Advice::rests})
        for (const std::size_t offset : {std::size_t{0}, std::size_t{4'097}, std::size_t{20'000}})
            shared->advise(advice, offset, 50'000);
    shared->data()[9'999] = 'a';
    file->write_at(5, "b").value();
    require(read(*file, 9'999, 9) == "a" && seen->data()[9'999] == 'a', "a store through a shared mapping is seen");
    require(shared->data()[5] == 'b' && seen->data()[5] == 'b', "a write is seen through mappings");
    own->data()[7] = 'c';
    require(own->data()[7] == 'c' && shared->data()[7] == '\0' && read(*file, 7, 1)[0] == '\0',
            "a store through a copy stays private");
    own->advise(Mapping::Advice::rests, 0, own->bytes());
    shared->advise(Mapping::Advice::rests, 0, shared->bytes());
    require(own->data()[7] == 'c' && shared->data()[9'999] == 'a' && shared->data()[5] == 'b',
            "what rests keeps what was stored");
    file->reserve(300'000).value();
    file->write_at(299'999, "d").value();
    shared->data()[6] = 'e';
    require(read(*file, 6, 1) == "e" && shared->bytes() == 10'000, "a mapping outlives the growth of its file");
    file->sync().value();
    file->close().value();
    file.reset();
    files.remove(at + "/f").value();
    require(shared->data()[5] == 'b' && seen->data()[6] == 'e', "a mapping outlives its file");
}

inline void locks(FileSystem& files, const std::string& at) {
    require_error(files.lock(at + "/none", LockMode::shared), Errc::not_found, "no directory, no lock");
    auto reader = files.lock(at, LockMode::shared).value();
    require(files.list(at).value().empty(), "a shared lock writes nothing");
    require_error(files.lock(at, LockMode::exclusive), Errc::locked, "a reader keeps a writer out");
    auto second = files.lock(at, LockMode::shared).value();
    reader.reset();
    require_error(files.lock(at, LockMode::exclusive), Errc::locked, "one of two readers keeps a writer out");
    second.reset();
    auto writer = files.lock(at, LockMode::exclusive).value();
    require_error(files.lock(at, LockMode::exclusive), Errc::locked, "a writer keeps a writer out");
    require_error(files.lock(at + "/", LockMode::shared), Errc::locked, "a writer keeps a reader out");
    require(files.list(at).value() == std::vector<std::string>{"LOCK"}, "a writer's lock has a file");
    writer.reset();
    files.lock(at, LockMode::shared).value().reset();
    files.lock(at, LockMode::exclusive).value().reset();
    files.remove(at + "/LOCK").value();
}

// A random history of one file, against a string.
inline void history(FileSystem& files, const std::string& at, std::uint64_t seed) {
    const auto file = make(files, at + "/f", "");
    std::string expected;
    std::uint64_t drawn = 0;
    const auto draw = [&](std::uint64_t below) { return static_cast<std::size_t>(mix(seed, drawn++) % below); };
    for (int step = 0; step < 400; ++step) {
        const std::size_t place = draw(20'000);
        const std::string some(draw(6'000), static_cast<char>('a' + step % 26));
        switch (draw(6)) {
        case 0:
        case 1:
            file->write_at(place, some).value();
            if (!some.empty()) expected.resize(std::max(expected.size(), place + some.size()));
            std::copy(some.begin(), some.end(),
                      expected.begin() + static_cast<std::ptrdiff_t>(some.empty() ? 0 : place));
            break;
        case 2:
            file->resize(place).value();
            expected.resize(place);
            break;
        case 3:
            file->reserve(place).value();
            expected.resize(std::max(expected.size(), place));
            break;
        case 4: {
            const auto mapping = file->map(MapMode::write).value();
            if (place < expected.size()) mapping->data()[place] = expected[place] = 'M';
            require(mapping->view() == expected, "a mapping holds what was written");
            break;
        }
        default:
            file->sync().value();
        }
        require(file->size().value() == expected.size(), "a file is as long as its history says");
        const std::size_t hole = std::min(place, expected.size());
        const auto data = static_cast<std::size_t>(std::min<std::uint64_t>(file->data_from(hole), expected.size()));
        require(data >= hole && expected.find_first_not_of('\0', hole) >= data, "before the next data are zeros only");
        require(read(*file, place, 3'000) == expected.substr(std::min(place, expected.size()), 3'000),
                "a read gives what was last written");
    }
    files.remove(at + "/f").value();
}

} // namespace file_system

// Empty if the laws hold; otherwise a sentence with the law that is broken and the seed. `directory` exists and is
// empty; it is so again if the laws hold.
inline std::string check_file_system(FileSystem& files, const std::string& directory, std::uint64_t seed = 1) {
    const auto broken = [seed](std::string law) { return law + " (seed " + std::to_string(seed) + ")"; };
    try {
        file_system::names(files, directory);
        file_system::directories(files, directory);
        file_system::bytes(files, directory);
        file_system::mappings(files, directory);
        file_system::locks(files, directory);
        file_system::history(files, directory, seed);
        file_system::require(files.list(directory).value().empty(), "what was removed is gone");
    } catch (const file_system::Broken& found) {
        return broken(found.law);
    } catch (const std::bad_expected_access<Error>& refused) {
        return broken("a call that must succeed fails: " + refused.error().message());
    }
    return {};
}

} // namespace kvilt::laws
