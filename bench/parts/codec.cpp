// What turns bytes into others: compression, checksums, numbers in files, typed keys and values.
#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/table/block_builder.hpp>
#include <kvilt/typed/key_codec.hpp>
#include <kvilt/typed/value_codec.hpp>

#ifdef KVILT_BENCH_LZ4
#include <kvilt/table/compression_lz4.hpp>
#endif
#ifdef KVILT_BENCH_ZSTD
#include <kvilt/table/compression_zstd.hpp>
#endif

#include "fixture.hpp"
#include <tuple>

namespace {

using namespace bench;
using namespace kvilt;

// ---- Compression of the body of a block, whose values are half noise and half one letter.

[[maybe_unused]] std::string block_body(std::size_t block_bytes) {
    table_file::BlockBuilder builder(block_bytes);
    std::string key, value;
    const auto record = [&](std::uint64_t number) {
        key.clear(), value.clear();
        append_key(key, number, Order::sequential);
        while (value.size() < value_bytes / 2) value.push_back(static_cast<char>(mix(number, value.size())));
        value.resize(value_bytes, 'v');
        return Record{.key = key, .sequence = number, .cell = {.value = value}};
    };
    for (std::uint64_t n = 1; builder.fits(record(n)); ++n) builder.add(record(n));
    table_file::BlockTrailer trailer;
    return builder.finish(trailer);
}

template <class C>
void compress(benchmark::State& state) {
    const std::string body = block_body(size_argument(state));
    std::string packed;
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(C::compress(body, packed));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
    state.counters["packed_to"] = static_cast<double>(packed.size()) / static_cast<double>(body.size());
}

template <class C>
void decompress(benchmark::State& state) {
    const std::string body = block_body(size_argument(state));
    std::string packed, unpacked(body.size(), '\0');
    C::compress(body, packed);
    for ([[maybe_unused]] auto _ : state)
        benchmark::DoNotOptimize(C::decompress(packed, unpacked.data(), unpacked.size()));
    if (unpacked != body) state.SkipWithError("unpacks to something else");
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

#ifdef KVILT_BENCH_LZ4
BENCHMARK(compress<compression::Lz4>)->Name("codec/Lz4/compress")->Arg(4_KiB)->Arg(16_KiB);
BENCHMARK(decompress<compression::Lz4>)->Name("codec/Lz4/decompress")->Arg(4_KiB)->Arg(16_KiB);
#endif
#ifdef KVILT_BENCH_ZSTD
BENCHMARK(compress<compression::Zstd>)->Name("codec/Zstd/compress")->Arg(4_KiB)->Arg(16_KiB);
BENCHMARK(decompress<compression::Zstd>)->Name("codec/Zstd/decompress")->Arg(4_KiB)->Arg(16_KiB);
#endif

// ---- Checksums and hashes.

void checksum(benchmark::State& state) {
    const std::string bytes(size_argument(state), 'x');
    std::uint64_t seed = 0; // each sum waits for the one before, as those of a frame do
    for ([[maybe_unused]] auto _ : state) seed = checksum64(bytes, seed);
    benchmark::DoNotOptimize(seed);
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(checksum)->Name("codec/checksum64")->Arg(132)->Arg(4096);

void hash(benchmark::State& state) {
    const Keys keys(1000, Order::random);
    Round round(keys.size());
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(hash_key(keys[round.next()]));
}
BENCHMARK(hash)->Name("codec/hash_key/16");

// ---- Varints of one byte to `bytes_max`, mixed.

constexpr std::size_t varints = 1000;

std::vector<std::uint64_t> numbers_up_to(std::size_t bytes) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t n = 0; n < varints; ++n) {
        const unsigned bits = static_cast<unsigned>(7 * (1 + mix(n) % bytes));
        numbers.push_back(mix(n, 1) >> (64 - bits));
    }
    return numbers;
}

void put_varint(benchmark::State& state) {
    const std::vector<std::uint64_t> numbers = numbers_up_to(size_argument(state));
    std::string room(varints * coding::varint_bytes_max, '\0');
    while (state.KeepRunningBatch(varints)) {
        char* to = room.data();
        for (const std::uint64_t number : numbers) to = coding::put_varint(to, number);
        benchmark::DoNotOptimize(to);
        benchmark::ClobberMemory();
    }
}
BENCHMARK(put_varint)->Name("codec/varint/put")->ArgName("bytes_max")->Arg(1)->Arg(2)->Arg(5);

std::string encoded(const std::vector<std::uint64_t>& numbers) {
    std::string bytes;
    for (const std::uint64_t number : numbers) coding::append_varint(bytes, number);
    return bytes;
}

void read_varint(benchmark::State& state) {
    const std::string bytes = encoded(numbers_up_to(size_argument(state)));
    while (state.KeepRunningBatch(varints)) {
        coding::Reader from(bytes);
        while (!from.done()) benchmark::DoNotOptimize(from.varint());
    }
}
BENCHMARK(read_varint)->Name("codec/varint/read")->ArgName("bytes_max")->Arg(1)->Arg(2)->Arg(5);

// The one of entries in tables.
void take_varint(benchmark::State& state) {
    const std::string bytes = encoded(numbers_up_to(size_argument(state)));
    while (state.KeepRunningBatch(varints)) {
        const char* at = bytes.data();
        std::uint64_t number = 0;
        while (table_file::entry::take_varint(at, bytes.data() + bytes.size(), number))
            benchmark::DoNotOptimize(number);
    }
}
BENCHMARK(take_varint)->Name("codec/varint/take")->ArgName("bytes_max")->Arg(1)->Arg(2)->Arg(5);

// ---- Typed keys and values.

template <class Codec, class T>
void encode(benchmark::State& state, const T& value) {
    std::string bytes;
    for ([[maybe_unused]] auto _ : state) {
        bytes.clear();
        Codec::append(bytes, value);
        benchmark::DoNotOptimize(bytes.data());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

template <class Codec, class T>
void decode(benchmark::State& state, const T& value) {
    std::string bytes;
    Codec::append(bytes, value);
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(Codec::decode(bytes).value());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

template <template <class> class Codec, class T>
void add(const std::string& name, const T& value) {
    benchmark::RegisterBenchmark(("codec/" + name + "/encode").c_str(), encode<Codec<T>, T>, value);
    benchmark::RegisterBenchmark(("codec/" + name + "/decode").c_str(), decode<Codec<T>, T>, value);
}

[[maybe_unused]] const bool registered = [] {
    const std::string account = "account of sixteen and more";
    add<KeyCodec>("key/int64", std::int64_t{-42});
    add<KeyCodec>("key/double", 2.5);
    add<KeyCodec>("key/tuple<string,uint64>", std::tuple(account, std::uint64_t{7}));
    add<ValueCodec>("value/int64", std::int64_t{-42});
    add<ValueCodec>("value/tuple<string,int64,vector<uint32>>",
                    std::tuple(account, std::int64_t{7}, std::vector<std::uint32_t>(10, 5)));
    return true;
}();

} // namespace
