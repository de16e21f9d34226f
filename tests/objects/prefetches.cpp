// Compiled to an object file whose instructions are looked at: see prefetches.cmake. What is to be fetched ahead is.
#include <kvilt/memtable/art.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_locator.hpp>
#include <kvilt/table/reads_mapped.hpp>

using namespace kvilt;

extern "C" {
void fetch_record(const LogRecord* record) { LogRecord::prefetch(record); }
void fetch_of_locator(const filter::Locator::View& filter, std::uint64_t hash) { filter.prefetch(hash); }
void fetch_of_bloom(const filter::Bloom<10>::View& filter, std::uint64_t hash) { filter.prefetch(hash); }
void fetch_entry(const table_file::MappedBlocks& blocks, const table_file::FileParts& parts, std::uint64_t address) {
    blocks.prefetch(parts, address);
}
void fetch_heads(const table_file::MappedBlocks& blocks, const table_file::FileParts& parts, std::size_t block) {
    blocks.prefetch_heads(parts, block);
}
void fetch_entries(const table_file::BlockView& block, std::size_t ordinal) { block.prefetch(ordinal); }
void fetch_art_node(const memtable::detail::ArtNode<threads::Many>* node) {
    memtable::detail::ArtNode<threads::Many>::prefetch(node);
}
}
