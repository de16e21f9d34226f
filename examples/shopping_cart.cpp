// A cart that loses no item: vector clocks keep what was put concurrently, and the shop's own merge makes one cart of
// it.
#include <kvilt/kvilt.hpp>

#include "expect.hpp"
#include <set>
#include <sstream>

using namespace kvilt;

namespace {

using Items = std::set<std::string>;

Items read(Bytes cart) {
    std::istringstream words{std::string(cart)};
    Items items;
    for (std::string item; words >> item;) items.insert(item);
    return items;
}
std::string write(const Items& items) {
    std::string cart;
    for (const std::string& item : items) cart += item + " ";
    return cart;
}

// Commutative, associative and idempotent, as laws::check_merge tries.
struct Union {
    static std::string merge(std::span<const Bytes> siblings) {
        Items all;
        for (const Bytes sibling : siblings) all.merge(read(sibling));
        return write(all);
    }
};

using Carts = assemble<partition::Ring<>, replication::Quorum<3, 2, 2, Mode::sloppy>, conflict::VectorClock<Union>>;

template <class Side>
void add(Side side, const std::string& item) {
    const auto cart = side.fetch("ann").value();
    Items items = cart.values.empty() ? Items{} : read(cart.values.front());
    items.insert(item);
    (void)side.put("ann", write(items), {.context = cart.context}).value();
}

} // namespace

int main() {
    Carts carts{{.partition = {.nodes = 5}}};
    add(carts.via(NodeId{0}), "eggs");
    for (const std::uint32_t left : {0u, 1u})
        for (const std::uint32_t right : {2u, 3u, 4u}) {
            carts.cluster().cut(NodeId{left}, NodeId{right});
            carts.cluster().cut(NodeId{right}, NodeId{left});
        }
    add(carts.via(NodeId{0}), "milk"); // on one side of the cut
    add(carts.via(NodeId{4}), "jam");  // on the other
    carts.cluster().mend_all();
    carts.cluster().repair().value();
    expect(read(*carts.get("ann").value()) == Items{"eggs", "jam", "milk"}, "nothing is lost: the carts are merged");
    expect(carts.cluster().differences().value() == 0, "all copies are equal");
    add(carts.via(NodeId{2}), "tea");
    expect(read(*carts.get("ann").value()) == Items{"eggs", "jam", "milk", "tea"},
           "and the next item goes into one cart");
}
