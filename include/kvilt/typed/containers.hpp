// Sequences, sets and maps of codable elements, standard or of the same form.
#pragma once

#include <kvilt/typed/value_parts.hpp>

namespace kvilt::typed {

template <class T>
concept Container = std::default_initializable<T> && !BytesLike<T> && requires(T& container) {
    typename T::value_type;
    { container.size() } -> std::convertible_to<std::size_t>;
    container.begin();
    container.clear();
};

template <class T>
concept Sequence = Container<T> && PartOfValue<typename T::value_type> &&
                   requires(T& container, typename T::value_type element) { container.push_back(std::move(element)); };

// insert says whether the key was new: a double in stored bytes is damage.
template <class T>
concept Set = Container<T> && std::same_as<typename T::key_type, typename T::value_type> &&
              PartOfValue<typename T::key_type> && requires(T& container, typename T::key_type key) {
                  { container.insert(std::move(key)).second } -> std::convertible_to<bool>;
              };

template <class T>
concept Map = Container<T> && PartOfValue<typename T::key_type> && PartOfValue<typename T::mapped_type> &&
              requires(T& container, typename T::key_type key, typename T::mapped_type mapped) {
                  { container.emplace(std::move(key), std::move(mapped)).second } -> std::convertible_to<bool>;
              };

// Reads a count that the bytes left can hold, so that no damage asks for more memory than it brings bytes.
template <std::size_t element_bytes_min>
std::optional<std::size_t> read_count(ValueReader& from) {
    static_assert(element_bytes_min > 0, "kvilt: the elements of a container must take at least a byte each.");
    const std::uint64_t count = from.varint();
    if (!from.ok() || count > from.rest().size() / element_bytes_min) return std::nullopt;
    return static_cast<std::size_t>(count);
}

template <Sequence T>
struct ValuePart<T> {
    using Element = typename T::value_type;
    static constexpr std::size_t bytes_min = 1;
    static constexpr void shape(auto& to) {
        to += "sequence(";
        Part<Element>::shape(to);
        to += ')';
    }

    // One copy where the elements lie in memory as they do in the value.
    static constexpr bool flat = requires(T& value) {
        value.resize(value.size());
        value.data();
    } && Scalar<Element> && !is_bool<Element> && !UserValue<Element>;

    static void append(std::string& to, const T& value) {
        coding::append_varint(to, value.size());
        if constexpr (flat) {
            to.append(reinterpret_cast<const char*>(value.data()), value.size() * sizeof(Element));
        } else {
            for (const auto& element : value) Part<Element>::append(to, element);
        }
    }
    static bool read(ValueReader& from, T& value) {
        value.clear();
        const auto count = read_count<Part<Element>::bytes_min>(from);
        if (!count) return false;
        if constexpr (flat) {
            value.resize(*count);
            const Bytes bytes = from.bytes(*count * sizeof(Element));
            if (*count > 0) std::memcpy(value.data(), bytes.data(), bytes.size());
        } else {
            for (std::size_t i = 0; i < *count; ++i) {
                Element element{};
                if (!Part<Element>::read(from, element)) return false;
                value.push_back(std::move(element));
            }
        }
        return true;
    }
};

template <Set T>
struct ValuePart<T> {
    using Key = typename T::key_type;
    static constexpr std::size_t bytes_min = 1;
    static constexpr void shape(auto& to) {
        to += "set(";
        Part<Key>::shape(to);
        to += ')';
    }
    static void append(std::string& to, const T& value) {
        coding::append_varint(to, value.size());
        for (const Key& key : value) Part<Key>::append(to, key);
    }
    static bool read(ValueReader& from, T& value) {
        value.clear();
        const auto count = read_count<Part<Key>::bytes_min>(from);
        if (!count) return false;
        for (std::size_t i = 0; i < *count; ++i) {
            Key key{};
            if (!Part<Key>::read(from, key) || !value.insert(std::move(key)).second) return false;
        }
        return true;
    }
};

template <Map T>
struct ValuePart<T> {
    using Key = typename T::key_type;
    using Mapped = typename T::mapped_type;
    static constexpr std::size_t bytes_min = 1;
    static constexpr void shape(auto& to) {
        to += "map(";
        Part<Key>::shape(to);
        to += ' ';
        Part<Mapped>::shape(to);
        to += ')';
    }
    static void append(std::string& to, const T& value) {
        coding::append_varint(to, value.size());
        for (const auto& [key, mapped] : value) {
            Part<Key>::append(to, key);
            Part<Mapped>::append(to, mapped);
        }
    }
    static bool read(ValueReader& from, T& value) {
        value.clear();
        const auto count = read_count<Part<Key>::bytes_min + Part<Mapped>::bytes_min>(from);
        if (!count) return false;
        for (std::size_t i = 0; i < *count; ++i) {
            Key key{};
            Mapped mapped{};
            if (!Part<Key>::read(from, key) || !Part<Mapped>::read(from, mapped)) return false;
            if (!value.emplace(std::move(key), std::move(mapped)).second) return false;
        }
        return true;
    }
};

} // namespace kvilt::typed
