// What a store with mapped tables reads from the device, where its data are not in memory.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include "../env/temporary_directory.hpp"
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

using namespace kvilt;

namespace {

using Tree = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;

// The one table of a store that lies in the page cache or does not.
class TableFileOnDisk {
public:
    explicit TableFileOnDisk(const std::string& directory) {
        for (const auto& entry : std::filesystem::directory_iterator(directory))
            if (entry.path().filename().string().starts_with("table-")) path_ = entry.path();
        file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
        REQUIRE(file_ >= 0);
        bytes_ = std::filesystem::file_size(path_);
        data_ = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, file_, 0);
        REQUIRE(data_ != MAP_FAILED);
    }
    TableFileOnDisk(const TableFileOnDisk&) = delete;
    TableFileOnDisk& operator=(const TableFileOnDisk&) = delete;
    ~TableFileOnDisk() {
        ::munmap(data_, bytes_);
        ::close(file_);
    }

    void leave_memory() const { REQUIRE(::posix_fadvise(file_, 0, 0, POSIX_FADV_DONTNEED) == 0); }

    std::size_t pages_in_memory() const {
        std::vector<unsigned char> pages(bytes_ / 4096 + 1);
        REQUIRE(::mincore(data_, bytes_, pages.data()) == 0);
        std::size_t count = 0;
        for (const unsigned char page : pages) count += page & 1;
        return count;
    }

private:
    std::string path_;
    int file_ = -1;
    std::size_t bytes_ = 0;
    void* data_ = nullptr;
};

std::string key_of(int number) {
    std::string key = std::to_string(number);
    return key.insert(0, 8 - key.size(), '0');
}

} // namespace

TEST_CASE("a look-up reads a block from the device, and a walk reads ahead of itself") {
    constexpr int keys = 40'000;
    const TemporaryDirectory directory;
    {
        Tree store = Tree::open(directory.path()).value();
        for (int number = 0; number < keys; ++number) store.put(key_of(number), std::string(100, 'v')).value();
        store.flush().value();
        store.close().value();
    }
    const TableFileOnDisk table(directory.path());
    table.leave_memory();
    if (table.pages_in_memory() != 0) {
        MESSAGE("this file system keeps all its pages in memory: nothing is tested");
        return;
    }
    Tree store = Tree::open(directory.path()).value();
    REQUIRE(store.get(key_of(1)).value().has_value()); // what there is beside blocks is in memory now
    const std::size_t before = table.pages_in_memory();
    constexpr int looks = 20;
    for (int look = 0; look < looks; ++look)
        REQUIRE(store.get(key_of(keys / 2 + look * (keys / 2 / looks))).value().has_value());
    const std::size_t looked_up = table.pages_in_memory() - before;
    CHECK(looked_up >= looks);
    CHECK(looked_up <= looks * 5 / 2); // a block has two pages, and nobody wants the ones that share them

    int steps = 0;
    constexpr int walked = 1'500; // some 46 pages
    store.scan(from(key_of(keys / 4)), [&](Bytes, Bytes) { return ++steps == walked ? Visit::stop : Visit::more; })
        .value();
    std::size_t walk = 0;
    for (int patience = 0; patience < 200 && walk < 80; ++patience) {
        walk = table.pages_in_memory() - before - looked_up;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(walk >= 80);
    CHECK(walk <= 200);
}
