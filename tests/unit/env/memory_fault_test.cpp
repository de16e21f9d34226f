#include <kvilt/env/memory.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace kvilt;
namespace {

std::unique_ptr<File> create(MemoryWorld& world, const std::string& path) {
    return world.files().open(path, OpenMode::create).value();
}

// Every kind of call once; how many failed.
std::size_t call_all(MemoryWorld& world, std::vector<CallKind>& failed) {
    FileSystem& files = world.files();
    std::size_t failures = 0;
    const auto note = [&](const auto& outcome, CallKind kind) {
        if (outcome) return;
        ++failures;
        failed.push_back(kind);
        CHECK(outcome.error().os_code == EIO);
    };
    world.replace("seed", "x").value();
    const auto file = world.files().open("seed", OpenMode::write);
    note(file, CallKind::open);
    note(files.open("made", OpenMode::create), CallKind::create);
    if (file) {
        char byte = 0;
        note((*file)->read_at(0, &byte, 1), CallKind::read);
        note((*file)->write_at(0, "y"), CallKind::write);
        note((*file)->sync(), CallKind::sync);
        note((*file)->size(), CallKind::size);
        note((*file)->resize(5), CallKind::resize);
        note((*file)->reserve(9), CallKind::reserve);
        note((*file)->map(MapMode::read), CallKind::map);
        note((*file)->close(), CallKind::close);
    }
    world.replace("a", "x").value();
    note(files.link("a", "b"), CallKind::link);
    note(files.rename("a", "c"), CallKind::rename);
    world.replace("d", "x").value();
    note(files.remove("d"), CallKind::remove);
    note(files.exists("x"), CallKind::exists);
    note(files.list("/"), CallKind::list);
    note(files.create_directory("dir"), CallKind::create_directory);
    note(files.sync_directory("/"), CallKind::sync_directory);
    note(files.lock("/", LockMode::shared), CallKind::lock);
    return failures;
}

} // namespace

TEST_CASE("the k-th call of any kind fails, and no other") {
    std::vector<CallKind> none;
    MemoryWorld whole;
    CHECK(call_all(whole, none) == 0);
    CHECK(whole.calls() == call_kind_count);
    for (std::size_t kind = 0; kind < call_kind_count; ++kind) CHECK(whole.calls(static_cast<CallKind>(kind)) == 1);
    std::vector<CallKind> failed;
    for (std::uint64_t call = 1; call <= call_kind_count; ++call) {
        MemoryWorld world;
        world.inject({.call = call});
        CHECK(call_all(world, failed) == 1);
    }
    std::sort(failed.begin(), failed.end());
    CHECK(std::unique(failed.begin(), failed.end()) == failed.end());
    for (const CallKind kind : failed) {
        MemoryWorld world;
        world.inject({.kind = kind});
        std::vector<CallKind> hit;
        call_all(world, hit);
        CHECK(hit == std::vector<CallKind>{kind});
    }
}

TEST_CASE("a fault may be for once, for ever, or for some paths") {
    MemoryWorld world;
    const auto file = create(world, "log");
    const auto other = create(world, "table");
    world.inject({.kind = CallKind::write, .call = 2, .os_code = ENOSPC, .path = "log"});
    CHECK(other->write_at(0, "x"));
    CHECK(other->write_at(0, "x"));
    CHECK(file->write_at(0, "x"));
    const auto failed = file->write_at(0, "y");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().message() == "write: no space: log: free some space on its device (No space left on device)");
    CHECK(file->write_at(0, "z"));
    world.inject({.kind = CallKind::sync, .call = 2, .for_ever = true});
    CHECK(file->sync());
    CHECK_FALSE(file->sync());
    CHECK_FALSE(other->sync());
    world.clear_faults();
    CHECK(file->sync());
    CHECK(world.contents("log").value() == "z");
}

TEST_CASE("a failing call does nothing, but a torn write does a part") {
    MemoryWorld world;
    const auto file = create(world, "f");
    world.inject({.kind = CallKind::write, .bytes_done = 3});
    CHECK_FALSE(file->write_at(0, "abcdef"));
    CHECK(world.contents("f").value() == "abc");
    world.inject({.kind = CallKind::reserve, .os_code = ENOSPC});
    CHECK(file->reserve(100).error() == Errc::full);
    CHECK(file->size().value() == 3);
    world.inject({.kind = CallKind::rename});
    CHECK_FALSE(world.files().rename("f", "g"));
    CHECK(world.files().exists("f").value());
    world.inject({.kind = CallKind::create, .os_code = EMFILE});
    CHECK_FALSE(world.files().open("h", OpenMode::create));
    CHECK_FALSE(world.files().exists("h").value());
    world.inject({.kind = CallKind::sync_directory});
    CHECK_FALSE(world.files().sync_directory("/"));
    CHECK_FALSE(world.crash(CrashChoice::nothing_unsynced())->files().exists("f").value());
}

TEST_CASE("a hook sees each call before and after, and may crash the world there") {
    MemoryWorld world;
    const auto file = create(world, "f");
    world.files().sync_directory("/").value();
    std::vector<Call> calls;
    std::vector<std::string> survived;
    world.on_call([&](const Call& call) {
        calls.push_back(call);
        survived.push_back(world.crash(CrashChoice::nothing_unsynced())->contents("f").value());
    });
    file->write_at(2, "xyz").value();
    file->sync().value();
    CHECK_FALSE(world.files().open("none", OpenMode::read));
    world.on_call({});
    file->sync().value();
    REQUIRE(calls.size() == 6);
    CHECK(calls[0].kind == CallKind::write);
    CHECK(calls[0].path == "f");
    CHECK(calls[0].offset == 2);
    CHECK(calls[0].bytes == 3);
    CHECK(calls[0].number == 3);
    CHECK_FALSE(calls[0].done);
    CHECK(calls[1].done);
    CHECK_FALSE(calls[3].failed);
    CHECK(calls[5].failed);
    CHECK(calls[4].number == calls[5].number);
    const std::string synced("\0\0xyz", 5);
    CHECK(survived == std::vector<std::string>{"", "", "", synced, synced, synced});
}

TEST_CASE("what a hook throws goes to the caller, and the call has not happened") {
    MemoryWorld world;
    const auto file = create(world, "f");
    world.on_call([](const Call& call) {
        if (call.kind == CallKind::write) throw std::runtime_error("the lights go out");
    });
    CHECK_THROWS_AS(static_cast<void>(file->write_at(0, "x")), std::runtime_error);
    CHECK(file->size().value() == 0);
    world.on_call({});
    CHECK(file->write_at(0, "x"));
}

TEST_CASE("a full disk refuses, keeps what it has, and takes again when there is space") {
    MemoryWorld world({.capacity_bytes = 4 * 4096});
    auto first = create(world, "first");
    first->reserve(2 * 4096).value();
    const auto second = create(world, "second");
    second->write_at(0, std::string(4096, 'a')).value();
    CHECK(world.used_bytes() == 3 * 4096);
    const auto refused = second->write_at(4096, std::string(2 * 4096, 'b'));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Errc::full);
    CHECK(second->size().value() == 2 * 4096); // as the kernel does: what fits is written
    CHECK(second->reserve(3 * 4096).error() == Errc::full);
    first->write_at(0, std::string(2 * 4096, 'c')).value(); // that space is reserved
    const auto mapping = first->map(MapMode::write).value();
    mapping->data()[5000] = 'd';
    CHECK(first->sync());

    world.files().remove("first").value();
    CHECK_FALSE(second->reserve(3 * 4096)); // it is open still
    first.reset();
    CHECK_FALSE(second->reserve(3 * 4096)); // and mapped
    CHECK(world.used_bytes() == 4 * 4096);
}

TEST_CASE("the space of a file returns when its last use ends, and capacity may change") {
    MemoryWorld world({.capacity_bytes = 2 * 4096});
    auto first = create(world, "first");
    first->write_at(0, std::string(2 * 4096, 'a')).value();
    const auto second = create(world, "second");
    CHECK(second->write_at(0, "b").error() == Errc::full);
    first->resize(4096).value();
    CHECK(second->write_at(0, "b"));
    world.files().remove("first").value();
    first.reset();
    CHECK(second->reserve(2 * 4096));
    world.set_capacity(3 * 4096);
    CHECK(second->reserve(3 * 4096));
    CHECK(second->reserve(4 * 4096).error() == Errc::full);
    const auto next = world.crash(CrashChoice::everything());
    CHECK(next->files().open("second", OpenMode::write).value()->write_at(3 * 4096, "x").error() == Errc::full);
}

TEST_CASE("a store through a mapping into a hole of a full disk is found by the sync") {
    MemoryWorld world({.capacity_bytes = 4096});
    const auto file = create(world, "f");
    file->resize(2 * 4096).value();
    const auto mapping = file->map(MapMode::write).value();
    mapping->data()[0] = 'a';
    CHECK(file->sync());
    mapping->data()[4096] = 'b';
    CHECK(file->sync().error() == Errc::full);
}

TEST_CASE("a file has a greatest length") {
    MemoryWorld world({.file_bytes_max = 1_MiB});
    const auto file = create(world, "f");
    CHECK(file->reserve(1_MiB));
    CHECK(file->reserve(1_MiB + 1).error().os_code == EFBIG);
    CHECK(file->write_at(1_MiB, "x").error().os_code == EFBIG);
    CHECK(file->resize(2_MiB).error().os_code == EFBIG);
}

TEST_CASE("threads store, sync, list and crash at the same time") {
    MemoryWorld world;
    const auto file = create(world, "f");
    file->reserve(64_KiB).value();
    file->sync().value();
    world.files().sync_directory("/").value();
    const auto mapping = file->map(MapMode::write).value();
    std::atomic<std::uint64_t> hooks{0};
    world.on_call([&](const Call&) { ++hooks; });
    std::atomic<int> rounds[3] = {};
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    const auto beside = [&](std::size_t number, auto act) {
        threads.emplace_back([&, number, act] {
            for (; !stop; ++rounds[number]) act();
        });
    };
    beside(0, [&] { file->sync().value(); });
    beside(1, [&] { create(world, "g" + std::to_string(rounds[1]))->write_at(0, "y").value(); });
    beside(2, [&] {
        const std::string left = world.crash(CrashChoice::seeded(1, 50))->contents("f").value();
        if (left.size() != 64_KiB) throw std::logic_error("the length was durable");
    });
    const auto all_went_round = [&] {
        return std::all_of(std::begin(rounds), std::end(rounds), [](const auto& count) { return count > 3; });
    };
    for (char byte = 'a'; byte != 'x' || !all_went_round(); byte = byte == 'x' ? 'a' : static_cast<char>(byte + 1))
        std::fill_n(mapping->data(), 64_KiB, byte);
    std::fill_n(mapping->data(), 64_KiB, 'x');
    stop = true;
    for (std::thread& thread : threads) thread.join();
    file->sync().value();
    CHECK(world.crash(CrashChoice::nothing_unsynced())->contents("f").value() == std::string(64_KiB, 'x'));
    CHECK(hooks == 2 * (world.calls() - 5));
}
