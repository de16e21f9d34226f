// Blocks of a table file read by calls, through a cache.
#pragma once

#include <kvilt/table/block_cache.hpp>
#include <kvilt/table/file_parts.hpp>

#include <memory>

namespace kvilt::table_file {

// A block is checked whenever it is read from the file. Thread-safe after prepare() under threads::Many.
template <class Compression, class Threads>
class CachedBlocks {
public:
    using Cache = BlockCache<Threads>;
    using Pin = typename Cache::Pin;
    static constexpr bool records_stay = false; // only the block under a pin
    static constexpr bool checked_once = false;

    explicit CachedBlocks(std::shared_ptr<Cache> cache) noexcept : cache_(std::move(cache)) {}

    Result<std::uint64_t> open(const TableContext& context, const std::string& path) {
        KVILT_TRY_ASSIGN(file, context.environment.files->open(path, OpenMode::read));
        file_ = std::move(file);
        KVILT_TRY_ASSIGN(bytes, file_->size());
        file_bytes_ = bytes;
        return bytes;
    }

    // What stands from `offset` to the end of the file; lives until the next call, or as long as this.
    Result<Bytes> tail(const std::string& path, std::uint64_t offset) {
        const auto bytes = static_cast<std::size_t>(file_bytes_ - offset);
        tail_.reset(static_cast<char*>(::operator new(bytes, std::align_val_t{filter_alignment})));
        KVILT_TRY(read(path, offset, tail_.get(), bytes));
        return Bytes(tail_.get(), bytes);
    }

    Result<void> prepare(const FileParts&) { return {}; }

    Result<BlockView> block(const FileParts& parts, std::size_t block, Pin& pin,
                            reads::CacheUse use = reads::CacheUse::fill) const {
        const typename Cache::Key key{parts.footer.number, block};
        if (Pin cached = cache_->find(key)) {
            pin = std::move(cached);
            return pin.view();
        }
        KVILT_TRY_ASSIGN(view, verify(parts, block, pin));
        if (use == reads::CacheUse::bypass) return view;
        pin = cache_->insert(key, std::move(pin), view);
        return pin.view();
    }

    void prefetch(const FileParts&, std::uint64_t) const noexcept {}
    void prefetch_heads(const FileParts&, std::size_t) const noexcept {}
    void read_ahead(const FileParts&, std::size_t, std::size_t) const noexcept {} // the kernel sees by itself who walks

    // The entry at an address that a filter gave.
    Result<void> entry(const FileParts& parts, std::uint64_t address, Record& record, Pin& pin) const {
        const std::size_t number = parts.index.block_at(address);
        const std::uint64_t offset = address - parts.index.address(number);
        KVILT_TRY_ASSIGN(view, block(parts, number, pin));
        const auto entries = static_cast<std::uint64_t>(view.entries_end() - view.entry_at(0));
        if (offset >= entries || entry::read(view.entry_at(offset), view.entries_end(), record) == nullptr)
            return parts.damaged(parts.index.place(number).offset, "its filter points at no entry");
        return {};
    }

    // Reads the block from the file, past the cache.
    Result<BlockView> verify(const FileParts& parts, std::size_t block, Pin& pin) const {
        const std::uint64_t offset = parts.index.place(block).offset;
        const auto bytes = static_cast<std::size_t>(parts.index.end(block) - offset);
        char* data = nullptr;
        pin = Cache::allocate(bytes, data);
        KVILT_TRY(read(parts.path, offset, data, bytes));
        KVILT_TRY_ASSIGN(trailer, parts.check_stored(block, {data, bytes}));
        if (trailer.compression != compression::Kind::none) {
            char* body = nullptr;
            Pin unpacked = Cache::allocate(trailer.body_bytes, body);
            if (!Compression::decompress({data, trailer.payload_bytes}, body, trailer.body_bytes))
                return parts.damaged(offset, "it does not unpack");
            pin = std::move(unpacked);
            data = body;
        }
        const BlockView view({data, trailer.body_bytes}, trailer.count, trailer.skip);
        if (const char* why = view.malformed()) return parts.damaged(offset, why);
        return view;
    }

private:
    struct Free {
        void operator()(char* bytes) const noexcept { ::operator delete(bytes, std::align_val_t{filter_alignment}); }
    };

    Result<void> read(const std::string& path, std::uint64_t offset, char* to, std::size_t bytes) const {
        KVILT_TRY_ASSIGN(got, file_->read_at(offset, to, bytes));
        if (got != bytes) return failure(Errc::corruption, "read table", path + ": was cut short while it was open");
        return {};
    }

    std::shared_ptr<Cache> cache_;
    std::unique_ptr<File> file_;
    std::uint64_t file_bytes_ = 0;
    std::unique_ptr<char, Free> tail_;
};

} // namespace kvilt::table_file
