// What every way to read the blocks of a table file knows of the file.
#pragma once

#include <kvilt/core/result.hpp>
#include <kvilt/table/format.hpp>
#include <kvilt/table/index.hpp>

namespace kvilt::reads {

// Whether what a cursor reads stays in the cache: not for what is read once, as a compaction does.
enum class CacheUse : std::uint8_t { fill, bypass };

} // namespace kvilt::reads

namespace kvilt::table_file {

struct FileParts {
    std::string path{};
    Footer footer{};
    IndexView index{};

    std::unexpected<Error> damaged(std::uint64_t offset, const char* why) const {
        return failure(Errc::corruption, "read table",
                       path + ": at offset " + std::to_string(offset) + ": " + why + cure);
    }
    std::unexpected<Error> damaged(const char* why) const {
        return failure(Errc::corruption, "read table", path + ": " + why + cure);
    }

    // Everything about a stored block but its body.
    Result<BlockTrailer> check_stored(std::size_t block, Bytes stored) const {
        const BlockPlace place = index.place(block);
        const BlockTrailer trailer = BlockTrailer::read(stored);
        if (const char* why = trailer.wrong(stored, footer.seed(place.offset))) return damaged(place.offset, why);
        if (trailer.count != place.count || trailer.skip != place.skip)
            return damaged(place.offset, "its index describes another block");
        if (trailer.compression != compression::Kind::none && trailer.compression != footer.compression)
            return damaged(place.offset, "its compression is not its file's");
        return trailer;
    }

    // Reads and checks the footer, and that the file is of that length and this store's.
    template <class Blocks>
    Result<void> open(const TableContext& context, const TableFile& file, compression::Kind compression,
                      Blocks& blocks) {
        path = table_path(context, file.number);
        KVILT_TRY_ASSIGN(bytes, blocks.open(context, path));
        if (bytes != file.bytes || bytes < Footer::bytes)
            return damaged("its length is not the one that the manifest says");
        KVILT_TRY_ASSIGN(end, blocks.tail(path, bytes - Footer::bytes));
        const auto read = Footer::read(end, bytes);
        if (!read) return damaged(read.error());
        footer = *read;
        return check_footer(context, file, compression);
    }

    // Then everything else but the blocks, and that it is what `file` says of it. Returns the bytes of the filter,
    // which live as long as `blocks`.
    template <class Blocks>
    Result<Bytes> load(const TableFile& file, Blocks& blocks) {
        const std::uint64_t from = footer.data_bytes / filter_alignment * filter_alignment;
        KVILT_TRY_ASSIGN(tail, blocks.tail(path, from));
        const auto part = [&](std::uint64_t offset, std::uint64_t length) {
            return tail.substr(offset - from, length);
        };
        const Bytes filter_bytes = part(footer.filter_offset(), footer.filter_bytes);
        KVILT_TRY(check_sections(part(footer.data_bytes, footer.filter_offset() - footer.data_bytes), filter_bytes,
                                 part(footer.index_offset(), footer.index_bytes),
                                 part(footer.properties_offset(), footer.properties_bytes), file));
        return filter_bytes;
    }

private:
    static constexpr const char* cure = "; restore the file from a copy";

    Result<void> check_footer(const TableContext& context, const TableFile& file, compression::Kind compression) const {
        const auto refuse = [&](std::string why) {
            return failure(Errc::incompatible, "open table", path + ": " + std::move(why));
        };
        if (footer.format_version != version)
            return refuse("is of format version " + std::to_string(footer.format_version) + ", this library reads " +
                          std::to_string(version) + ": open it with the library that wrote it");
        if (footer.identity != context.identity) return refuse("belongs to another store: open that one");
        if (footer.number != file.number) return damaged("it is another file of this store: its name was changed");
        if (footer.compression != compression::Kind::none && footer.compression != compression)
            return refuse(std::string("is packed with ") + std::string(name_of(footer.compression)) +
                          ": open the store with that compression");
        return {};
    }

    Result<void> check_sections(Bytes padding, Bytes filter, Bytes index_bytes, Bytes properties_bytes,
                                const TableFile& file) {
        if (!zeros(padding)) return damaged("padding before its filter is not zero");
        if (checksum64(filter, footer.seed(footer.filter_offset())) != footer.filter_checksum)
            return damaged(footer.filter_offset(), "the checksum of its filter does not match");
        if (checksum64(index_bytes, footer.seed(footer.index_offset())) != footer.index_checksum)
            return damaged(footer.index_offset(), "the checksum of its index does not match");
        if (checksum64(properties_bytes, footer.seed(footer.properties_offset())) != footer.properties_checksum)
            return damaged(footer.properties_offset(), "the checksum of its properties does not match");
        if (const char* why = index.open(index_bytes, footer.data_bytes, footer.compression != compression::Kind::none))
            return damaged(footer.index_offset(), why);
        const auto properties = Properties::decode(properties_bytes);
        if (!properties) return damaged(footer.properties_offset(), "its properties are malformed");
        TableFile stored = properties->table_file(file.number, file.bytes);
        stored.level = file.level;
        stored.run = file.run;
        return stored == file ? Result<void>() : damaged("its contents are not what the manifest says");
    }
};

} // namespace kvilt::table_file
