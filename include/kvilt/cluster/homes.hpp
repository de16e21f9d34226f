// The homes of one key as an operation sees them: who was asked, who stands in, who has answered.
#pragma once

#include <kvilt/core/node.hpp>

#include <array>
#include <span>

namespace kvilt::cluster {

template <std::size_t N>
class Homes {
public:
    enum class State : std::uint8_t { idle, asked, answered, failed };

    struct Place {
        NodeId home{};
        NodeId asked = no_node; // the home itself, or who stands in for it
        State state = State::idle;
        bool alive = false; // as it was believed when the operation began
    };

    explicit Homes(std::span<const NodeId> homes) {
        for (std::size_t at = 0; at < N; ++at) places_[at].home = homes[at];
    }

    // Nobody has been asked: the next phase begins.
    void reset() noexcept {
        for (Place& place : places_) {
            place.asked = no_node;
            place.state = State::idle;
        }
    }

    std::array<Place, N>& places() noexcept { return places_; }

    // How many of them `coordinator` believes to be well.
    template <class Coordinator>
    std::size_t look(const Coordinator& coordinator) {
        std::size_t alive = 0;
        for (Place& place : places_) alive += place.alive = coordinator.alive(place.home);
        return alive;
    }

    void ask(Place& place, NodeId node) noexcept {
        place.asked = node;
        place.state = State::asked;
    }

    // The place whose answer `from` gives, if it is still waited for: an answer that comes twice counts once.
    Place* answered_by(NodeId from, bool well) noexcept {
        for (Place& place : places_) {
            if (place.asked != from || place.state != State::asked) continue;
            place.state = well ? State::answered : State::failed;
            return &place;
        }
        return nullptr;
    }

    std::size_t count(State state) const noexcept {
        std::size_t count = 0;
        for (const Place& place : places_) count += place.state == state;
        return count;
    }

    bool asks(NodeId node) const noexcept {
        for (const Place& place : places_)
            if (place.asked == node || place.home == node) return true;
        return false;
    }

private:
    std::array<Place, N> places_{};
};

} // namespace kvilt::cluster
