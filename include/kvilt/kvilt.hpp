// Everything but the optional components: include <kvilt/table/compression_lz4.hpp> or compression_zstd.hpp for those.
#pragma once

#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/memtable/skip_list.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/jump.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/partition/redis_slots.hpp>
#include <kvilt/partition/rendezvous.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/partition/scatter_gather.hpp>
#include <kvilt/partition/slots.hpp>
#include <kvilt/presets.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_none.hpp>
#include <kvilt/table/lsm.hpp>
#include <kvilt/table/reads_cached.hpp>
#include <kvilt/typed/key_codec.hpp>
#include <kvilt/typed/value_codec.hpp>
#include <kvilt/version.hpp>
