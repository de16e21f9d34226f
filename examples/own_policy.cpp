// A partition policy of one's own: a tenant's keys, "tenant/...", stay together in one shard. The law suite accepts it,
// the store takes it.
#include <kvilt/laws/partition.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>

#include "expect.hpp"

using namespace kvilt;

struct ByTenant {
    struct Options {
        std::size_t shards = 4;
    };

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "ByTenant";
    static constexpr std::string_view format = "by_tenant"; // opening a store by another one is refused
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        if (options.shards >= 1) return {};
        return failure(Errc::invalid_option, "ByTenant", "shards is 0: give at least 1");
    }

    class Map {
    public:
        static constexpr bool ordered = false; // so a store of several shards has no scan

        explicit Map(const Options& options, std::size_t copies = 1)
            : shards_(options.shards), nodes_(std::max(options.shards, copies)) {}

        ShardId shard_of(Bytes key) const {
            return static_cast<ShardId>(hash_key(key.substr(0, key.find('/'))) % shards_);
        }
        std::size_t shards() const { return shards_; }
        const NodeList& nodes() const { return nodes_; }
        NodeId owner(ShardId shard) const { return {shard}; }
        void prefer(ShardId shard, std::vector<NodeId>& order) const { // its copies go to the next nodes
            order.clear();
            const auto count = static_cast<std::uint32_t>(nodes_.size());
            for (std::uint32_t n = 0; n < count; ++n) order.push_back({(shard + n) % count});
        }
        Epoch epoch() const { return 1; }
        std::string layout() const { return "by_tenant/" + std::to_string(shards_); } // opening another is refused

    private:
        std::size_t shards_;
        NodeList nodes_;
    };
};

static_assert(PartitionPolicy<ByTenant>); // the shape; the laws are for run time

int main() {
    std::string broken;
    for (std::uint64_t seed = 1; seed <= 20 && broken.empty(); ++seed)
        broken = laws::check_partition<ByTenant>({.shards = 7}, seed, {"ann", "ann/", "ann/1", "/"});
    expect(broken.empty(), broken.empty() ? "the laws of the slot hold" : broken.c_str());

    const ByTenant::Map map({.shards = 7});
    expect(map.shard_of("ann/inbox/1") == map.shard_of("ann/drafts/9"), "a tenant stays together");

    using Mailboxes = Store<memtable::Hash<threads::Many>, log::None, table::None, ByTenant>;
    Mailboxes mailboxes{{.partition = {.shards = 7}}};
    Batch mail; // one tenant, so one shard and one lock, however many keys
    mail.put("ann/inbox/1", "hello");
    mail.put("ann/unread", "1");
    mailboxes.apply(mail).value();
    expect(mailboxes.get("ann/inbox/1").value() == "hello" && mailboxes.stats().shards == 7, "the store takes it");
    static_assert(!Mailboxes::has<Capability::ordered_placement>); // what it cannot do, it has no member for
}
