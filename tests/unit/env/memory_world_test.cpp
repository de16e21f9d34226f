#include <kvilt/env/memory.hpp>
#include <kvilt/laws/file_system.hpp>

#include <doctest/doctest.h>

#include "temporary_directory.hpp"
#include <algorithm>
#include <set>

using namespace kvilt;
namespace {

// A world with a directory "db", and shorthands.
struct Harness {
    Harness() { world.files().create_directory("db").value(); }

    std::unique_ptr<File> create(const std::string& path, Bytes bytes) {
        auto file = world.files().open(path, OpenMode::create).value();
        file->write_at(0, bytes).value();
        return file;
    }
    // Name and bytes survive.
    std::unique_ptr<File> create_synced(const std::string& path, Bytes bytes) {
        auto file = create(path, bytes);
        file->sync().value();
        world.files().sync_directory("db").value();
        return file;
    }
    std::unique_ptr<MemoryWorld> lose() const { return world.crash(CrashChoice::nothing_unsynced()); }

    MemoryWorld world;
};

// "" if there is no such file, else "=" and its bytes.
std::string seen(const MemoryWorld& world, const std::string& path) {
    const auto bytes = world.contents(path);
    return bytes ? "=" + *bytes : "";
}

// What `look` sees after each possible outcome of power loss.
template <class Look>
auto all_outcomes(const MemoryWorld& world, Look look) {
    std::set<decltype(look(world))> outcomes;
    const std::size_t items = world.unsynced().size();
    REQUIRE(items <= 12);
    for (std::size_t mask = 0; mask < (std::size_t{1} << items); ++mask)
        outcomes.insert(look(
            *world.crash(CrashChoice([mask](const Unsynced& item) { return ((mask >> item.ordinal) & 1) != 0; }))));
    return outcomes;
}

using Outcomes = std::set<std::string>;

} // namespace

TEST_CASE("the memory world's files keep the laws") {
    MESSAGE("KVILT_SEED=", test_seed());
    Harness on;
    CHECK(laws::check_file_system(on.world.files(), "db", test_seed()) == "");
    CHECK(laws::check_file_system(on.world.kill()->files(), "/db", test_seed() + 1) == "");
}

TEST_CASE("a look for data passes over pages of zeros") {
    Harness at;
    const auto file = at.create("db/f", "");
    file->reserve(1'000'000).value();
    CHECK(file->data_from(0) >= 1'000'000);
    file->write_at(100'000, "x").value();
    CHECK(file->data_from(0) == 98'304); // the page
    CHECK(file->data_from(99'000) == 99'000);
    CHECK(file->data_from(102'400) >= 1'000'000);
}

TEST_CASE("power loss keeps what was synced and loses what was not") {
    Harness on;
    const auto file = on.create_synced("db/f", "kept");
    file->write_at(0, "lost, and longer").value();
    CHECK(seen(on.world, "db/f") == "=lost, and longer");
    CHECK(seen(*on.lose(), "db/f") == "=kept");
    CHECK(seen(*on.world.crash(CrashChoice::everything()), "db/f") == "=lost, and longer");
    CHECK(all_outcomes(on.world, [](const MemoryWorld& world) { return seen(world, "db/f"); }) ==
          Outcomes{"=kept", "=lost", "=lost, and longer", "=kept" + std::string(12, '\0')});
}

TEST_CASE("a name may be lost though its bytes are synced, and the other way round") {
    Harness on;
    const auto file = on.create("db/f", "bytes");
    file->sync().value();
    CHECK(all_outcomes(on.world, [](const MemoryWorld& world) { return seen(world, "db/f"); }) ==
          Outcomes{"", "=bytes"});
    on.create("db/g", "bytes");
    on.world.files().sync_directory("db").value();
    CHECK(seen(*on.lose(), "db/f") == "=bytes");
    CHECK(seen(*on.lose(), "db/g") == "=");
}

TEST_CASE("a rename that is not synced may or may not have happened, but happens whole") {
    Harness on;
    on.create_synced("db/old", "old");
    on.create_synced("db/new", "new");
    on.world.files().rename("db/new", "db/old").value();
    const auto both = [](const MemoryWorld& world) { return seen(world, "db/old") + seen(world, "db/new"); };
    CHECK(all_outcomes(on.world, both) == Outcomes{"=old=new", "=new"});
    on.world.files().sync_directory("db").value();
    CHECK(all_outcomes(on.world, both) == Outcomes{"=new"});
}

TEST_CASE("changes of names are lost independently, or as a journal would from the end") {
    Harness on;
    on.create_synced("db/a", "a");
    on.world.files().remove("db/a").value();
    on.create("db/b", "")->sync().value();
    on.world.files().link("db/b", "db/c").value();
    const auto names = [](const MemoryWorld& world) {
        std::string all;
        for (const char* name : {"a", "b", "c"})
            if (world.contents(std::string("db/") + name)) all += name;
        return all;
    };
    CHECK(all_outcomes(on.world, names) == Outcomes{"a", "ab", "ac", "abc", "", "b", "c", "bc"});
    const auto items = on.world.unsynced();
    REQUIRE(items.size() == 3);
    CHECK(items[0].path == "remove db/a");
    CHECK(items[1].path == "create db/b");
    CHECK(items[2].path == "link db/b to db/c");
    Outcomes in_order;
    for (std::uint64_t count = items[0].number; count <= items[2].number + 1; ++count)
        in_order.insert(names(*on.world.crash(CrashChoice::names_before(count, CrashChoice::everything()))));
    CHECK(in_order == Outcomes{"a", "", "b", "bc"});
}

TEST_CASE("a directory is there after power loss when create_directory has returned") {
    Harness on;
    on.world.files().create_directory("a/b/c").value();
    CHECK(on.lose()->files().exists("/a/b/c").value());
    on.world.files().remove("a/b/c").value();
    CHECK(on.lose()->files().exists("a/b/c").value());
    on.world.files().sync_directory("a/b").value();
    CHECK_FALSE(on.lose()->files().exists("a/b/c").value());
}

TEST_CASE("stores through a mapping reach the device by sectors, each by itself") {
    Harness on;
    const auto file = on.create_synced("db/f", "");
    file->reserve(3 * 512).value();
    file->sync().value();
    const auto mapping = file->map(MapMode::write).value();
    mapping->data()[0] = 'a';
    mapping->data()[511] = 'b';
    mapping->data()[512] = 'c';
    const auto look = [](const MemoryWorld& world) {
        const std::string bytes = world.contents("db/f").value();
        return std::string{bytes[0], bytes[511], bytes[512], bytes[1024]};
    };
    const std::string none(4, '\0');
    const auto with = [&](std::size_t at, Bytes text) { return std::string(none).replace(at, text.size(), text); };
    CHECK(all_outcomes(on.world, look) == Outcomes{none, with(0, "ab"), with(2, "c"), with(0, "abc")});
    file->sync().value();
    CHECK(all_outcomes(on.world, look) == Outcomes{with(0, "abc")});
}

TEST_CASE("a length that is not synced is the old or the new one") {
    Harness on;
    const auto file = on.create_synced("db/f", "0123456789");
    file->resize(4).value();
    const auto look = [](const MemoryWorld& world) { return world.contents("db/f").value().size(); };
    CHECK(all_outcomes(on.world, look) == std::set<std::size_t>{4, 10});
    CHECK(seen(*on.lose(), "db/f") == "=0123456789");
    file->resize(10).value();
    CHECK(seen(*on.world.crash(CrashChoice::everything()), "db/f") == "=0123" + std::string(6, '\0'));
    file->sync().value();
    CHECK(seen(*on.lose(), "db/f") == "=0123" + std::string(6, '\0'));
}

TEST_CASE("what lay behind the surviving length is gone") {
    Harness on;
    const auto file = on.create_synced("db/f", "kept");
    file->write_at(0, "lost, and longer").value();
    const auto sectors = [](const Unsynced& item) { return item.kind == Unsynced::Kind::sector; };
    const auto next = on.world.crash(CrashChoice(sectors));
    CHECK(seen(*next, "db/f") == "=lost");
    next->files().open("db/f", OpenMode::write).value()->resize(6).value();
    CHECK(seen(*next, "db/f") == std::string("=lost\0\0", 7));
}

TEST_CASE("the kernel may write a state that no sync saw and that is never seen again") {
    Harness on;
    const auto file = on.create_synced("db/f", "old");
    file->write_at(0, "between").value();
    on.world.write_back(CrashChoice::everything());
    file->write_at(0, "new").value();
    file->resize(3).value();
    CHECK(seen(on.world, "db/f") == "=new");
    CHECK(all_outcomes(on.world, [](const MemoryWorld& world) { return seen(world, "db/f"); }) ==
          Outcomes{"=between", "=bet", "=new", "=new" + std::string(4, '\0')});
    on.world.write_back(CrashChoice::everything());
    CHECK(on.world.unsynced().empty());
    file->resize(7).value();
    CHECK(seen(*on.world.crash(CrashChoice::everything()), "db/f") == "=new" + std::string(4, '\0'));

    file->write_at(0, "lost").value();
    on.world.inject({.kind = CallKind::sync});
    CHECK_FALSE(file->sync());
    on.world.write_back(CrashChoice::everything()); // it is clean in the kernel's eyes
    CHECK(seen(*on.lose(), "db/f") == "=new" + std::string(4, '\0'));
    on.create("db/g", "");
    on.world.write_back(CrashChoice::everything());
    CHECK(seen(*on.lose(), "db/g") == "");
}

TEST_CASE("each sector after a crash is an old one or a new one, whatever the history") {
    MESSAGE("KVILT_SEED=", test_seed());
    for (std::uint64_t round = 0; round < 30; ++round) {
        std::uint64_t drawn = 0;
        const auto draw = [&](std::uint64_t below) {
            return static_cast<std::size_t>(mix(test_seed() + round, drawn++) % below);
        };
        Harness on;
        const auto file = on.create_synced("db/f", "");
        std::string durable;
        std::string now;
        for (int step = 0; step < 40; ++step) {
            const std::size_t place = draw(9'000);
            const std::string some(1 + draw(2'000), static_cast<char>('a' + step % 26));
            switch (draw(5)) {
            case 0:
                file->write_at(place, some).value();
                now.resize(std::max(now.size(), place + some.size()));
                now.replace(place, some.size(), some);
                break;
            case 1:
                file->resize(place).value();
                now.resize(place);
                break;
            case 2:
                if (place < now.size()) file->map(MapMode::write).value()->data()[place] = now[place] = '!';
                break;
            case 3:
                file->sync().value();
                durable = now;
                break;
            default: {
                CHECK(seen(*on.world.kill(), "db/f") == "=" + now);
                CHECK(seen(*on.lose(), "db/f") == "=" + durable);
                const auto crashed = on.world.crash(CrashChoice::seeded(test_seed() + round, 50));
                const std::string left = crashed->contents("db/f").value();
                REQUIRE((left.size() == now.size() || left.size() == durable.size()));
                std::string old = durable;
                std::string fresh = now;
                old.resize(std::max(old.size(), left.size()));
                fresh.resize(std::max(fresh.size(), left.size()));
                for (std::size_t at = 0; at < left.size(); at += 512) {
                    const auto sector = [at, end = std::min(left.size(), at + 512)](const std::string& bytes) {
                        return bytes.substr(at, end - at);
                    };
                    const bool explained = sector(left) == sector(old) || sector(left) == sector(fresh);
                    REQUIRE(explained);
                }
            }
            }
        }
    }
}

TEST_CASE("after a failed sync what was dirty is seen, but later syncs do not save it") {
    Harness on;
    const auto file = on.create_synced("db/f", std::string(3 * 4096, 'o'));
    file->write_at(0, "X").value();
    file->write_at(4096, "Y").value();
    on.world.inject({.kind = CallKind::sync, .os_code = EIO});
    const auto failed = file->sync();
    REQUIRE_FALSE(failed);
    CHECK(failed.error() == Errc::io);
    file->write_at(2 * 4096, "Z").value();
    file->sync().value(); // the fault was for once
    const auto look = [](const MemoryWorld& world) {
        const std::string bytes = world.contents("db/f").value();
        return std::string{bytes[0], bytes[4096], bytes[2 * 4096]};
    };
    CHECK(look(on.world) == "XYZ");
    CHECK(look(*on.lose()) == "ooZ");
    CHECK(all_outcomes(on.world, look) == Outcomes{"ooZ", "XoZ", "oYZ", "XYZ"});

    SUBCASE("another process sees it too, and cannot save it either") {
        const auto next = on.world.kill();
        CHECK(look(*next) == "XYZ");
        next->files().open("db/f", OpenMode::write).value()->sync().value();
        CHECK(look(*next->crash(CrashChoice::nothing_unsynced())) == "ooZ");
    }
    SUBCASE("writing the same byte again makes its page dirty again") {
        file->write_at(1, "o").value();
        file->sync().value();
        CHECK(look(*on.lose()) == "XoZ");
    }
    SUBCASE("storing another byte through a mapping does") {
        file->map(MapMode::write).value()->data()[4096 + 9] = '!';
        file->sync().value();
        CHECK(look(*on.lose()) == "oYZ");
    }
    SUBCASE("announcing stores through a mapping does") {
        const auto mapping = file->map(MapMode::write).value();
        mapping->advise(Mapping::Advice::will_write, 0, mapping->bytes());
        file->sync().value();
        CHECK(look(*on.lose()) == "XYZ");
    }
    SUBCASE("reading, mapping and announcing reads do not") {
        const auto mapping = file->map(MapMode::read).value();
        mapping->advise(Mapping::Advice::will_write, 0, mapping->bytes());
        mapping->advise(Mapping::Advice::will_need, 0, mapping->bytes());
        file->sync().value();
        CHECK(look(*on.lose()) == "ooZ");
    }
}

TEST_CASE("a killed process loses nothing and makes nothing safe") {
    Harness on;
    const auto lock = on.world.files().lock("db", LockMode::exclusive).value();
    const auto file = on.create_synced("db/f", "old");
    const auto mapping = file->map(MapMode::write).value();
    mapping->data()[0] = 'O';
    on.create("db/g", "new");
    const auto next = on.world.kill();
    CHECK(seen(*next, "db/f") == "=Old");
    CHECK(seen(*next, "db/g") == "=new");
    CHECK(next->files().lock("db", LockMode::exclusive));
    CHECK(next->unsynced().size() == on.world.unsynced().size());
    const auto last = next->crash(CrashChoice::nothing_unsynced());
    CHECK(seen(*last, "db/f") == "=old");
    CHECK(seen(*last, "db/g") == "");
}

TEST_CASE("worlds go their own ways, and ghosts of the old one do no harm") {
    auto world = std::make_unique<MemoryWorld>();
    world->files().create_directory("db").value();
    auto file = world->files().open("db/f", OpenMode::create).value();
    file->write_at(0, "1").value();
    world->files().link("db/f", "db/g").value();
    auto mapping = file->map(MapMode::write).value();
    auto lock = world->files().lock("db", LockMode::exclusive).value();
    const auto next = world->crash(CrashChoice::everything());
    file->write_at(0, "2").value();
    mapping->data()[1] = '3';
    CHECK(seen(*next, "db/f") == "=1");
    next->files().open("db/f", OpenMode::write).value()->write_at(0, "4").value();
    CHECK(seen(*next, "db/g") == "=4"); // still one file
    CHECK(seen(*world, "db/f") == "=2");
    world.reset();
    mapping->data()[0] = '5';
    CHECK(file->read_at(0, mapping->data(), 0));
    file->sync().value();
    CHECK(seen(*next, "db/f") == "=4");
    mapping.reset();
    file.reset();
    lock.reset();
}

TEST_CASE("damage at rest hits what is seen and what is durable") {
    Harness on;
    const auto file = on.create_synced("db/f", "abc");
    file->write_at(1, "X").value();
    on.world.flip("db/f", 0, 0x20).value();
    on.world.flip("db/f", 1, 0x20).value();
    CHECK(seen(on.world, "db/f") == "=Axc");
    CHECK(seen(*on.lose(), "db/f") == "=ABc");
    CHECK_FALSE(on.world.flip("db/f", 3, 1));
    CHECK(on.world.flip("db/none", 0, 1).error() == Errc::not_found);
    on.world.truncate("db/f", 1).value();
    CHECK(seen(*on.lose(), "db/f") == "=A");
    on.world.truncate("db/f", 9).value();
    CHECK(seen(on.world, "db/f") == "=A");
    on.world.replace("db/g", "made").value();
    CHECK(seen(*on.lose(), "db/g") == "=made");
    CHECK_FALSE(on.world.replace("none/g", "made"));
    CHECK(on.world.contents("db").error() == Errc::io);
}

TEST_CASE("random worlds differ by their seed, and a seed repeats its world") {
    MemoryWorld one({.seed = 1});
    MemoryWorld same({.seed = 1});
    MemoryWorld other({.seed = 2});
    const std::uint64_t number = one.environment().random->next();
    CHECK(number == same.environment().random->next());
    CHECK(number != other.environment().random->next());
    CHECK(one.crash(CrashChoice::everything())->environment().random->next() != number);
    one.clock().advance_us(77);
    CHECK(one.kill()->environment().clock->wall_us() == one.environment().clock->wall_us());
}

TEST_CASE("a file is zeros where nothing was written, whatever the mappings of worlds that are gone have held") {
    constexpr std::size_t bytes = 3 * memory::page_bytes + 100;
    const auto file_of = [](MemoryWorld& world) {
        auto file = world.files().open("file", OpenMode::create).value();
        file->resize(bytes).value();
        return file;
    };
    for (int round = 0; round < 3; ++round) {
        MemoryWorld world;
        const auto file = file_of(world);
        const auto mapping = file->map(MapMode::write).value();
        CHECK(Bytes(mapping->data(), 4 * memory::page_bytes) == std::string(4 * memory::page_bytes, '\0'));
        file->resize(10).value();                                  // what the mapping reaches stays the same,
        std::memset(mapping->data(), 'x', 4 * memory::page_bytes); // and ends with its last page
    }
    MemoryWorld world;
    const auto file = file_of(world);
    const auto copy = file->map(MapMode::copy).value();
    std::memset(copy->data(), 'x', bytes);
    CHECK(world.contents("file").value() == std::string(bytes, '\0'));
}
