// What recovery makes of damaged, torn, missing and foreign bytes.
#include <kvilt/env/memory.hpp>
#include <kvilt/laws/log.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

#include <cstdlib>

using namespace kvilt;

namespace {

using Trial = laws::LogTrial<log::Written>;

std::uint64_t seed() {
    const char* chosen = std::getenv("KVILT_SEED");
    return chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
}

// A directory with segments 1, 2, 3 in log-000001 to log-000003, of four frames each, as its process left it.
struct Scene {
    MemoryWorld world{{.file_bytes_max = 1_MiB}};
    laws::LogModel model{};
    std::vector<LogPosition> ends{}; // of the frames

    enum class Close { killed, synced_in_second, sealed };

    explicit Scene(Close how) {
        REQUIRE(world.files().create_directory("d"));
        Trial trial = open();
        REQUIRE(trial.recover(0, 0) == "");
        for (int frame = 0; frame < 12; ++frame) {
            if (frame > 0 && frame % 4 == 0) REQUIRE(trial.rotate());
            REQUIRE(trial.append());
            ends.push_back(trial.log().end());
            if (how == Close::synced_in_second && frame == 6) REQUIRE(trial.sync());
        }
        if (how == Close::sealed) REQUIRE(trial.seal());
        REQUIRE(trial.log().segments() == std::vector<SegmentNumber>{1u, 2u, 3u});
        model = trial.model;
    }

    Trial open(std::uint64_t identity = 7, bool read_only = false) {
        return {{.environment = world.environment(), .directory = "d", .identity = identity, .read_only = read_only},
                laws::small_segments<log::Written>(),
                seed()};
    }

    static std::string path(SegmentNumber number) { return "d/log-00000" + std::to_string(number); }

    // Where frame `index` begins in its file.
    std::uint64_t begin(std::size_t index) const { return index % 4 == 0 ? 64 : ends[index - 1].offset; }

    // Recovers a copy, so that the scene stays as it is. How many frames came back, or the error.
    struct Found {
        std::uint64_t frames = 0;
        LogScan scan{};
        std::string broken{};
        std::optional<Error> error{};
    };
    Found recover(std::uint64_t identity = 7) {
        const auto copy = world.kill();
        Trial trial({.environment = copy->environment(), .directory = "d", .identity = identity},
                    laws::small_segments<log::Written>(), seed());
        trial.model = model;
        Found found;
        found.broken = trial.recover(0, 12);
        found.frames = trial.model.committed;
        found.scan = trial.scan;
        found.error = trial.error;
        return found;
    }

    void check_refused(const std::string& reason) {
        const Found found = recover();
        REQUIRE(found.error);
        CHECK(found.error->code == Errc::corruption);
        CAPTURE(found.error->subject);
        CHECK(found.error->subject.find(reason) != std::string::npos);
    }

    void check_cut(std::uint64_t frames, LogPosition at) {
        const Found found = recover();
        CHECK(found.broken == "");
        CHECK(found.frames == frames);
        CHECK(found.scan.cut == at);
        CHECK(found.scan.bytes_cut > 0);
        CHECK_FALSE(found.scan.clean);
    }

    // Overwrites with zeros, as sectors that never reached the device.
    void zero(SegmentNumber number, std::uint64_t from, std::uint64_t to) {
        std::string bytes = world.contents(path(number)).value();
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.begin() + static_cast<std::ptrdiff_t>(to),
                  '\0');
        REQUIRE(world.replace(path(number), bytes));
    }
};

} // namespace

TEST_CASE("an unharmed log comes back whole") {
    for (const auto how : {Scene::Close::killed, Scene::Close::synced_in_second, Scene::Close::sealed}) {
        Scene scene(how);
        const auto found = scene.recover();
        CHECK(found.broken == "");
        CHECK(found.frames == 12);
        CHECK(found.scan.bytes_cut == 0);
        CHECK(found.scan.clean == (how == Scene::Close::sealed));
    }
}

TEST_CASE("a tail torn at any byte of the last frames costs those frames alone") {
    Scene scene(Scene::Close::killed);
    const std::string whole = scene.world.contents(Scene::path(3)).value();
    for (std::uint64_t at = scene.begin(9); at < scene.ends[11].offset; ++at) {
        std::uint64_t frames = 9;
        while (scene.ends[frames].offset <= at) ++frames;
        CAPTURE(at);
        for (const char fill : {'\0', '\xff'}) {
            std::string torn = whole.substr(0, at);
            torn.resize(whole.size(), fill);
            REQUIRE(scene.world.replace(Scene::path(3), torn));
            const auto found = scene.recover();
            REQUIRE(found.broken == "");
            // The padding of a record may be what was torn off, or the high bytes of a small number.
            const bool nothing_torn =
                whole.compare(at, scene.ends[frames].offset - at, torn, at, scene.ends[frames].offset - at) == 0;
            REQUIRE(found.frames == frames + (nothing_torn ? 1 : 0));
        }
        REQUIRE(scene.world.truncate(Scene::path(3), 0));
        REQUIRE(scene.world.replace(Scene::path(3), whole.substr(0, at)));
        REQUIRE(scene.recover().frames == frames);
    }
}

TEST_CASE("no flipped bit of a sealed log goes unnoticed") {
    Scene scene(Scene::Close::sealed);
    std::size_t links = 0;
    for (std::uint64_t frame = 0; frame < 12; ++frame) links += 8 * laws::LogContent(seed()).records(frame);
    for (const SegmentNumber number : {1u, 2u, 3u}) {
        const std::uint64_t end = scene.ends[number * 4 - 1].offset + (number == 3 ? Frame::header_bytes : 0);
        for (std::uint64_t at = 0; at < end; ++at) {
            const auto mask = static_cast<unsigned char>(1u << (mix(seed(), at) % 8));
            REQUIRE(scene.world.flip(Scene::path(number), at, mask));
            const auto found = scene.recover();
            REQUIRE(scene.world.flip(Scene::path(number), at, mask));
            CAPTURE(number);
            CAPTURE(at);
            if (found.error) {
                REQUIRE(found.error->code == Errc::corruption);
            } else { // a record's link, which is scratch; or the seal itself, and then nothing is lost
                REQUIRE(found.broken == "");
                REQUIRE(found.frames == 12);
                if (number == 3 && at >= scene.ends[11].offset)
                    REQUIRE_FALSE(found.scan.clean);
                else
                    --links;
            }
        }
    }
    CHECK(links == 0);
}

TEST_CASE("damage before a synced position refuses, with file, offset and reason") {
    Scene scene(Scene::Close::synced_in_second);
    REQUIRE(scene.world.flip(Scene::path(1), scene.begin(2) + 40, 1));
    scene.check_refused("d/log-000001 at offset " + std::to_string(scene.begin(2)) + ": no valid frame");
}

TEST_CASE("damage behind every synced position is cut and reported, later segments included") {
    for (std::size_t frame = 7; frame < 11; ++frame) {
        Scene scene(Scene::Close::synced_in_second);
        const auto number = static_cast<SegmentNumber>(frame / 4 + 1);
        REQUIRE(scene.world.flip(Scene::path(number), scene.begin(frame) + 40, 1));
        scene.check_cut(frame, {number, static_cast<std::uint32_t>(scene.begin(frame))});
    }
}

TEST_CASE("a lost end of a rotated segment is a hole, though nothing follows it in its file") {
    Scene scene(Scene::Close::killed);
    scene.zero(1, scene.begin(3), scene.ends[3].offset);
    scene.check_cut(3, {1, static_cast<std::uint32_t>(scene.begin(3))});

    Scene synced(Scene::Close::synced_in_second);
    synced.zero(1, synced.begin(3), synced.ends[3].offset);
    synced.check_refused("d/log-000001 at offset");
}

TEST_CASE("a lost segment is a hole") {
    for (const bool by_header : {false, true}) {
        for (const SegmentNumber number : {1u, 2u}) {
            Scene scene(Scene::Close::killed);
            if (by_header)
                scene.zero(number, 0, 64);
            else
                REQUIRE(scene.world.files().remove(Scene::path(number)));
            scene.check_cut((number - 1) * 4, {number, 0});

            Scene synced(Scene::Close::sealed);
            if (by_header)
                synced.zero(number, 0, 64);
            else
                REQUIRE(synced.world.files().remove(Scene::path(number)));
            synced.check_refused(by_header ? "the header is damaged" : "is in no file");
        }
    }
}

TEST_CASE("a damaged header of the last segment is found by the frames behind it") {
    Scene killed(Scene::Close::killed);
    killed.zero(3, 0, 64);
    killed.check_cut(8, {3, 0});
    auto log = log::Written::Log<threads::One>::open(
                   {.environment = killed.world.environment(), .directory = "d", .identity = 7}, {})
                   .value();
    REQUIRE(log->scan({}));
    CHECK(log->next_number() > 3); // what had been its number is not used again

    Scene sealed(Scene::Close::sealed);
    sealed.zero(3, 0, 64);
    sealed.check_refused("d/log-000003 at offset 0: the header is damaged");
}

TEST_CASE("what the manifest lists must be there to its end") {
    Scene scene(Scene::Close::killed);
    scene.model.state = {.sealed = {{1, scene.ends[3].offset}, {2, scene.ends[7].offset}}, .unlisted_from = 3};
    CHECK(scene.recover().frames == 12);
    REQUIRE(scene.world.flip(Scene::path(2), scene.begin(7) + 40, 1));
    scene.check_refused("d/log-000002 at offset " + std::to_string(scene.begin(7)));
    REQUIRE(scene.world.files().remove(Scene::path(2)));
    scene.check_refused("segment 2, which the manifest lists, is in no file");
}

TEST_CASE("what the manifest neither lists nor leaves open does not count") {
    Scene scene(Scene::Close::killed);
    scene.model.state = {.unlisted_from = 2, .freed = {}};
    scene.model.first = 4;
    CHECK(scene.recover().frames == 12);
    scene.model.state = {.unlisted_from = 4};
    scene.model.first = 12;
    const auto found = scene.recover();
    CHECK(found.scan.segments.empty());
    CHECK(found.scan.clean);
}

TEST_CASE("files of a later format or of another store are named, not read") {
    Scene scene(Scene::Close::killed);
    const std::string whole = scene.world.contents(Scene::path(2)).value();
    const auto check_incompatible = [&](const FileHeader& header, const std::string& reason) {
        std::string other = whole;
        header.write(other.data(), "log");
        REQUIRE(scene.world.replace(Scene::path(2), other));
        const auto found = scene.recover();
        REQUIRE(found.error);
        CHECK(found.error->code == Errc::incompatible);
        CHECK(found.error->subject.find(reason) != std::string::npos);
    };
    check_incompatible({.version = 9, .number = 2, .identity = 7}, "version 9, and this program reads version 1");
    check_incompatible({.number = 2, .identity = 8}, "belongs to another store");
}

TEST_CASE("names that are no segment's are left alone") {
    Scene scene(Scene::Close::killed);
    for (const char* name : {"d/log-1", "d/log-000001.bak", "d/log-99999999999", "d/CURRENT"})
        REQUIRE(scene.world.replace(name, "mine"));
    CHECK(scene.recover().frames == 12);
}

TEST_CASE("any bytes are safe to recover from") {
    Scene scene(Scene::Close::synced_in_second);
    std::string whole[3];
    for (SegmentNumber number : {1u, 2u, 3u}) whole[number - 1] = scene.world.contents(Scene::path(number)).value();
    for (std::uint64_t round = 0; round < 600; ++round) {
        const std::uint64_t draw = mix(seed(), round);
        const auto number = static_cast<SegmentNumber>(draw % 3 + 1);
        std::string bytes = whole[number - 1];
        for (unsigned edit = 0; edit <= draw / 3 % 4; ++edit) {
            const std::uint64_t at = mix(draw, edit);
            const std::size_t place = at % (at % 5 == 0 ? bytes.size() : scene.ends[number * 4 - 1].offset);
            bytes[place] = static_cast<char>(at >> 32);
        }
        if (draw % 7 == 0) bytes.resize(mix(draw, 99) % bytes.size());
        REQUIRE(scene.world.replace(Scene::path(number), bytes));
        CAPTURE(round);
        const auto found = scene.recover();
        if (found.error)
            REQUIRE((found.error->code == Errc::corruption || found.error->code == Errc::incompatible));
        else
            REQUIRE(found.broken == "");
        REQUIRE(scene.world.replace(Scene::path(number), whole[number - 1]));
    }
}

TEST_CASE("a truncated scan recovers what is left of it") {
    Scene scene(Scene::Close::killed);
    Trial trial = scene.open();
    auto log = log::Written::Log<threads::One>::open(
        {.environment = scene.world.environment(), .directory = "d", .identity = 7}, {});
    REQUIRE(log);
    LogScan scan = (*log)->scan({}).value();
    scan.truncate(scene.ends[5]);
    CHECK(scan.bytes_cut == scene.ends[7].offset - scene.ends[5].offset + scene.ends[11].offset - 64);
    std::uint64_t frames = 0;
    REQUIRE((*log)->replay(scan, [&](const Frame&) -> Result<void> { return ++frames, Result<void>{}; }));
    CHECK(frames == 6);
    const auto sealed = (*log)->settle(scan);
    REQUIRE(sealed);
    REQUIRE(sealed->size() == 2);
    CHECK(sealed->back().end == scene.ends[5].offset);
    CHECK((*log)->next_number() == 4);
}

TEST_CASE_TEMPLATE("a log opened read-only is replayed without a change to any file", L, log::Mapped, log::Written,
                   log::Buffered) {
    Scene scene(Scene::Close::killed);
    const std::string before = scene.world.contents(Scene::path(1)).value();
    const LogContext context{
        .environment = scene.world.environment(), .directory = "d", .identity = 7, .read_only = true};
    auto log = L::template Log<threads::One>::open(context, {}).value();
    const LogScan scan = log->scan({}).value();
    std::uint64_t frames = 0;
    REQUIRE(log->replay(scan, [&](const Frame& frame) -> Result<void> {
        frame.for_each([](LogRecord& record) { record.set_older(&record); });
        return ++frames, Result<void>{};
    }));
    CHECK(frames == 12);
    CHECK(log->settle(scan).error().code == Errc::read_only);
    CHECK(log->rotate(1).error().code == Errc::read_only);
    CHECK(scene.world.contents(Scene::path(1)).value() == before);
}

TEST_CASE("the same files are read by every policy") {
    Scene scene(Scene::Close::sealed);
    const auto frames_by = [&]<class L>(L) {
        const auto copy = scene.world.kill();
        laws::LogTrial<L> trial({.environment = copy->environment(), .directory = "d", .identity = 7},
                                laws::small_segments<L>(), seed());
        CHECK(trial.recover(12, 12) == "");
    };
    frames_by(log::Mapped{});
    frames_by(log::Buffered{});
}

namespace {

// Has data in one page, and remembers what it was asked.
class Holey final : public File {
public:
    static constexpr std::uint64_t data = 512_KiB;

    Result<std::size_t> read_at(std::uint64_t, char*, std::size_t) const override { return std::size_t{0}; }
    Result<void> write_at(std::uint64_t, Bytes) override { return {}; }
    Result<void> sync() override { return {}; }
    std::uint64_t data_from(std::uint64_t offset) const noexcept override {
        asked.push_back(offset);
        return offset <= data ? data : ~std::uint64_t{0};
    }
    Result<std::uint64_t> size() const override { return std::uint64_t{0}; }
    Result<void> resize(std::uint64_t) override { return {}; }
    Result<void> reserve(std::uint64_t) override { return {}; }
    Result<std::unique_ptr<Mapping>> map(MapMode) override { return std::unique_ptr<Mapping>(); }
    Result<void> close() override { return {}; }

    mutable std::vector<std::uint64_t> asked{};
};

} // namespace

TEST_CASE("a search for frames reads behind a hole, and none of it") {
    const std::string zeros(1_MiB, '\0');
    const Holey file;
    const log::detail::FoundSegment segment{.path = "log-000001", .bytes = zeros, .file = &file};
    CHECK(log::detail::frames_anywhere(segment, 7, 1, FileHeader::bytes).bytes == 0);
    CHECK(file.asked == std::vector<std::uint64_t>{FileHeader::bytes, Holey::data + 64_KiB});
}
