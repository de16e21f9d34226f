// What the machine can do at all, measured in the same minutes as the engines: no store is faster than these.
#pragma once

#include <string>

namespace bench {

// Medians. Memory is asked to be of huge pages, so that a load is a miss of caches and not of address translation.
struct Limits {
    double memory_load_ns = 0;        // dependent loads over a random cycle of 512 MiB
    double copy_bytes_per_s = 0;      // memcpy from memory to memory
    double checksum_bytes_per_s = 0;  // XXH3 of what is in memory
    double checksum_132_bytes_ns = 0; // XXH3 of a record that is in cache
    double append_fresh_ns = 0;       // 132 bytes copied into a mapped file that was reserved and never touched
    double append_recycled_ns = 0;    // the same into one whose pages are there
    double touch_page_ns = 0;         // of a mapped file, in memory and in the page table, touched for the first time
    double write_132_bytes_ns = 0;    // write(2) at a file's end
    double write_64_kib_ns = 0;
    double pread_4_kib_ns = 0;    // at random, from the page cache
    double sync_132_bytes_ns = 0; // pwrite and fdatasync within a file that was written before

    // visit(name, number) for each figure.
    template <class Self, class Visitor>
    static void for_each(Self& self, Visitor visit) {
        visit("memory_load_ns", self.memory_load_ns);
        visit("copy_bytes_per_s", self.copy_bytes_per_s);
        visit("checksum_bytes_per_s", self.checksum_bytes_per_s);
        visit("checksum_132_bytes_ns", self.checksum_132_bytes_ns);
        visit("append_fresh_ns", self.append_fresh_ns);
        visit("append_recycled_ns", self.append_recycled_ns);
        visit("touch_page_ns", self.touch_page_ns);
        visit("write_132_bytes_ns", self.write_132_bytes_ns);
        visit("write_64_kib_ns", self.write_64_kib_ns);
        visit("pread_4_kib_ns", self.pread_4_kib_ns);
        visit("sync_132_bytes_ns", self.sync_132_bytes_ns);
    }
};

// Takes some seconds, 512 MiB of memory and 256 MiB of the directory's disk, which it gives back. Errors throw.
Limits measure_limits(const std::string& directory);

// A line for each.
std::string to_text(const Limits& limits);
// One object, whose names are those of the struct.
std::string to_json(const Limits& limits);

} // namespace bench
