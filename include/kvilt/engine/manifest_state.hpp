// What a manifest says, and one change of it.
// docs/formats/manifest.md
#pragma once

#include <kvilt/core/frame.hpp>
#include <kvilt/log/concept.hpp>
#include <kvilt/table/concept.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::engine {

inline std::string manifest_name(std::uint32_t number) {
    std::string digits = std::to_string(number);
    return "manifest-" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

// CURRENT: the name, a space, 16 hexadecimal digits of its XXH3, a line feed.
inline std::string current_text(std::uint32_t number) {
    std::string text = manifest_name(number);
    std::uint64_t sum = checksum64(text, 0);
    text.push_back(' ');
    for (int digit = 0; digit < 16; ++digit, sum <<= 4) text.push_back("0123456789abcdef"[sum >> 60]);
    text.push_back('\n');
    return text;
}

inline std::optional<std::uint32_t> parse_current(Bytes text) {
    constexpr std::string_view head = "manifest-";
    if (!text.starts_with(head)) return std::nullopt;
    std::uint64_t number = 0;
    for (std::size_t at = head.size(); at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        number = number * 10 + static_cast<std::uint64_t>(text[at] - '0');
        if (number > 0xffff'ffff) return std::nullopt;
    }
    const auto result = static_cast<std::uint32_t>(number);
    if (text != current_text(result)) return std::nullopt;
    return result;
}

// Fields that an edit does not name stay as they are.
struct ManifestEdit {
    std::vector<std::pair<std::string, std::string>> formats{}; // slot, format
    std::optional<Sequence> sequence{};                         // at or above every sequence in the tables
    TableEdit tables{};
    std::vector<SealedSegment> sealed{};
    std::optional<SegmentNumber> unlisted_from{};
    std::vector<SegmentNumber> freed{};

    // Writes LogRecords behind `head_bytes` of space into `to`; returns their length.
    std::size_t encode(std::vector<std::uint64_t>& to, std::size_t head_bytes) const {
        std::size_t end = head_bytes;
        const auto put = [&](Bytes key, Bytes value) {
            const Record record{.key = key, .cell = {.value = value}};
            const std::size_t bytes = LogRecord::bytes_for(record);
            to.resize((end + bytes) / 8);
            LogRecord::write(reinterpret_cast<char*>(to.data()) + end, record);
            end += bytes;
        };
        to.resize(end / 8);
        for (const auto& [slot, format] : formats) put("format/" + slot, format);
        if (sequence) put("sequence", number_text(*sequence));
        for (const std::uint64_t number : tables.removed) put("table/remove", number_text(number));
        for (const TableFile& file : tables.added) put("table/add", table_text(file));
        if (unlisted_from) put("log/unlisted_from", number_text(*unlisted_from));
        for (const SealedSegment& segment : sealed)
            put("log/sealed", number_text(std::uint64_t{segment.number} << 32 | segment.end));
        for (const SegmentNumber number : freed) put("log/freed", number_text(number));
        return end - head_bytes;
    }

    static std::optional<ManifestEdit> decode(const Frame& frame) {
        ManifestEdit edit;
        bool ok = true;
        frame.for_each([&](const LogRecord& record) { ok = ok && edit.decode_field(record.key(), record.value()); });
        if (!ok) return std::nullopt;
        return edit;
    }

private:
    static std::string number_text(std::uint64_t number) {
        std::string text;
        coding::append(text, number);
        return text;
    }

    static std::string table_text(const TableFile& file) {
        std::string text;
        for (const std::uint64_t number : {file.number, std::uint64_t{file.level}, file.run, file.bytes, file.entries,
                                           file.tombstones, file.sequence_lowest, file.sequence_highest})
            coding::append_varint(text, number);
        coding::append_sized(text, file.key_first);
        coding::append_sized(text, file.key_last);
        return text;
    }

    static TableFile read_table(coding::Reader& reader) {
        TableFile file;
        file.number = reader.varint();
        file.level = static_cast<std::uint32_t>(reader.varint());
        for (std::uint64_t* field :
             {&file.run, &file.bytes, &file.entries, &file.tombstones, &file.sequence_lowest, &file.sequence_highest})
            *field = reader.varint();
        file.key_first = reader.sized_bytes();
        file.key_last = reader.sized_bytes();
        return file;
    }

    bool decode_field(Bytes key, Bytes value) {
        coding::Reader reader(value);
        if (key.starts_with("format/")) {
            formats.emplace_back(key.substr(7), value);
            return true;
        }
        if (key == "table/add")
            tables.added.push_back(read_table(reader));
        else {
            const auto number = reader.fixed<std::uint64_t>();
            const auto low = static_cast<std::uint32_t>(number);
            if (key == "sequence")
                sequence = number;
            else if (key == "table/remove")
                tables.removed.push_back(number);
            else if (key == "log/unlisted_from")
                unlisted_from = low;
            else if (key == "log/sealed")
                sealed.push_back({static_cast<SegmentNumber>(number >> 32), low});
            else if (key == "log/freed")
                freed.push_back(low);
            else
                return false;
        }
        return reader.done();
    }
};

struct ManifestState {
    std::uint64_t identity = 0;
    std::vector<std::pair<std::string, std::string>> formats{};
    Sequence sequence = 0;
    std::vector<TableFile> tables{};
    LogState log{};

    void apply(const ManifestEdit& edit) {
        if (!edit.formats.empty()) formats = edit.formats;
        if (edit.sequence) sequence = std::max(sequence, *edit.sequence);
        for (const std::uint64_t number : edit.tables.removed)
            std::erase_if(tables, [&](const TableFile& file) { return file.number == number; });
        tables.insert(tables.end(), edit.tables.added.begin(), edit.tables.added.end());
        if (edit.unlisted_from) log = LogState{.unlisted_from = *edit.unlisted_from};
        log.sealed.insert(log.sealed.end(), edit.sealed.begin(), edit.sealed.end());
        for (const SegmentNumber number : edit.freed) {
            const auto gone = [&](const SealedSegment& segment) { return segment.number == number; };
            if (std::erase_if(log.sealed, gone) == 0)
                log.freed.insert(std::lower_bound(log.freed.begin(), log.freed.end(), number), number);
        }
        forget_oldest_freed();
    }

    ManifestEdit as_edit() const {
        return {.formats = formats,
                .sequence = sequence,
                .tables = {.added = tables, .removed = {}},
                .sealed = log.sealed,
                .unlisted_from = log.unlisted_from,
                .freed = log.freed};
    }

private:
    // What lies below `unlisted_from` need not be remembered. Segments are freed in order, or nearly so.
    void forget_oldest_freed() {
        auto kept = log.freed.begin();
        for (; kept != log.freed.end() && *kept == log.unlisted_from; ++kept) ++log.unlisted_from;
        log.freed.erase(log.freed.begin(), kept);
    }
};

} // namespace kvilt::engine
