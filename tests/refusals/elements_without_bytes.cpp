// expect: kvilt: the elements of a container must take at least a byte each.
#include <kvilt/typed/value_codec.hpp>

#include <vector>

auto refused() { return kvilt::ValueCodec<std::vector<std::monostate>>::decode(""); }
