"""XXH3-64 with a seed, from its specification (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""

M32, M64 = (1 << 32) - 1, (1 << 64) - 1
P32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
P64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
MX1, MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)


def u32(b, at):
    return int.from_bytes(b[at : at + 4], "little")


def u64(b, at):
    return int.from_bytes(b[at : at + 8], "little")


def rotl(x, n):
    return (x << n | x >> (64 - n)) & M64


def swap(x, width):
    return int.from_bytes(x.to_bytes(width, "little"), "big")


def fold(a, b):
    product = a * b
    return (product ^ product >> 64) & M64


def avalanche(h):
    h = (h ^ h >> 37) * MX1 & M64
    return h ^ h >> 32


def avalanche_64(h):
    h = (h ^ h >> 33) * P64[1] & M64
    h = (h ^ h >> 29) * P64[2] & M64
    return h ^ h >> 32


def mix_16(b, at, s, seed):
    return fold(u64(b, at) ^ (u64(SECRET, s) + seed & M64), u64(b, at + 8) ^ (u64(SECRET, s + 8) - seed & M64))


def up_to_16(b, n, seed):
    if n == 0:
        return avalanche_64(seed ^ u64(SECRET, 56) ^ u64(SECRET, 64))
    if n <= 3:
        word = b[0] << 16 | b[n >> 1] << 24 | b[n - 1] | n << 8
        return avalanche_64(word ^ ((u32(SECRET, 0) ^ u32(SECRET, 4)) + seed & M64))
    if n <= 8:
        seed ^= swap(seed & M32, 4) << 32
        h = u32(b, n - 4) + (u32(b, 0) << 32) ^ ((u64(SECRET, 8) ^ u64(SECRET, 16)) - seed & M64)
        h = (h ^ rotl(h, 49) ^ rotl(h, 24)) * MX2 & M64
        h = (h ^ (h >> 35) + n) * MX2 & M64
        return h ^ h >> 28
    low = u64(b, 0) ^ ((u64(SECRET, 24) ^ u64(SECRET, 32)) + seed & M64)
    high = u64(b, n - 8) ^ ((u64(SECRET, 40) ^ u64(SECRET, 48)) - seed & M64)
    return avalanche(n + swap(low, 8) + high + fold(low, high) & M64)


def up_to_240(b, n, seed):
    acc = n * P64[0]
    if n <= 128:
        for i in range((n - 1) // 32 + 1):
            acc += mix_16(b, 16 * i, 32 * i, seed) + mix_16(b, n - 16 * (i + 1), 32 * i + 16, seed)
        return avalanche(acc & M64)
    acc = avalanche(acc + sum(mix_16(b, 16 * i, 16 * i, seed) for i in range(8)) & M64)
    acc += sum(mix_16(b, 16 * i, 16 * (i - 8) + 3, seed) for i in range(8, n // 16))
    return avalanche(acc + mix_16(b, n - 16, 119, seed) & M64)


def long(b, n, seed):
    words = (u64(SECRET, 8 * i) + (-seed if i % 2 else seed) & M64 for i in range(24))
    secret = b"".join(word.to_bytes(8, "little") for word in words)
    acc = [P32[2], P64[0], P64[1], P64[2], P64[3], P32[1], P64[4], P32[0]]

    def stripe(at, s):
        for i in range(8):
            value = u64(b, at + 8 * i)
            key = value ^ u64(secret, s + 8 * i)
            acc[i ^ 1] = acc[i ^ 1] + value & M64
            acc[i] = acc[i] + (key & M32) * (key >> 32) & M64

    for number in range((n - 1) // 64):
        stripe(64 * number, number % 16 * 8)
        if number % 16 == 15:
            for i in range(8):
                acc[i] = (acc[i] ^ acc[i] >> 47 ^ u64(secret, 128 + 8 * i)) * P32[0] & M64
    stripe(n - 64, 121)
    sums = (fold(acc[2 * i] ^ u64(secret, 11 + 16 * i), acc[2 * i + 1] ^ u64(secret, 19 + 16 * i)) for i in range(4))
    return avalanche(n * P64[0] + sum(sums) & M64)


def xxh3(b, seed=0):
    n = len(b)
    return up_to_16(b, n, seed) if n <= 16 else up_to_240(b, n, seed) if n <= 240 else long(b, n, seed)
