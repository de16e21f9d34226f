// The least program that needs kvilt's headers, its dependencies and, if asked for, a component's library.
#include <kvilt/core/batch.hpp>
#include <kvilt/core/checksum.hpp>
#include <kvilt/version.hpp>

#include <boost/hana/version.hpp>

#ifdef WITH_LZ4
#include <lz4.h>
#endif

#if __cplusplus <= 202002L
#error kvilt::kvilt must ask for C++23
#endif

int main() {
    kvilt::Batch batch;
    batch.put("key", "value");
#ifdef WITH_LZ4
    if (LZ4_compressBound(100) < 100) return 1;
#endif
    return batch.count() == 1 && kvilt::hash_key("key") != 0 && KVILT_VERSION_MAJOR == 0 ? 0 : 1;
}
