// The index names the right block for any key, and no bytes make it read outside itself.

#include "table_fixture.hpp"

using namespace kvilt;
using namespace kvilt::test;
using namespace kvilt::table_file;

namespace {

struct BuiltIndex {
    explicit BuiltIndex(const std::vector<std::string>& keys, bool with_addresses = false) {
        IndexBuilder builder;
        for (std::size_t i = 0; i < keys.size(); ++i) builder.add({i * 64, 1, 0}, i * 64, keys[i]);
        bytes = builder.finish(with_addresses);
        data_bytes = keys.size() * 64;
    }
    std::string bytes{};
    std::uint64_t data_bytes = 0;
};

} // namespace

TEST_CASE("an index finds the last block whose separator is below a key, or at it") {
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 60; ++round) {
        std::vector<std::string> separators{""};
        for (std::size_t more = random() % 300; more > 0; --more)
            separators.push_back(round % 3 == 0 ? "shared/" + nasty_key(random) : nasty_key(random)); // some are equal
        std::sort(separators.begin(), separators.end());
        const BuiltIndex built(separators);
        IndexView index;
        REQUIRE(index.open(built.bytes, built.data_bytes, false) == nullptr);
        for (int probe = 0; probe < 200; ++probe) {
            const std::string key = probe % 3 == 0   ? nasty_key(random)
                                    : probe % 3 == 1 ? separators[random() % separators.size()]
                                                     : "shared/" + nasty_key(random);
            const auto below = std::lower_bound(separators.begin() + 1, separators.end(), key);
            const auto not_above = std::upper_bound(separators.begin() + 1, separators.end(), key);
            REQUIRE(index.find(key, false) == static_cast<std::size_t>(below - separators.begin() - 1));
            REQUIRE(index.find(key, true) == static_cast<std::size_t>(not_above - separators.begin() - 1));
        }
        const std::uint64_t address = random() % built.data_bytes;
        CHECK(index.block_at(address) == address / 64);
    }
}

TEST_CASE("an index finds the block of an address, however unlike blocks are in size") {
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 100; ++round) {
        std::vector<std::uint64_t> begins;
        std::uint64_t end = 0;
        IndexBuilder builder;
        for (std::size_t left = 1 + random() % 200; left > 0; --left) {
            begins.push_back(end);
            builder.add({end, 1, 0}, end, begins.size() == 1 ? "" : "k" + std::to_string(100 + begins.size()));
            end += random() % 20 == 0 ? 8 * (1000 + random() % 100'000) : 64;
        }
        const std::string bytes = builder.finish(false);
        IndexView index;
        REQUIRE(index.open(bytes, end, false) == nullptr);
        for (std::size_t block = 0; block < begins.size(); ++block) {
            const std::uint64_t next = block + 1 == begins.size() ? end : begins[block + 1];
            for (const std::uint64_t address : {begins[block], (begins[block] + next) / 2, next - 1})
                REQUIRE(index.block_at(address) == block);
        }
    }
}

TEST_CASE("a changed index is refused or safe to search") {
    for (const bool with_addresses : {false, true}) {
        const std::string prefix(20, 'p');
        const BuiltIndex built({"", prefix + "a long separator", prefix + "a longer separator", prefix + "b", "q"},
                               with_addresses);
        for (std::size_t at = 0; at < built.bytes.size(); ++at)
            for (int value = 0; value < 256; value += 5) {
                // Of exact size: the sanitizer sees a step outside.
                const std::unique_ptr<char[]> copy(new char[built.bytes.size()]);
                std::copy(built.bytes.begin(), built.bytes.end(), copy.get());
                copy[at] = static_cast<char>(value);
                IndexView index;
                if (index.open({copy.get(), built.bytes.size()}, built.data_bytes, with_addresses) != nullptr) continue;
                for (const std::string& key : {std::string(), prefix, prefix + "a longer", std::string("z")})
                    REQUIRE(index.find(key, true) < index.blocks());
                REQUIRE(index.block_at(~std::uint64_t{0}) < index.blocks());
                REQUIRE(index.end(index.blocks() - 1) == built.data_bytes);
            }
    }
}

TEST_CASE("separators that end outside the index are refused") {
    const std::string prefix(20, 'p');
    BuiltIndex built({"", prefix + "12345678 and more", prefix + "12345678 and more still", prefix + "2"});
    IndexView index;
    REQUIRE(index.open(built.bytes, built.data_bytes, false) == nullptr);
    const std::size_t ends = 4 * 16;
    for (const std::uint32_t end : {std::uint32_t{0}, std::uint32_t{500}, ~std::uint32_t{0}}) {
        BuiltIndex changed = built;
        coding::store(changed.bytes.data() + ends + 8, end); // of the third
        CHECK(index.open(changed.bytes, changed.data_bytes, false) != nullptr);
    }
}
