// Whom a coordinator takes for dead.
#pragma once

#include <kvilt/core/node.hpp>

namespace kvilt::cluster {

// Whom routing avoids. It decides nothing else: whatever it says, no promise depends on it.
class Suspicion {
public:
    virtual bool suspects(NodeId node) const = 0;

protected:
    ~Suspicion() = default;
};

} // namespace kvilt::cluster
