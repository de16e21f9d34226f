#include <kvilt/core/pages.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

using namespace kvilt;

TEST_CASE("pages are zero and aligned, whether they are the allocator's or the kernel's, and had been used before") {
    for (int round = 0; round < 3; ++round) {
        std::vector<Pages> all; // at once, so that blocks of the allocator begin anywhere
        for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, std::size_t{5000}, std::size_t{64_KiB},
                                        std::size_t{128_KiB - 4096}, std::size_t{128_KiB}, std::size_t{3_MiB}}) {
            const Pages& pages = all.emplace_back(bytes);
            CHECK(pages.bytes() >= bytes);
            CHECK(pages.bytes() % 4096 == 0);
            CHECK(reinterpret_cast<std::uintptr_t>(pages.data()) % 128 == 0);
            CHECK(std::all_of(pages.data(), pages.data() + pages.bytes(), [](char byte) { return byte == 0; }));
        }
        for (const Pages& pages : all) std::memset(pages.data(), 'x', pages.bytes());
    }
}

TEST_CASE("pages change hands with their bytes, and no pages are none") {
    for (const std::size_t bytes : {std::size_t{4_KiB}, std::size_t{1_MiB}}) {
        Pages first(bytes);
        *first.data() = 'a';
        Pages second(std::move(first));
        CHECK(*second.data() == 'a');
        Pages third(2 * bytes);
        third = std::move(second);
        CHECK(*third.data() == 'a');
        CHECK(third.bytes() == bytes);
        third = Pages(bytes); // whose memory is not that of the pages that end here
        CHECK(Pages(bytes).data() != third.data());
        third = Pages{};
        CHECK(third.data() == nullptr);
        CHECK(third.bytes() == 0);
    }
    CHECK(Pages(0).data() == nullptr);
}
