// The manifest: which tables and log segments make up the store. A file of frames like the log, whose records are
// edits: the key names the field, the value holds it. Every frame is synced before the next is written.
// docs/formats/manifest.md
#pragma once

#include <kvilt/core/frame.hpp>
#include <kvilt/engine/manifest_state.hpp>
#include <kvilt/env/environment.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kvilt::engine {

// One writer at a time. After a failed append or sync nothing more is written: what the edit freed must not be freed.
class Manifest {
public:
    static constexpr std::string_view current_name = "CURRENT";
    static constexpr std::uint32_t version = 1;
    static constexpr std::uint64_t rewrite_bytes = 4 << 20; // a longer manifest is begun anew

    // Reads what CURRENT names. Errc::not_found where there is no store; incompatible for a later format version;
    // corruption for a CURRENT that is missing or wrong beside other files of a store.
    static Result<Manifest> read(const Environment& environment, const std::string& directory) {
        Manifest manifest(environment, directory);
        KVILT_TRY_ASSIGN(number, manifest.read_current());
        manifest.number_ = number;
        KVILT_TRY(manifest.read_frames());
        return manifest;
    }

    // Begins a store where none is, with a new identity unless `state` brings that of the store it is a copy of.
    static Result<Manifest> create(const Environment& environment, const std::string& directory, ManifestState state) {
        Manifest manifest(environment, directory);
        if (state.identity == 0) state.identity = environment.random->next() | 1;
        KVILT_TRY(manifest.rewrite(std::move(state)));
        return manifest;
    }

    const ManifestState& state() const noexcept { return state_; }
    std::uint64_t identity() const noexcept { return state_.identity; }

    std::uint64_t bytes() const noexcept { return offset_; }

    // Durable when it returns. After an error the state is as before; whether the edit is on disk is not known, so what
    // it frees must stay.
    Result<void> append(const ManifestEdit& edit) {
        if (broken_) return failure(Errc::read_only, "append to manifest", path() + " failed before; reopen the store");
        ManifestState next = state_;
        next.apply(edit);
        if (offset_ >= rewrite_bytes) return rewrite(std::move(next));
        broken_ = true; // and stays so after an error or an exception
        KVILT_TRY(write_frame(edit, state_.identity));
        state_ = std::move(next);
        broken_ = false;
        return {};
    }

    // Writes a fresh manifest with the whole state, syncs it and its name, points CURRENT at it, removes the old one.
    Result<void> rewrite(ManifestState state) {
        if (abandoned_)
            return failure(Errc::read_only, "rewrite manifest", path() + " is ahead of the memory; reopen the store");
        const std::uint32_t old = number_;
        broken_ = true;
        KVILT_TRY(switch_to(old + 1, state));
        state_ = std::move(state);
        broken_ = false;
        if (old != 0) (void)files_->remove(path_of(old)); // a leftover is harmless: CURRENT decides
        return {};
    }

    // An edit is on disk that could not be carried out in memory: nothing may be written from memory any more.
    void abandon() noexcept { broken_ = abandoned_ = true; }

private:
    Manifest(const Environment& environment, std::string directory)
        : files_(environment.files), directory_(std::move(directory)) {}

    std::string path_of(std::uint32_t number) const { return directory_ + "/" + manifest_name(number); }
    std::string path() const { return path_of(number_); }

    Result<std::uint32_t> read_current() {
        const std::string current = directory_ + "/" + std::string(current_name);
        auto file = files_->open(current, OpenMode::read);
        if (!file && file.error().code == Errc::not_found) return missing_current();
        if (!file) return std::unexpected(file.error());
        char text[64];
        KVILT_TRY_ASSIGN(count, (*file)->read_at(0, text, sizeof text));
        const auto number = parse_current({text, count});
        if (!number) return failure(Errc::corruption, "open store", current + " does not name a manifest");
        return *number;
    }

    // A crash while a store is created leaves manifests at most; anything else means that CURRENT was lost.
    Result<std::uint32_t> missing_current() {
        auto names = files_->list(directory_);
        if (!names && names.error().code != Errc::not_found) return std::unexpected(names.error());
        if (names)
            for (const std::string& name : *names)
                if (name.starts_with("log-") || name.starts_with("table-"))
                    return failure(Errc::corruption, "open store",
                                   directory_ + "/CURRENT is missing beside " + name + "; restore it from a copy");
        return failure(Errc::not_found, "open store", directory_ + " holds no store; create one with {.create = true}");
    }

    Result<void> read_frames() {
        auto file = files_->open(path(), OpenMode::read);
        if (!file) return damaged(0, "it is named by CURRENT and cannot be opened: " + file.error().message());
        KVILT_TRY_ASSIGN(size, (*file)->size());
        std::vector<std::uint64_t> words((static_cast<std::size_t>(size) + 7) / 8);
        char* data = reinterpret_cast<char*>(words.data());
        KVILT_TRY_ASSIGN(count, (*file)->read_at(0, data, static_cast<std::size_t>(size)));
        const Bytes bytes{data, count};
        const auto header = FileHeader::read(bytes, "man");
        if (!header) return damaged(0, "its header is damaged");
        if (header->version != version)
            return failure(Errc::incompatible, "open store",
                           path() + " has format version " + std::to_string(header->version) + ", this program reads " +
                               std::to_string(version));
        if (header->number != number_) return damaged(0, "its header names another file");
        state_.identity = header->identity;
        return replay(bytes);
    }

    Result<void> replay(Bytes bytes) {
        LogPosition at{number_, FileHeader::bytes};
        bool first = true;
        while (const auto frame = frame_at(bytes, state_.identity, at)) {
            const auto edit = ManifestEdit::decode(*frame);
            if (!edit) return damaged(at.offset, "an edit is malformed");
            state_.apply(*edit);
            at.offset = static_cast<std::uint32_t>(frame->end());
            first = false;
        }
        if (first) return damaged(at.offset, "its first frame is damaged");
        offset_ = at.offset;
        // Each frame was synced before the next was written: one that follows damage proves that it is no torn tail.
        for (LogPosition probe = at; probe.offset + Frame::header_bytes <= bytes.size(); probe.offset += 8)
            if (frame_at(bytes, state_.identity, probe)) return damaged(at.offset, "a frame is damaged");
        return {};
    }

    Result<void> damaged(std::uint64_t offset, const std::string& why) const {
        return failure(Errc::corruption, "open store", path() + " at offset " + std::to_string(offset) + ": " + why);
    }

    Result<void> switch_to(std::uint32_t number, const ManifestState& state) {
        number_ = number;
        (void)files_->remove(path()); // a leftover of a crash
        KVILT_TRY_ASSIGN(file, files_->open(path(), OpenMode::create));
        file_ = std::move(file);
        char header[FileHeader::bytes];
        FileHeader{.version = version, .number = number, .identity = state.identity}.write(header, "man");
        KVILT_TRY(file_->write_at(0, {header, sizeof header}));
        offset_ = FileHeader::bytes;
        KVILT_TRY(write_frame(state.as_edit(), state.identity));
        KVILT_TRY(files_->sync_directory(directory_));
        return point_current();
    }

    Result<void> point_current() {
        const std::string temporary = directory_ + "/CURRENT.new";
        const std::string text = current_text(number_);
        (void)files_->remove(temporary);
        KVILT_TRY_ASSIGN(file, files_->open(temporary, OpenMode::create));
        KVILT_TRY(file->write_at(0, text));
        KVILT_TRY(file->sync());
        KVILT_TRY(file->close());
        KVILT_TRY(files_->rename(temporary, directory_ + "/" + std::string(current_name)));
        return files_->sync_directory(directory_);
    }

    Result<void> write_frame(const ManifestEdit& edit, std::uint64_t identity) {
        std::vector<std::uint64_t> words;
        const std::size_t length = edit.encode(words, Frame::header_bytes);
        char* at = reinterpret_cast<char*>(words.data());
        const LogPosition position{number_, static_cast<std::uint32_t>(offset_)};
        seal_frame(at, identity, position, position, FrameKind::records, length);
        KVILT_TRY(file_->write_at(offset_, {at, Frame::header_bytes + length}));
        KVILT_TRY(file_->sync());
        offset_ += Frame::header_bytes + length;
        return {};
    }

    FileSystem* files_;
    std::string directory_;
    std::uint32_t number_ = 0;
    std::unique_ptr<File> file_{};
    std::uint64_t offset_ = 0;
    bool broken_ = false;
    bool abandoned_ = false;
    ManifestState state_{};
};

} // namespace kvilt::engine
